package otelpool_test

import (
	"context"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/otelpool"
)

// fake is a Source that says what it is told to.
type fake struct {
	mu    sync.Mutex
	stats pool.Stats
}

func (f *fake) Stats(into *pool.Stats) {
	f.mu.Lock()
	defer f.mu.Unlock()
	classes := append(into.Classes[:0], f.stats.Classes...)
	*into = f.stats
	into.Classes = classes
}

func (f *fake) set(edit func(s *pool.Stats)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	edit(&f.stats)
}

// newFake is a fake that knows hits, misses and what was pooled.
func newFake() *fake {
	return &fake{stats: pool.Stats{Strategy: "fake", Knows: pool.Knowledge{
		Rows:     pool.KnowsInUse,
		Requests: pool.SetOf(pool.Hit, pool.Miss),
		Returns:  pool.SetOf(pool.Pooled),
	}}}
}

func publish(tb testing.TB, r *pool.Registry, name string, src pool.Source) *pool.Publication {
	tb.Helper()
	p, err := r.Publish(name, src, pool.Reject)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// start exports r to a reader of its own.
func start(tb testing.TB, r *pool.Registry, opts ...otelpool.Option) *metric.ManualReader {
	tb.Helper()
	return startWith(tb, r, metric.NewManualReader(), opts...)
}

func startWith(tb testing.TB, r *pool.Registry, reader *metric.ManualReader, opts ...otelpool.Option) *metric.ManualReader {
	tb.Helper()
	mp := metric.NewMeterProvider(metric.WithReader(reader))
	i, err := otelpool.Start(append([]otelpool.Option{otelpool.WithMeterProvider(mp), otelpool.WithRegistry(r)}, opts...)...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := i.Stop(); err != nil {
			tb.Error(err)
		}
	})
	return reader
}

func gather(tb testing.TB, reader *metric.ManualReader) metricdata.ResourceMetrics {
	tb.Helper()
	var rm metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &rm); err != nil {
		tb.Fatal(err)
	}
	return rm
}

// rows is what a reader got: metric name and attributes, but for the pool's
// strategy, to value.
func rows(tb testing.TB, reader *metric.ManualReader) map[string]int64 {
	tb.Helper()
	all := make(map[string]int64)
	rm := gather(tb, reader)
	for _, sm := range rm.ScopeMetrics {
		for _, m := range sm.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					all[m.Name+" "+encode(p.Attributes)] = p.Value
				}
			case metricdata.Gauge[float64]:
				for _, p := range data.DataPoints {
					all[m.Name+" "+encode(p.Attributes)] = int64(p.Value * 100)
				}
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					all[m.Name+" "+encode(p.Attributes)] = int64(p.Count)
				}
			}
		}
	}
	return all
}

func encode(set attribute.Set) string {
	rest, _ := set.Filter(func(kv attribute.KeyValue) bool { return kv.Key != "otelpool.pool.strategy" })
	return rest.Encoded(attribute.DefaultEncoder())
}

func expect(tb testing.TB, got, want map[string]int64) {
	tb.Helper()
	for k, v := range want {
		if g, ok := got[k]; !ok || g != v {
			tb.Errorf("%s = %d (exported: %t), want %d", k, g, ok, v)
		}
	}
	for k, v := range got {
		if _, ok := want[k]; !ok {
			tb.Errorf("%s = %d is exported, want no such row", k, v)
		}
	}
}
