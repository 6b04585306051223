package adaptertest

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/otelpool/pool"
)

// Text returns n bytes that compress to a third or so, the same each time.
func Text(n int) []byte {
	r, b := rand.New(rand.NewPCG(1, 2)), make([]byte, 0, n+20)
	for len(b) < n {
		b = fmt.Appendf(b, "request %d served\n", r.Uint32())
	}
	return b[:n]
}

// Codecs is a pool of compressors or decompressors.
type Codecs interface {
	Stats(into *pool.Stats)
	Close()
}

// CodecBytes fails unless what a pool counts for n idle codecs is what the heap grows by
// for them, to within a twentieth. open makes a pool, and a function that takes a codec
// and uses it. What earlier tests left may be collected meanwhile, so it tries again.
func CodecBytes(t *testing.T, n int, open func() (Codecs, func() io.Closer)) {
	t.Helper()
	var grown int64
	var stats pool.Stats
	for range 10 {
		p, use := open()
		held := make([]io.Closer, n)
		before := heap()
		for i := range held {
			held[i] = use()
		}
		for i := range held {
			_ = held[i].Close()
		}
		clear(held)
		grown = heap() - before
		p.Stats(&stats)
		p.Close() // or the heap would lose it in the next round
		if math.Abs(float64(grown-stats.IdleBytes)) <= float64(grown)/20 {
			return
		}
	}
	t.Errorf("the pool counts %d bytes for codecs, the heap %d", stats.IdleBytes, grown)
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
