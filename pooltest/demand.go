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

// clock is the time passed to a pool's Demand, one window after the other.
type clock struct {
	pool tunable
	now  time.Time
	seen control.Demand
}

const window = time.Second

func newClock(p tunable) *clock {
	c := &clock{pool: p, now: time.Now()}
	c.pool.Demand(c.now, &c.seen)
	return c
}

// tick ends a window and reads its demand into seen.
func (c *clock) tick() {
	c.now = c.now.Add(window)
	c.pool.Demand(c.now, &c.seen)
}

func (c *clock) ticks(n int) {
	for range n {
		c.tick()
	}
}

// served returns the window's requests and misses, over all classes.
func (c *clock) served() (gets, misses uint64) {
	for _, class := range c.seen.Classes {
		gets += class.Gets
		misses += class.Misses
	}
	return gets, misses
}

// checkDemand compares windows with the calls made in them.
func checkDemand(t *testing.T, s subject) {
	c := newClock(as[tunable](t, s))
	for range 5 {
		checkWindow(t, s, c)
	}
	c.tick()
	c.checkServed(t, new(pool.Stats))
}

// checkWindow uses the pool for one window and compares Demand with Stats.
func checkWindow(t *testing.T, s subject, c *clock) {
	before := statsOf(c.pool)
	s.hold(100)()
	after := statsOf(c.pool)
	c.tick()
	if c.seen.Window != window {
		t.Errorf("Demand reports a window of %v: it was %v", c.seen.Window, window)
	}
	if want := max(len(after.Classes), 1); len(c.seen.Classes) != want {
		t.Fatalf("Demand reports %d classes: Stats has %d", len(c.seen.Classes), len(after.Classes))
	}
	after.Sub(&before)
	c.checkServed(t, &after)
}

func (c *clock) checkServed(t *testing.T, want *pool.Stats) {
	t.Helper()
	gets, misses := c.served()
	if want := want.Requests[pool.Miss]; misses != want {
		t.Errorf("Demand reports %d misses: there were %d", misses, want)
	}
	if want := want.Requests[pool.Hit] + want.Requests[pool.Miss]; gets != want {
		t.Errorf("Demand reports %d Gets: there were %d", gets, want)
	}
}

// checkIdleAge lets the pool's objects grow old on the pool's clock: a reserve
// stays, and the pool evicts the rest.
func checkIdleAge(t *testing.T, s subject) {
	p := as[tunable](t, s)
	c := newClock(p)
	s.hold(100)()
	held := s.idleBytes(t)
	c.setIdleAge(idleAge)
	p.SetReserve(held / 2)
	c.ticks(20)
	if idle := s.idleBytes(t); idle <= held/2-c.largest() { // a reserve holds whole objects
		t.Errorf("%d of %d bytes are idle after 20 windows: %d are reserved", idle, held, held/2)
	}
	p.SetReserve(0)
	c.ticks(20)
	s.checkNoneIdle(t)
	s.hold(100)()
	checkLaws(t, statsOf(p))
}

const idleAge = 3 * window

func (s subject) checkNoneIdle(t *testing.T) {
	if idle := s.idleBytes(t); idle != 0 {
		t.Errorf("%d bytes are idle after 20 windows of %v without a Get: the idle age is %v", idle, window, idleAge)
	}
}

func (c *clock) setIdleAge(age time.Duration) {
	for i := range c.seen.Classes {
		c.pool.SetIdleAge(i, age)
	}
}

// largest is the size of the largest class.
func (c *clock) largest() (size int64) {
	for _, class := range c.seen.Classes {
		size = max(size, class.Size)
	}
	return size
}
