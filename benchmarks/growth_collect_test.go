package benchmarks_test

import (
	"strconv"
	"testing"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/otelpool"
	"github.com/otelpool/pool/strategies"
)

// BenchmarkGrowthCollect is one collection by the OpenTelemetry SDK of 1 to 1,000
// pools, with rows for the pool only (classes=none) or for each of its classes.
// What of it is ours is about what reading the same pools' Stats takes (stats).
func BenchmarkGrowthCollect(b *testing.B) {
	b.Run("stats", func(b *testing.B) {
		for _, n := range []int{1, 10, 100, 1000} {
			all := usedPools(b, n, strategies.SizeClassesConfig{})
			b.Run("pools="+strconv.Itoa(n), func(b *testing.B) { readAll(b, all) })
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

// usedPools is pools of which each class was used, with names if c has a
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
	for _, p := range usedPools(b, pools, c) {
		if classes > 0 {
			options = append(options, otelpool.WithSizeClasses(p.Name()))
		}
	}
	reader := sdkmetric.NewManualReader()
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader), sdkmetric.WithCardinalityLimit(0))
	inst, err := otelpool.Start(append(options, otelpool.WithMeterProvider(provider))...)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := inst.Stop(); err != nil {
			b.Error(err)
		}
	})
	var rm metricdata.ResourceMetrics
	once := func() {
		if err := reader.Collect(b.Context(), &rm); err != nil {
			b.Fatal(err)
		}
	}
	once() // makes the series
	b.ResetTimer()
	for range b.N {
		once()
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N), "ms/collection")
}
