package codecs_test

import (
	"bytes"
	"io"
	"math"
	"runtime"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/strategies"
)

// What a pool counts for its idle codecs is what the runtime says that they take, to
// within a twentieth.
func TestThePoolsBytesAreThoseOfTheHeap(t *testing.T) {
	skipIfStrict(t)
	page := text(20_000)
	each(t, func(t *testing.T, f format) {
		for _, level := range levels {
			checkHeap(t, 8, func() (codecPool, func() io.Closer) {
				p := strategies.Must(f.writers(level, quiet))
				return p, func() io.Closer {
					w := p.Get(io.Discard)
					_, _ = w.Write(page)
					return w
				}
			})
		}
		writers, _ := f.pools(quiet)
		in := compress(t, writers, page)
		checkHeap(t, 100, func() (codecPool, func() io.Closer) {
			p := strategies.Must(f.readers(quiet))
			return p, func() io.Closer {
				r := p.Get(bytes.NewReader(in))
				_, _ = io.Copy(io.Discard, r)
				return r
			}
		})
	})
}

type codecPool interface {
	Stats(into *pool.Stats)
	Close()
}

// checkHeap compares the growth of the heap by n codecs of a new pool with what the pool
// counts. What earlier tests left may be collected meanwhile, so it tries again.
func checkHeap(t *testing.T, n int, open func() (codecPool, func() io.Closer)) {
	t.Helper()
	var grown, counted int64
	for range 10 {
		p, use := open()
		held := make([]io.Closer, n)
		before := heap()
		for i := range held {
			held[i] = use()
		}
		for i := range held {
			closeHere(held[i])
		}
		clear(held)
		grown, counted = heap()-before, stats(p).IdleBytes
		p.Close() // or the heap would lose it in the next round
		if math.Abs(float64(grown-counted)) <= float64(grown)/20 {
			return
		}
	}
	t.Errorf("the pool counts %d bytes for codecs, the heap %d", counted, grown)
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
