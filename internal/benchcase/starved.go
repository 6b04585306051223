package benchcase

import (
	"runtime"
	"strconv"
	"testing"
	"time"
)

// Starved collects garbage after every burst of 1 to 64 buffers. It reports the time
// per Get and Put without the collector's, and the share of Gets that were hits
// (hit-%). A pool that the collector empties cannot follow a demand that changes
// between collections.
func Starved(b *testing.B, pools []Entry, size int) {
	for _, e := range pools {
		if e.Misses != nil {
			b.Run("pool="+e.Name, func(b *testing.B) {
				run(b, "size="+strconv.Itoa(size), e, size, func(b *testing.B, p Pool) {
					starve(b, p, e.Misses, size)
				})
			})
		}
	}
}

func starve(b *testing.B, p Pool, misses func(Pool) uint64, size int) {
	const most = 64
	h := p.Hold()
	h.Fill(most, size) // what it takes to be warm is no part of it
	h.Drain()
	before, gets := misses(p), 0
	var spent time.Duration
	for i := 0; gets < b.N; i++ {
		runtime.GC()
		n := 1 + i*29%most // every number up to most, and never twice the same
		start := time.Now()
		h.Fill(n, size)
		h.Drain()
		spent += time.Since(start)
		gets += n
	}
	b.ReportMetric(float64(spent.Nanoseconds())/float64(gets), "ns/op")
	b.ReportMetric(100*(1-float64(misses(p)-before)/float64(gets)), "hit-%")
}
