package bench_test

import (
	"context"
	"iter"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/otelpool"
	"github.com/otelpool/pool/strategies"
)

// BenchmarkGrowthCollect is one collection by the OpenTelemetry SDK of 1 to 1,000
// pools, with rows for the pool only (classes=none) or for each of its classes.
// The floor of classes=none is sdk: a callback that observes the same points, which
// are ready, and does nothing else. stats is reading the same pools' Stats.
func BenchmarkGrowthCollect(b *testing.B) {
	b.Run("stats", func(b *testing.B) {
		for _, n := range []int{1, 10, 100, 1000} {
			all := usedPools(b, n, strategies.SizeClassesConfig{})
			b.Run("pools="+strconv.Itoa(n), func(b *testing.B) { readAll(b, all) })
		}
	})
	b.Run("sdk", func(b *testing.B) {
		for _, n := range []int{1, 10, 100, 1000} {
			b.Run("pools="+strconv.Itoa(n), func(b *testing.B) { collectReady(b, n) })
		}
	})
	for _, classes := range []int{0, 1, 13, 63} {
		for _, pools := range []int{1, 10, 100, 1000} {
			if classes*pools > 100*63 {
				continue // series without end: nobody should export that
			}
			name := "classes=none"
			if classes > 0 {
				name = "classes=" + strconv.Itoa(classes)
			}
			b.Run(name+"/pools="+strconv.Itoa(pools), func(b *testing.B) { collection(b, classes, pools) })
		}
	}
}

// usedPools returns pools with every class used once, and with names if c has a
// registry.
func usedPools(b *testing.B, n int, c strategies.SizeClassesConfig) (all []*strategies.SizeClasses) {
	for i := range n {
		if c.Registry != nil {
			c.Name = "pool." + strconv.Itoa(i)
		}
		p := newPool(b, c)
		for _, size := range c.Classes.Sizes() {
			p.Put(p.Get(size))
		}
		all = append(all, p)
	}
	return all
}

func readAll(b *testing.B, all []*strategies.SizeClasses) {
	var s pool.Stats
	all[0].Stats(&s) // makes its room for classes
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		for _, p := range all {
			p.Stats(&s)
		}
	}
}

func collection(b *testing.B, classes, pools int) {
	measureCollect(b, exported(b, classes, pools))
}

// exported is a reader of pools, with rows for each of their classes if it is not 0.
func exported(b *testing.B, classes, pools int) sdkmetric.Reader {
	r := new(pool.Registry)
	options := []otelpool.Option{otelpool.WithRegistry(r)}
	c := strategies.SizeClassesConfig{Registry: r}
	if classes > 0 {
		sizes := make([]int, classes)
		for i := range sizes {
			sizes[i] = 256 * (i + 1)
		}
		c.Classes = strategies.Explicit(sizes...)
	}
	all := usedPools(b, pools, c)
	b.Cleanup(func() { runtime.KeepAlive(all) }) // pools that are dropped lose their gauges
	for _, p := range all {
		if classes > 0 {
			options = append(options, otelpool.WithSizeClasses(p.Name()))
		}
	}
	reader, provider := newProvider()
	inst, err := otelpool.Start(append(options, otelpool.WithMeterProvider(provider))...)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := inst.Stop(); err != nil {
			b.Error(err)
		}
	})
	return reader
}

// newProvider is the SDK as it comes, but for the limit on series.
func newProvider() (sdkmetric.Reader, *sdkmetric.MeterProvider) {
	reader := sdkmetric.NewManualReader()
	return reader, sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader), sdkmetric.WithCardinalityLimit(0))
}

// measureCollect measures collections, and reports how many points one has.
func measureCollect(b *testing.B, reader sdkmetric.Reader) {
	var rm metricdata.ResourceMetrics
	once := func() {
		if err := reader.Collect(b.Context(), &rm); err != nil {
			b.Fatal(err)
		}
	}
	once() // makes the series
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		once()
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N), "ms/collection")
	points := 0
	for range pointsOf(b, &rm) {
		points++
	}
	b.ReportMetric(float64(points), "points")
}

// pointsOf is each point of a collection of pools, with its metric.
func pointsOf(tb testing.TB, rm *metricdata.ResourceMetrics) iter.Seq2[metricdata.Metrics, metricdata.DataPoint[int64]] {
	return func(yield func(metricdata.Metrics, metricdata.DataPoint[int64]) bool) {
		for _, m := range rm.ScopeMetrics[0].Metrics {
			sum, ok := m.Data.(metricdata.Sum[int64])
			if !ok {
				tb.Fatalf("%s is a %T, not a sum of integers", m.Name, m.Data)
			}
			for _, p := range sum.DataPoints {
				if !yield(m, p) {
					return
				}
			}
		}
	}
}

// ready is a point to observe.
type ready struct {
	instrument metric.Int64Observable
	value      int64
	options    []metric.ObserveOption
}

// collectReady measures collections that observe the points of the given number of
// pools, made beforehand, in the order of the pools.
func collectReady(b *testing.B, pools int) {
	var rm metricdata.ResourceMetrics
	if err := exported(b, 0, pools).Collect(b.Context(), &rm); err != nil {
		b.Fatal(err)
	}
	reader, provider := newProvider()
	meter := provider.Meter(otelpool.ScopeName, metric.WithInstrumentationVersion(otelpool.Version))
	instruments := make(map[string]metric.Int64Observable)
	byPool := make(map[string][]ready)
	for m, p := range pointsOf(b, &rm) {
		if instruments[m.Name] == nil {
			instruments[m.Name] = sameInstrument(b, meter, m)
		}
		name, _ := p.Attributes.Value("otelpool.pool.name")
		byPool[name.AsString()] = append(byPool[name.AsString()], ready{
			instruments[m.Name], p.Value, []metric.ObserveOption{metric.WithAttributeSet(p.Attributes)},
		})
	}
	var points []ready
	for _, name := range slices.Sorted(maps.Keys(byPool)) {
		points = append(points, byPool[name]...)
	}
	var all []metric.Observable
	for _, o := range instruments {
		all = append(all, o)
	}
	_, err := meter.RegisterCallback(func(_ context.Context, out metric.Observer) error {
		for i := range points {
			out.ObserveInt64(points[i].instrument, points[i].value, points[i].options...)
		}
		return nil
	}, all...)
	if err != nil {
		b.Fatal(err)
	}
	measureCollect(b, reader)
}

// sameInstrument is one of the metric's name, kind, unit and description.
func sameInstrument(b *testing.B, meter metric.Meter, m metricdata.Metrics) (o metric.Int64Observable) {
	var err error
	unit, description := metric.WithUnit(m.Unit), metric.WithDescription(m.Description)
	if m.Data.(metricdata.Sum[int64]).IsMonotonic {
		o, err = meter.Int64ObservableCounter(m.Name, unit, description)
	} else {
		o, err = meter.Int64ObservableUpDownCounter(m.Name, unit, description)
	}
	if err != nil {
		b.Fatal(err)
	}
	return o
}
