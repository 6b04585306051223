//go:build linux || darwin || windows || freebsd

package syncpools_test

import (
	"runtime"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/otelpool"
	"github.com/otelpool/pool/strategies"
)

func newExported() *sync.Pool { return &sync.Pool{New: func() any { return new(int) }} }

// The rows need no line of their own to be exported.
func TestOtelpoolExportsWhatTheCensusFinds(t *testing.T) {
	p := newExported()
	fill(p, 50, p.New)
	r := start(t)
	reader := metric.NewManualReader()
	exports, err := otelpool.Start(
		otelpool.WithRegistry(r),
		otelpool.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(reader))),
	)
	if err != nil {
		t.Fatal(err)
	}
	defer exports.Stop()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	exported := make(map[string]int64)
	for _, m := range all.ScopeMetrics[0].Metrics {
		if sum, ok := m.Data.(metricdata.Sum[int64]); ok {
			for _, point := range sum.DataPoints {
				if name, _ := point.Attributes.Value("otelpool.pool.name"); strings.Contains(name.AsString(), "newExported") {
					exported[m.Name] = max(exported[m.Name], point.Value)
				}
			}
		}
	}
	s := find(t, r, "newExported")
	if s.Idle == 0 || exported["otelpool.object.count"] != s.Idle {
		t.Errorf("exported are %v, the census has %d idle", exported, s.Idle)
	}
	if _, ok := exported["otelpool.requests"]; ok {
		t.Error("requests are exported, which are not known")
	}
	runtime.KeepAlive(p)
}

func TestThePoolsInsideASyncAndAWrapAreNotShownTwice(t *testing.T) {
	objects := strategies.Must(strategies.NewSync(strategies.SyncConfig[int]{}))
	defer objects.Close()
	wrapped := otelpool.Wrap(newExported(), "", otelpool.WithRegistry(new(pool.Registry)))
	defer wrapped.Close()
	for range 50 {
		objects.Put(new(int))
		wrapped.Put(new(int))
	}
	for _, e := range start(t).All() {
		if strings.Contains(e.Name(), "gcpool") { // by their New
			t.Errorf("%s is the inside of a strategies.Sync or an otelpool.Wrap", e.Name())
		}
	}
}
