package pool_test

import (
	"sync"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/benchcase"
	"github.com/otelpool/pool/otelpool"
	"github.com/otelpool/pool/strategies"
)

const objectSize = 256

type object [objectSize]byte

//go:noinline
func allocateObject() *object { return new(object) }

// objectPools is every pool of objects, and what they are compared with.
func objectPools(tb testing.TB) []benchcase.Entry {
	anyPool := &sync.Pool{New: func() any { return new(object) }}
	seen := observed(tb)
	entries := []benchcase.Entry{
		{Name: "make", Open: func(testing.TB, int) benchcase.Pool { return makesObjects{} }},
		{Name: "syncpool", Open: func(testing.TB, int) benchcase.Pool { return syncPoolObjects{anyPool} }},
		{Name: "wrap", Open: func(tb testing.TB, _ int) benchcase.Pool {
			p := otelpool.Wrap(anyPool, "wrap", otelpool.WithRegistry(seen))
			tb.Cleanup(p.Close)
			return wrappedObjects{p}
		}},
		{Name: "pool", Open: func(testing.TB, int) benchcase.Pool {
			return poolObjects{&otelpool.Pool{New: anyPool.New, Name: "pool"}}
		}},
	}
	entries = append(entries, objectEntries(nil, "")...)
	return append(entries, objectEntries(seen, "-otel")...)
}

// objectEntries is our object pools, in a registry or, if that is nil, without a
// name.
func objectEntries(r *pool.Registry, suffix string) []benchcase.Entry {
	name := nameIn(r)
	return []benchcase.Entry{
		{Name: "bounded" + suffix, Open: func(tb testing.TB, _ int) benchcase.Pool {
			p := must(
				strategies.NewBounded(
					strategies.BoundedConfig[object]{OnDuplicate: pool.Suffix, Name: name("bounded"), Registry: r, New: allocateObject},
				),
			)(
				tb,
			)
			tb.Cleanup(p.Close)
			return boundedObjects{p}
		}},
		{Name: "sync" + suffix, Open: func(tb testing.TB, _ int) benchcase.Pool {
			p := must(
				strategies.NewSync(
					strategies.SyncConfig[object]{OnDuplicate: pool.Suffix, Name: name("sync"), Registry: r, New: allocateObject},
				),
			)(
				tb,
			)
			tb.Cleanup(p.Close)
			return syncObjects{p}
		}},
	}
}

// The loops of these are in bench_loops_test.go.
type (
	makesObjects    struct{}
	syncPoolObjects struct{ *sync.Pool }
	wrappedObjects  struct{ *otelpool.SyncPool }
	poolObjects     struct{ *otelpool.Pool }
	boundedObjects  struct{ *strategies.Bounded[object] }
	syncObjects     struct{ *strategies.Sync[object] }
)
