// Package testalloc counts allocations in tests.
package testalloc

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/otelpool/pool/internal/raceghost"
)

// PerRun is testing.AllocsPerRun without what others allocate: the cleanups of the
// pools that earlier tests dropped, a dozen each, and after a collection the pools
// that they left, which age, with one or two. What f itself allocates it allocates
// every time. The ghosts of race builds, which allocate, are off.
func PerRun(runs int, f func()) float64 {
	defer raceghost.Pause()()
	settle()
	least := testing.AllocsPerRun(runs, f)
	for try := 0; least > 0 && try < 5; try++ {
		least = min(least, testing.AllocsPerRun(runs, f))
	}
	return least
}

// settle returns when the cleanups of all that is garbage now have run, or none has for
// fifty milliseconds: one may hang, and as a 32-bit program the runtime counts some that
// never run.
func settle() {
	runtime.GC()
	counts := []metrics.Sample{{Name: "/gc/cleanups/queued:cleanups"}, {Name: "/gc/cleanups/executed:cleanups"}}
	var executed uint64
	for last := time.Now(); time.Since(last) < 50*time.Millisecond; runtime.Gosched() {
		metrics.Read(counts)
		n := counts[1].Value.Uint64()
		if n >= counts[0].Value.Uint64() {
			return
		}
		if n != executed {
			executed, last = n, time.Now()
		}
	}
}
