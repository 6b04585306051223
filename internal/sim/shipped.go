package sim

import (
	"context"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/internal/trace"
)

// Start is the virtual time at which recordings begin.
var Start = time.Unix(1_000_000_000, 0)

// Calm are the signals of a process that is not short of memory, and does not
// know of any limit.
type Calm struct{}

// Read is that of [adaptive.Signals].
func (Calm) Read(_ time.Time, into *adaptive.Reading) {
	*into = adaptive.Reading{
		Heap:   adaptive.HeapReading{Limit: adaptive.NoLimit, GOGC: 100},
		Cgroup: adaptive.CgroupReading{Status: adaptive.Status{Err: "simulated"}},
		PSI:    adaptive.PSIReading{Status: adaptive.Status{Err: "simulated"}},
	}
}

// Watch is that of [adaptive.Signals].
func (Calm) Watch(ctx context.Context, _ func(pool.Trigger)) error {
	<-ctx.Done()
	return nil
}

// Shipped is a simulated pool under the controller that is shipped.
type Shipped struct {
	Config     adaptive.Config // BreakEven, MaxIdleBytes and Interval are used
	Watch      Watcher
	Controller pool.ControllerStats // of the end of the last replay
}

// Replay runs a trace through a pool of slots that the shipped controller steers,
// on the clock of the trace.
func (s *Shipped) Replay(t *trace.Trace, name string, T time.Duration) (Result, error) {
	budget := NewBudget(pool.Unlimited)
	slots := NewSlots(Start, t.Sizes, budget)
	c := s.Config
	c.Registry, c.Budget, c.BreakEven = new(pool.Registry), budget, T
	if c.Signals == nil {
		c.Signals = Calm{}
	}
	if c.MaxIdleBytes == 0 {
		c.MaxIdleBytes = pool.Unlimited
	}
	if c.Interval == 0 {
		c.Interval = min(time.Second, max(T/10, 250*time.Millisecond))
	}
	if _, err := c.Registry.Publish(name, slots, pool.Reject); err != nil {
		return Result{}, err
	}
	ctl, err := adaptive.New(c)
	if err != nil {
		return Result{}, err
	}
	ctl.Step(Start)
	r := s.replay(t, name, slots, func(at time.Duration) { ctl.Step(Start.Add(at)) }, c.Interval)
	ctl.ControllerStats(&s.Controller)
	return r.priced(T), nil
}

func (s *Shipped) replay(t *trace.Trace, name string, p *Slots, step func(time.Duration), every time.Duration) Result {
	r := newResult(name, t)
	var inUse int64
	next := every
	for _, e := range t.Events {
		for ; next <= e.At; next += every {
			step(next)
			if s.Watch != nil {
				s.Watch(next, inUse, p.idle.bytes)
			}
		}
		size := t.Sizes[e.Class]
		if e.Put {
			inUse -= size
			p.Put(e.At, int(e.Class))
			continue
		}
		inUse += size
		if !p.Get(e.At, int(e.Class)) {
			r.Misses++
			r.MissedBytes += size
		}
	}
	r.idle(&p.idle, t.End())
	return r
}
