package signals

import (
	"runtime"
	"sync"
)

// collections calls a function after every garbage collection: each one frees a
// sentinel, whose cleanup leaves the next. The cleanup runs when the sentinel's
// span is swept, which is soon after the collection and before the next.
type collections struct {
	mu      sync.Mutex
	ended   func()
	stopped bool
}

// sentinel has a pointer, so that the runtime does not pack it with other small
// objects that would keep it alive.
type sentinel struct{ _ *collections }

// watchCollections has ended called, on a goroutine of the runtime, until stop
// returns.
func watchCollections(ended func()) (stop func()) {
	c := &collections{ended: ended}
	c.arm()
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.stopped = true
	}
}

func (c *collections) arm() { runtime.AddCleanup(new(sentinel), (*collections).tell, c) }

func (c *collections) tell() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopped {
		c.ended()
		c.arm()
	}
}
