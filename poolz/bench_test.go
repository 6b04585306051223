package poolz_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/testalloc"
	"github.com/otelpool/pool/poolz"
)

// BenchmarkFrame is what one second costs a program with so many pools of 14
// classes and one viewer: reading the pools, judging them, rendering the page and
// its charts. core-% is that as a share of one core.
func BenchmarkFrame(b *testing.B) {
	for _, n := range []int{20, 100, 1000} {
		b.Run(fmt.Sprintf("pools=%d", n), func(b *testing.B) {
			next := poolz.Frames(pageOf(manyPools(b, n)), discard{header: http.Header{}})
			for b.Loop() {
				if err := next(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1e7, "core-%")
		})
	}
}

func manyPools(tb testing.TB, n int) *pool.Registry {
	tb.Helper()
	r := new(pool.Registry)
	for i := range n {
		f := newFake()
		f.stats.Classes = make([]pool.Class, 14)
		f.stats.Requests[pool.Hit], f.stats.IdleBytes = uint64(i), int64(i)<<10
		publish(tb, r, fmt.Sprintf("service.part.pool-%d", i), f)
	}
	return r
}

// A second viewer costs a rendering, not a reading; this bounds what a frame may
// allocate, since garbage is what a page like this really costs.
func TestAFrameOfTwentyPoolsAllocatesLittle(t *testing.T) {
	next := poolz.Frames(pageOf(manyPools(t, 20)), discard{header: http.Header{}})
	if n := testalloc.PerRun(20, func() {
		if err := next(); err != nil {
			t.Fatal(err)
		}
	}); n > 8000 {
		t.Errorf("%v allocations a frame", n)
	}
}
