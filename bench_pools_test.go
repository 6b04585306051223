package pool_test

//go:generate sh -c "go run ./internal/benchcase/loops -package pool_test bench_loops.txt >bench_loops_test.go"

import (
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/benchcase"
	"github.com/otelpool/pool/strategies"
)

// bytePools is every pool of byte buffers, and what they are compared with.
func bytePools(tb testing.TB) []benchcase.Entry {
	entries := references()
	for _, otel := range []bool{false, true} {
		var r *pool.Registry
		suffix := ""
		if otel {
			r, suffix = observed(tb), "-otel"
		}
		entries = append(entries, strategyEntries(r, suffix)...)
	}
	return entries
}

// mixedPools is those of bytePools that hand out more than one size, and the
// array of sync.Pools that it takes to do the same.
func mixedPools(tb testing.TB) []benchcase.Entry { return append(mixedReferences(), bytePools(tb)...) }

// strategyEntries is our pools, in a registry or, if that is nil, without a name.
func strategyEntries(r *pool.Registry, suffix string) []benchcase.Entry {
	name := nameIn(r)
	return []benchcase.Entry{
		{Name: "sizeclasses" + suffix, Misses: missesOf, Open: func(tb testing.TB, _ int) benchcase.Pool {
			p := must(
				strategies.NewSizeClasses(strategies.SizeClassesConfig{OnDuplicate: pool.Suffix, Name: name("sizeclasses"), Registry: r}),
			)(
				tb,
			)
			tb.Cleanup(p.Close)
			return sizeClasses{p}
		}},
		{Name: "fixed" + suffix, OneSize: true, Misses: missesOf, Open: func(tb testing.TB, size int) benchcase.Pool {
			c := strategies.FixedConfig{
				OnDuplicate: pool.Suffix,
				Name:        name("fixed"),
				Registry:    r,
				Size:        size,
				Count:       max(2, min(4096, 4<<20/size)),
			}
			p := must(strategies.NewFixed(c))(tb)
			tb.Cleanup(p.Close)
			return fixed{p}
		}},
	}
}

// nameIn is the name of a pool in r: none if there is no r.
func nameIn(r *pool.Registry) func(string) string {
	return func(name string) string {
		if r == nil {
			return ""
		}
		return name
	}
}

// missesOf is the allocations of a pool that knows them.
func missesOf(p benchcase.Pool) uint64 {
	var s pool.Stats
	p.(pool.Source).Stats(&s)
	return s.Allocations
}

// must is a constructor's pool, or the end of the benchmark.
func must[P any](p P, err error) func(testing.TB) P {
	return func(tb testing.TB) P {
		if err != nil {
			tb.Fatal(err)
		}
		return p
	}
}

// The loops of these are in bench_loops_test.go.
type (
	sizeClasses struct{ *strategies.SizeClasses }
	fixed       struct{ *strategies.Fixed }
)
