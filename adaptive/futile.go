package adaptive

import (
	"time"

	"github.com/otelpool/pool"
)

// futility is whether the pools are worth the trouble. When memory is short and
// pools hold next to nothing of it, they are not the cause, and dropping what
// they hold makes matters worse: every object dropped is allocated again, and
// the shorter memory is, the more an allocation costs the collector.
//
// So at the critical level, once a collection has shown that the heap is full
// without the pools, they get back the little that they may have at the level
// below. Only a heap that is full gives that relief; a control group near its
// limit, or tasks that stall, do not.
type futility struct {
	relieved bool
	wait     time.Duration // to be critical for so long first; doubles when relief went wrong
	since    time.Duration
}

// futileShare of the memory limit, as one in so many, is too little to matter.
const futileShare = 50

// holdLittle tells whether all pools together hold too little to matter.
func (p *policy) holdLittle() bool {
	limit := p.memory.limit
	if limit == NoLimit {
		limit = p.memory.total
	}
	return limit > 0 && p.idle < limit/futileShare
}

func (f *futility) see(p *policy, s *sample) {
	if p.pressure.level < pool.PressureCritical {
		*f = futility{}
		return
	}
	heap := p.pressure.cause == pool.CauseHeap || p.pressure.cause == pool.CauseLimiter
	switch {
	case f.wait == 0:
		f.wait, f.since = p.c.Dwell, s.At
	case p.pressure.hardEvent || !heap:
		if f.relieved {
			f.wait *= 2
		}
		f.relieved, f.since = false, s.At
	case s.At-f.since >= f.wait && p.pressure.told(&s.Reading, s.At) && (f.relieved || p.holdLittle()):
		f.relieved = true
	}
}
