package pooltest

import (
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

// tunable is a pool that reports itself and can be sized.
type tunable interface {
	pool.Source
	control.Tunable
}

func (s subject) tunable(t *testing.T) tunable {
	t.Helper()
	p, ok := s.pool.(tunable)
	if !ok {
		t.Skip("the pool is not control.Tunable")
	}
	return p
}

// clock is the time that a pool is told of: one window after the other.
type clock struct {
	pool control.Tunable
	now  time.Time
	seen control.Demand
}

const window = time.Second

func newClock(p control.Tunable) *clock {
	c := &clock{pool: p, now: time.Now()}
	c.pool.Demand(c.now, &c.seen)
	return c
}

// tick ends a window, of which seen then tells.
func (c *clock) tick() {
	c.now = c.now.Add(window)
	c.pool.Demand(c.now, &c.seen)
}

// served are the requests and misses of the window, of all classes.
func (c *clock) served() (gets, misses uint64) {
	for _, class := range c.seen.Classes {
		gets += class.Gets
		misses += class.Misses
	}
	return gets, misses
}

// checkDemand compares windows with what was done in them.
func checkDemand(t *testing.T, s subject) {
	p := s.tunable(t)
	c := newClock(p)
	for range 5 {
		before := statsOf(p)
		s.hold(100)()
		after := statsOf(p)
		c.tick()
		if c.seen.Window != window {
			t.Errorf("Demand tells of a window of %v: it was %v", c.seen.Window, window)
		}
		if want := max(len(after.Classes), 1); len(c.seen.Classes) != want {
			t.Fatalf("Demand tells of %d classes: Stats has %d", len(c.seen.Classes), len(after.Classes))
		}
		after.Sub(&before)
		gets, misses := c.served()
		if want := after.Requests[pool.Miss]; misses != want {
			t.Errorf("Demand tells of %d misses: there were %d", misses, want)
		}
		if want := after.Requests[pool.Hit] + after.Requests[pool.Miss]; gets != want {
			t.Errorf("Demand tells of %d Gets: there were %d", gets, want)
		}
	}
	c.tick()
	if gets, _ := c.served(); gets != 0 {
		t.Errorf("Demand tells of %d Gets in a window in which there were none", gets)
	}
}

// checkIdleAge waits, by the pool's clock, until what it holds has grown old.
func checkIdleAge(t *testing.T, s subject) {
	p := s.tunable(t)
	c := newClock(p)
	s.hold(100)()
	held := s.idleBytes(t)
	const age = 3 * window
	for i := range c.seen.Classes {
		p.SetIdleAge(i, age)
	}
	p.SetReserve(held / 2)
	for range 20 {
		c.tick()
	}
	var largest int64 // a reserve holds whole objects
	for _, class := range c.seen.Classes {
		largest = max(largest, class.Size)
	}
	if idle := s.idleBytes(t); idle <= held/2-largest {
		t.Errorf("%d of %d bytes are idle after 20 windows: %d are reserved", idle, held, held/2)
	}
	p.SetReserve(0)
	for range 20 {
		c.tick()
	}
	if idle := s.idleBytes(t); idle != 0 {
		t.Errorf("%d bytes are idle after 20 windows of %v without a Get: the idle age is %v", idle, window, age)
	}
	s.hold(100)()
	stats := statsOf(p)
	checkLaws(t, &stats)
}
