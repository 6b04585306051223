package adaptive

import (
	"math"
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

const (
	// largeTrim is from how many bytes on a trim is worth a collection.
	largeTrim = 8 << 20
	// betweenForced is the least time between two collections asked for at one
	// level: they cost as much as the pressure they fight.
	betweenForced = 10 * time.Second
	// betweenSaving is that between two without which the heap would outgrow what
	// there is, if each frees a worthwhileShare of it: GOGC=100 waits for all of
	// it, so these cost at most four times as much.
	betweenSaving   = 500 * time.Millisecond
	worthwhileShare = 4
)

// forceGC tells whether to ask for a collection: dropped objects are memory
// again only after one, and without a memory limit the runtime may let the heap
// double first, and be killed.
func (p *policy) forceGC(s *sample) bool {
	h := &s.Reading.Heap
	switch {
	case p.c.ForceGC == ForceGCNever, p.c.ForceGC == ForceGCAuto && (!h.OK() || h.Limit != NoLimit):
		return false
	case p.freed < largeTrim:
		return false
	}
	since := time.Duration(math.MaxInt64)
	if p.hasForce {
		since = s.At - p.forced
	}
	saving := p.outgrows(h) && p.freed >= h.Live/worthwhileShare && since >= betweenSaving
	pressed := (p.pressure.level >= pool.PressureHigh || p.outgrows(h)) && since >= betweenForced
	if !saving && !pressed {
		return false
	}
	p.forced, p.hasForce, p.freed = s.At, true, 0
	return true
}

// outgrows tells whether the runtime means to let the heap grow to where the
// critical level begins before it collects. It does not stop there exactly.
func (p *policy) outgrows(h *HeapReading) bool {
	if !h.OK() || p.memory.limit == NoLimit {
		return false
	}
	return float64(h.Goal+h.Used()-h.Live) > p.c.Levels.Critical.Enter*float64(p.memory.limit)
}
