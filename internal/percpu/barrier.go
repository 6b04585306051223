package percpu

import (
	"sync"
	"sync/atomic"
	"time"
)

// After each stop comes a pause of barrierShare times its cost, so that
// barriers stop the world for 5 % of the time at most, however many pools are
// trimmed or closed at once.
//
// The wall clock overstates the cost of some stops. A process that a signal
// stopped, a frozen container, a suspended VM, or a machine short of CPU adds
// seconds to a stop of 50 µs, and must not wait 20 times as long once it
// continues. So a stop counts for at most twice the stop before: one outlier
// hardly counts, and if all stops are slow, the pauses adapt within a few. And
// no pause is longer than barrierPause, which bounds slow stops by their
// number, 40 a second.
const (
	barrierShare = 20
	barrierPause = 25 * time.Millisecond
	usualStop    = 50 * time.Microsecond // measured: 17–56
)

// barrier is shared by the process, as the world is that it stops.
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

// BarrierSince is Barrier for sections that were running when Generation
// returned the number. It stops nothing if the world was stopped since, so that
// callers that wait for different things, one after the other, can share one
// stop.
func BarrierSince(generation uint64) {
	if Portable {
		return // shards are used under their locks
	}
	barrier.mu.Lock() // without it a stop that began since may not have ended
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

// costOf is the cost counted for a stop that took the given time, after one
// that counted for last.
func costOf(took, last time.Duration) time.Duration {
	return min(took, 2*max(last, usualStop), barrierPause/barrierShare)
}
