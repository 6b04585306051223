package sim

import (
	"context"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/trace"
)

// Start is the virtual time at which recordings begin.
var Start = time.Unix(1_000_000_000, 0)

// Calm are the signals of a process that is not short of memory, and does not
// know of any limit.
type Calm struct{}

// Read implements [adaptive.Signals].
func (Calm) Read(_ time.Time, into *adaptive.Reading) {
	*into = adaptive.Reading{
		Heap:   adaptive.HeapReading{Limit: adaptive.NoLimit},
		Cgroup: adaptive.CgroupReading{Status: adaptive.Status{Err: "simulated"}},
		PSI:    adaptive.PSIReading{Status: adaptive.Status{Err: "simulated"}},
	}
}

// Watch implements [adaptive.Signals].
func (Calm) Watch(ctx context.Context, _ func(control.Trigger)) error {
	<-ctx.Done()
	return nil
}

// Shipped runs traces through pools under the controller that is shipped.
type Shipped struct {
	Config adaptive.Config // but for Registry, Budget and BreakEven
	Watch  Watcher

	Controller control.Stats // at the end of the last replay
}

// subject is a pool that a trace is run through.
type subject interface {
	pool.Source
	control.Tunable
	Get(at time.Duration, class int) bool
	Put(at time.Duration, class int)
	sync(at time.Duration) // after the controller ran
	account() *account
}

// Replay runs a trace through a pool of slots.
func (s *Shipped) Replay(t *trace.Trace, name string, breakEven time.Duration) (Result, error) {
	budget := NewBudget(pool.Unlimited)
	return s.steer(t, name, breakEven, NewSlots(Start, t.Sizes, budget), budget)
}

// steer runs a trace through a pool that the shipped controller steers, on the
// clock of the trace.
func (s *Shipped) steer(t *trace.Trace, name string, breakEven time.Duration, p subject, b adaptive.Budget) (Result, error) {
	c := s.Config
	c.Registry, c.Budget, c.BreakEven = new(pool.Registry), b, breakEven
	if c.Signals == nil {
		c.Signals = Calm{}
	}
	if c.MaxIdleBytes == 0 {
		c.MaxIdleBytes = pool.Unlimited
	}
	if c.Interval == 0 {
		c.Interval = min(time.Second, max(breakEven/10, tick))
	}
	if _, err := c.Registry.Publish(name, p, pool.Reject); err != nil {
		return Result{}, err
	}
	ctl, err := adaptive.New(c)
	if err != nil {
		return Result{}, err
	}
	defer ctl.Close()
	ctl.Step(Start)
	r := s.replay(t, name, p, c.Interval, func(at time.Duration, inUse int64) {
		ctl.Step(Start.Add(at))
		p.sync(at)
		if s.Watch != nil {
			s.Watch(Moment{at, inUse, p.account().bytes, b.Limit()})
		}
	})
	ctl.ControllerStats(&s.Controller)
	return r.priced(breakEven), nil
}

func (s *Shipped) replay(t *trace.Trace, name string, p subject, every time.Duration, step func(at time.Duration, inUse int64)) Result {
	r := newResult(name, t)
	idle := p.account()
	var inUse int64
	next := every
	for _, e := range t.Events {
		for ; next <= e.At; next += every {
			step(next, inUse)
		}
		size := t.Sizes[e.Class]
		if e.Put {
			inUse -= size
			p.Put(e.At, int(e.Class))
			idle.settle()
			continue
		}
		inUse += size
		if !p.Get(e.At, int(e.Class)) {
			r.Misses++
			r.MissedBytes += size
		}
	}
	r.idle(idle, t.End())
	return r
}
