package percpu

import (
	"sync"
	"sync/atomic"
	"time"
)

// barrierPause is the least time between two stops of the world: however many
// pools are trimmed at once, it is stopped for a few percent of the time at
// most.
const barrierPause = 2 * time.Millisecond

// barrier is the process's own, like the world it stops.
var barrier struct {
	mu    sync.Mutex // held while waiting for and stopping the world
	last  time.Time
	began atomic.Uint64
}

// Barrier returns when every pinned section that was running at the call has
// ended. Callers that wait together share one stop of the world. It may sleep:
// never call it pinned, or from Get or Put.
//
// Why it holds: a pinned goroutine is not preempted, so the world can stop only
// after every section that had begun has ended, and a section that begins
// afterwards sees whatever the caller wrote before the call.
func Barrier() {
	if Portable {
		return // shards are used under their locks
	}
	seen := barrier.began.Load()
	barrier.mu.Lock()
	defer barrier.mu.Unlock()
	if barrier.began.Load() != seen {
		return // somebody stopped the world after our call began
	}
	time.Sleep(barrierPause - time.Since(barrier.last))
	barrier.began.Add(1)
	stopTheWorld()
	barrier.last = time.Now()
}
