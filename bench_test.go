package pool_test

import (
	"context"
	"sync"
	"testing"
	"time"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/otelpool"
	"github.com/otelpool/pool/strategies"
)

const bufferSize = 1024

// BenchmarkGetPut is one Get and one Put of 1 KiB. Compare with
//
//	go test -run '^$' -bench 'GetPut|Handoff' -count 10 . | benchstat -col /pool -
//
// The loops are written out, since a call through an interface or a closure costs
// as much as what is measured.
func BenchmarkGetPut(b *testing.B) {
	ref := syncPool()
	bare := newPool(b, strategies.SizeClassesConfig{})
	seen := newPool(b, strategies.SizeClassesConfig{Name: "bench", Registry: observed(b)})
	b.Run("pool=syncpool", func(b *testing.B) {
		for b.Loop() {
			ref.Put(ref.Get().(*[]byte))
		}
	})
	b.Run("pool=sizeclasses", func(b *testing.B) {
		for b.Loop() {
			bare.Put(bare.Get(bufferSize))
		}
	})
	b.Run("pool=sizeclasses-otel", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			seen.Put(seen.Get(bufferSize))
		}
	})
}

// BenchmarkGetPutParallel is BenchmarkGetPut on all Ps at once.
func BenchmarkGetPutParallel(b *testing.B) {
	ref := syncPool()
	seen := newPool(b, strategies.SizeClassesConfig{Name: "bench", Registry: observed(b)})
	b.Run("pool=syncpool", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				ref.Put(ref.Get().(*[]byte))
			}
		})
	})
	b.Run("pool=sizeclasses-otel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				seen.Put(seen.Get(bufferSize))
			}
		})
	})
}

// BenchmarkHandoff gets on one goroutine and puts on another, 256 at a time so
// that the channel between them costs little.
func BenchmarkHandoff(b *testing.B) {
	ref := syncPool()
	seen := newPool(b, strategies.SizeClassesConfig{Name: "bench", Registry: observed(b)})
	b.Run("pool=syncpool", func(b *testing.B) {
		handoff(b, func() *[]byte { return ref.Get().(*[]byte) }, func(x *[]byte) { ref.Put(x) })
	})
	b.Run("pool=sizeclasses-otel", func(b *testing.B) {
		handoff(b, func() []byte { return seen.Get(bufferSize) }, seen.Put)
	})
}

func handoff[B any](b *testing.B, get func() B, put func(B)) {
	const batch = 256
	full, empty := make(chan []B, 4), make(chan []B, 4)
	for range cap(empty) {
		empty <- make([]B, 0, batch)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for batch := range full {
			for _, x := range batch {
				put(x)
			}
			empty <- batch[:0]
		}
	})
	current := <-empty
	for b.Loop() {
		current = append(current, get())
		if len(current) == batch {
			full <- current
			current = <-empty
		}
	}
	close(full)
	wg.Wait()
}

func syncPool() *sync.Pool {
	return &sync.Pool{New: func() any {
		x := make([]byte, bufferSize)
		return &x
	}}
}

func newPool(b *testing.B, c strategies.SizeClassesConfig) *strategies.SizeClasses {
	p, err := strategies.NewSizeClasses(c)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(p.Close)
	return p
}

// observed is a registry from which a reader collects every second.
func observed(b *testing.B) *pool.Registry {
	r := new(pool.Registry)
	reader := sdkmetric.NewManualReader()
	inst, err := otelpool.Start(otelpool.WithRegistry(r),
		otelpool.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))))
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		var rm metricdata.ResourceMetrics
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if err := reader.Collect(ctx, &rm); err != nil && ctx.Err() == nil {
					b.Error(err)
				}
			case <-ctx.Done():
				return
			}
		}
	})
	b.Cleanup(func() {
		cancel()
		wg.Wait()
		if err := inst.Stop(); err != nil {
			b.Error(err)
		}
	})
	return r
}
