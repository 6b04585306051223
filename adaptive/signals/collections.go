package signals

import (
	"sync"

	"github.com/otelpool/pool/internal/percpu"
)

// collections calls a function after every garbage collection, until it is stopped.
type collections struct {
	mu      sync.Mutex
	ended   func()
	stopped bool
}

// watchCollections has ended called, on a goroutine of the runtime, until stop
// returns.
func watchCollections(ended func()) (stop func()) {
	c := &collections{ended: ended}
	c.arm()
	return func() {
		c.mu.Lock()
		c.stopped = true
		c.mu.Unlock()
	}
}

func (c *collections) arm() { percpu.AfterCollection((*collections).collected, c) }

func (c *collections) collected() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopped {
		c.ended()
		c.arm()
	}
}
