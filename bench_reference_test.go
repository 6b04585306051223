package pool_test

import (
	"context"
	"math/bits"
	"sync"
	"sync/atomic"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/otelpool/pool/internal/benchcase"
	"github.com/otelpool/pool/otelpool"
)

// references is what our byte pools are compared with. A sync.Pool is of one
// size, which is the best one can do with it and more than it can do for callers
// of differing sizes: for those see mixedReferences.
func references() []benchcase.Entry {
	return []benchcase.Entry{
		{Name: "make", Open: func(testing.TB, int) benchcase.Pool { return makes{} }},
		{Name: "syncpool", OneSize: true, Misses: missesOfSyncPool, Open: func(_ testing.TB, size int) benchcase.Pool {
			return newSyncPool(size)
		}},
		{Name: "syncpool-otelcounters", OneSize: true, Open: func(tb testing.TB, size int) benchcase.Pool {
			return newCountedSyncPool(tb, size)
		}},
		{Name: "wrap", OneSize: true, Open: func(tb testing.TB, size int) benchcase.Pool {
			p := otelpool.Wrap(newSyncPool(size).Pool, "wrap", otelpool.WithRegistry(observed(tb)))
			tb.Cleanup(p.Close)
			return wrapped{p}
		}},
		{Name: "pool", OneSize: true, Open: func(_ testing.TB, size int) benchcase.Pool {
			return pooled{&otelpool.Pool{New: newSyncPool(size).New, Name: "pool"}}
		}},
	}
}

// mixedReferences is an array of sync.Pools by class, under the name of the one
// sync.Pool that it replaces.
func mixedReferences() []benchcase.Entry {
	return []benchcase.Entry{{Name: "syncpool", Open: func(testing.TB, int) benchcase.Pool { return newSyncPools() }}}
}

// makes is no pool.
type makes struct{}

// allocate is not inlined, as no pool's Get is, so that what it makes is on the
// heap.
//
//go:noinline
func allocate(size int) []byte { return make([]byte, size) }

// syncPool is a sync.Pool of pointers to slices of one size.
type syncPool struct {
	*sync.Pool
	misses *atomic.Uint64
}

func newSyncPool(size int) syncPool {
	var misses atomic.Uint64
	return syncPool{&sync.Pool{New: func() any {
		misses.Add(1)
		x := make([]byte, size)
		return &x
	}}, &misses}
}

func missesOfSyncPool(p benchcase.Pool) uint64 { return p.(syncPool).misses.Load() }

// syncPools is what one writes by hand for buffers of differing sizes: a
// sync.Pool for each power of two from 256 B to 64 KiB.
type syncPools struct{ class *[9]sync.Pool }

func newSyncPools() syncPools {
	p := syncPools{new([9]sync.Pool)}
	for i := range p.class {
		p.class[i].New = func() any {
			x := make([]byte, 256<<i)
			return &x
		}
	}
	return p
}

func classOf(size int) int { return bits.Len(uint(size-1) >> 8) }

// countedSyncPool is a sync.Pool with two synchronous counters of the
// OpenTelemetry SDK, whose attributes are made beforehand.
type countedSyncPool struct {
	pool       *sync.Pool
	gets, puts metric.Int64Counter
	attributes []metric.AddOption
}

func newCountedSyncPool(tb testing.TB, size int) countedSyncPool {
	meter := sdkmetric.NewMeterProvider(sdkmetric.WithReader(collecting(tb))).Meter("bench")
	set := attribute.NewSet(attribute.String("pool.name", "bench"))
	return countedSyncPool{
		pool:       newSyncPool(size).Pool,
		gets:       must(meter.Int64Counter("gets"))(tb),
		puts:       must(meter.Int64Counter("puts"))(tb),
		attributes: []metric.AddOption{metric.WithAttributeSet(set)},
	}
}

func (c countedSyncPool) Get() any {
	c.gets.Add(context.Background(), 1, c.attributes...)
	return c.pool.Get()
}

func (c countedSyncPool) Put(x any) {
	c.puts.Add(context.Background(), 1, c.attributes...)
	c.pool.Put(x)
}

type (
	wrapped struct{ *otelpool.SyncPool }
	pooled  struct{ *otelpool.Pool } // registered in pool.Default, which no reader reads here
)
