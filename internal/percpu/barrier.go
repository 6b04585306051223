package percpu

import (
	"sync"
	"sync/atomic"
	"time"
)

// Stops are paid for by pauses: a stop is followed by one of barrierShare times
// its cost, so that barriers stop the world for 5 % of the time, however many pools
// are trimmed or closed at once.
//
// The wall clock does not say what a stop cost. A process that a signal stopped, a
// container that was frozen, a VM that was suspended, or a machine short of CPU adds
// seconds to a stop of 50 µs, and must not wait 20 times as long once it goes on. So
// a stop costs at most twice what the one before did: one outlier hardly counts,
// where all are slow the pauses follow within a few stops. And no pause is longer
// than barrierPause: then the number of stops is the bound, 40 a second.
const (
	barrierShare = 20
	barrierPause = 25 * time.Millisecond
	usualStop    = 50 * time.Microsecond // measured: 17–56
)

// barrier is the process's own, like the world it stops.
var barrier struct {
	mu    sync.Mutex // held while waiting for and stopping the world
	next  time.Time  // no stop before
	cost  time.Duration
	began atomic.Uint64
}

// Generation numbers the stops of the world: see BarrierSince.
func Generation() uint64 { return barrier.began.Load() }

// Barrier returns when every pinned section that was running at the call has
// ended. Callers that wait together share one stop of the world. It may sleep:
// never call it pinned, or from Get or Put.
//
// Why it holds: a pinned goroutine is not preempted, so the world can stop only
// after every section that had begun has ended, and a section that begins
// afterwards sees whatever the caller wrote before the call.
func Barrier() { BarrierSince(Generation()) }

// BarrierSince is Barrier for sections that were running when Generation gave
// the number: it stops nothing if the world was stopped since, so that many who
// wait for different things, one after the other, need one stop.
func BarrierSince(generation uint64) {
	if Portable {
		return // shards are used under their locks
	}
	barrier.mu.Lock() // or one that began since may not have ended
	defer barrier.mu.Unlock()
	if barrier.began.Load() != generation {
		return
	}
	time.Sleep(time.Until(barrier.next))
	barrier.began.Add(1)
	begin := time.Now()
	stopTheWorld()
	barrier.cost = costOf(time.Since(begin), barrier.cost)
	barrier.next = time.Now().Add(barrierShare * barrier.cost)
}

// costOf is what a stop counts for that took so long, after one that counted for
// last.
func costOf(took, last time.Duration) time.Duration {
	return min(took, 2*max(last, usualStop), barrierPause/barrierShare)
}
