package adaptive_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/sim"
)

// lab is a controller on a virtual clock, with a pool of slots and signals that
// say what a test wants.
type lab struct {
	t      *testing.T
	ctl    *adaptive.Controller
	pool   *sim.Slots
	budget *sim.Budget

	registry *pool.Registry
	reading  adaptive.Reading
	at       time.Duration

	levels  []control.PressureLevel // each change
	changed []time.Duration         // when
}

const (
	mib   = 1 << 20
	limit = 1 << 30
	share = limit / 2 // the default budget
)

// newLab is a lab whose pool has a class for each size, 64 KiB if there are none.
func newLab(t *testing.T, c adaptive.Config, sizes ...int64) *lab {
	t.Helper()
	if len(sizes) == 0 {
		sizes = []int64{64 << 10}
	}
	l := &lab{t: t, budget: sim.NewBudget(pool.Unlimited)}
	l.pool = sim.NewSlots(sim.Start, sizes, l.budget)
	l.reading.Heap = adaptive.HeapReading{Limit: limit, Live: limit / 4, Cycles: 1}
	l.reading.Cgroup.Err = "none in the lab"
	if c.Registry == nil {
		c.Registry = new(pool.Registry)
	}
	l.registry = c.Registry
	c.Budget, c.Signals = l.budget, l
	if _, err := c.Registry.Publish("lab", l.pool, pool.Reject); err != nil {
		t.Fatal(err)
	}
	ctl, err := adaptive.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ctl.Close)
	l.ctl = ctl
	return l
}

func (l *lab) Read(_ time.Time, into *adaptive.Reading) { *into = l.reading }

func (l *lab) Watch(ctx context.Context, _ func(control.Trigger)) error {
	<-ctx.Done()
	return nil
}

// heap sets the share of the limit that is live, as a collection finds it.
func (l *lab) heap(share float64) {
	l.reading.Heap.Live = int64(share * limit)
	l.reading.Heap.Cycles++
}

// step lets a loop's time pass and makes a run.
func (l *lab) step() control.Decision {
	l.at += 250 * time.Millisecond
	d := l.ctl.Step(sim.Start.Add(l.at))
	if level := l.stats().Level; len(l.levels) == 0 && level > 0 || len(l.levels) > 0 && l.levels[len(l.levels)-1] != level {
		l.levels, l.changed = append(l.levels, level), append(l.changed, l.at)
	}
	return d
}

// run makes runs for so long.
func (l *lab) run(d time.Duration) {
	for end := l.at + d; l.at < end; {
		l.step()
	}
}

func (l *lab) stats() *control.Stats {
	var s control.Stats
	l.ctl.ControllerStats(&s)
	return &s
}

// fill takes n objects of a class at once and gives them back: n idle ones.
func (l *lab) fill(class, n int) {
	for range n {
		l.pool.Get(l.at, class)
	}
	for range n {
		l.pool.Put(l.at, class)
	}
}

func (l *lab) misses() uint64 {
	var s pool.Stats
	l.pool.Stats(&s)
	return s.Requests[pool.Miss]
}

func (l *lab) want(levels ...control.PressureLevel) {
	l.t.Helper()
	if !slices.Equal(l.levels, levels) {
		l.t.Errorf("levels were %v, want %v", l.levels, levels)
	}
}
