package pool_test

import (
	"runtime"
	"sync"
	"testing"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/raceflag"
	"github.com/otelpool/pool/internal/testalloc"
	"github.com/otelpool/pool/otelpool"
	"github.com/otelpool/pool/strategies"
)

// Every strategy, with a reader attached that has collected.
func TestObservedGetPutDoesNotAllocate(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // a P's first use makes its shard
	type object struct{ _ [64]byte }
	registry := new(pool.Registry)
	reader := sdkmetric.NewManualReader()
	inst, err := otelpool.Start(otelpool.WithRegistry(registry),
		otelpool.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))))
	if err != nil {
		t.Fatal(err)
	}
	defer inst.Stop()
	sized := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "sizeclasses", Registry: registry}))
	fixed := strategies.Must(strategies.NewFixed(strategies.FixedConfig{Name: "fixed", Registry: registry, Size: 1024, Count: 4}))
	bounded := strategies.Must(
		strategies.NewBounded(
			strategies.BoundedConfig[object]{Name: "bounded", Registry: registry, New: func() *object { return new(object) }},
		),
	)
	objects := strategies.Must(strategies.NewSync(strategies.SyncConfig[object]{Name: "sync", Registry: registry}))
	wrapped := otelpool.Wrap(&sync.Pool{New: func() any { return new(object) }}, "wrap", otelpool.WithRegistry(registry))
	for name, pair := range map[string]func(){
		"SizeClasses": func() { sized.Put(sized.Get(1000)) },
		"Fixed":       func() { fixed.Put(fixed.Get()) },
		"Bounded":     func() { bounded.Put(bounded.Get()) },
		"Sync":        func() { objects.Put(objects.Get()) },
		"Wrap":        func() { wrapped.Put(wrapped.Get()) },
	} {
		if raceflag.On && (name == "Sync" || name == "Wrap") {
			continue // a race build's sync.Pool drops one Put in four, which makes the next Get allocate
		}
		pair()
		var rm metricdata.ResourceMetrics
		if err := reader.Collect(t.Context(), &rm); err != nil {
			t.Fatal(err)
		}
		if n := testalloc.PerRun(200, pair); n != 0 {
			t.Errorf("%s: %v allocations per Get+Put, want 0", name, n)
		}
	}
}
