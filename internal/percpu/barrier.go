package percpu

import (
	"sync"
	"sync/atomic"
	"time"
)

// barrierShare bounds the time for which barriers stop the world, however many
// pools are trimmed or closed at once: a stop is followed by a pause of 20 times
// what it took.
const barrierShare = 20

// barrier is the process's own, like the world it stops.
var barrier struct {
	mu    sync.Mutex // held while waiting for and stopping the world
	next  time.Time  // no stop before
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
	barrier.next = time.Now().Add(barrierShare * time.Since(begin))
}
