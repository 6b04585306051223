package sim

import (
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/trace"
)

// tick is how often rivals act. It is finer than what they do in life.
const tick = 250 * time.Millisecond

// Rival is a policy to compare with. It is for one goroutine, and for one
// replay.
type Rival interface {
	// Get takes an object of a class and reports whether there was one.
	Get(at time.Duration, class int) bool
	// Put gives one back.
	Put(at time.Duration, class int)
	// Tick is called four times a second.
	Tick(at time.Duration)
	// GC is called when the model of the garbage collector collects.
	GC(at time.Duration)

	account() *account
}

// Moment is the state at one moment, in bytes.
type Moment struct {
	At    time.Duration
	InUse int64
	Idle  int64
	Limit int64 // most idle bytes, or pool.Unlimited
}

// Watcher is called at every tick.
type Watcher func(Moment)

// limited is a policy with a limit on idle bytes.
type limited interface{ limit() int64 }

func limitOf(p any) int64 {
	if l, ok := p.(limited); ok {
		return l.limit()
	}
	return pool.Unlimited
}

// Replay runs a trace through a policy and prices the outcome.
func Replay(t *trace.Trace, name string, p Rival, breakEven time.Duration, watch Watcher) Result {
	r := newResult(name, t)
	gc := collector{next: baseLive}
	var inUse int64
	next := tick
	for _, e := range t.Events {
		for ; next <= e.At; next += tick {
			p.Tick(next)
			if gc.due(next, r.MissedBytes, inUse+p.account().bytes) {
				p.GC(next)
			}
			if watch != nil {
				watch(Moment{next, inUse, p.account().bytes, limitOf(p)})
			}
		}
		size := t.Sizes[e.Class]
		if e.Put {
			inUse -= size
			p.Put(e.At, int(e.Class))
			p.account().settle()
			continue
		}
		inUse += size
		if !p.Get(e.At, int(e.Class)) {
			r.Misses++
			r.MissedBytes += size
		}
	}
	r.idle(p.account(), t.End())
	return r.priced(breakEven)
}

// The garbage collector as the policies that depend on it see it: a program with
// 64 MiB of its own, which makes 20 MB of garbage a second, at GOGC=100.
const (
	baseLive   = 64 << 20
	baseAllocs = 20e6
)

type collector struct{ next float64 }

// due reports whether a collection begins. What has been allocated so far is
// background and misses.
func (c *collector) due(at time.Duration, missed, held int64) bool {
	allocated := baseAllocs*at.Seconds() + float64(missed)
	if allocated < c.next {
		return false
	}
	c.next = allocated + baseLive + float64(held)
	return true
}
