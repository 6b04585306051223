package adaptive

import (
	"math"
	"time"

	"github.com/otelpool/pool"
)

const (
	// largeTrim is from how many bytes on a trim is worth a collection.
	largeTrim = 8 << 20
	// betweenForced is the least time between two collections asked for at one
	// level: they cost as much as the pressure they fight.
	betweenForced = 10 * time.Second
	// worthwhileShare is the part of the heap, as one in so many, that has to be
	// garbage of ours for a collection at any time. GOGC=100 waits for all of it, so
	// these collections cost at most four times what the runtime's own do.
	worthwhileShare = 4
)

// seeGarbage adds what was dropped since the run before, and forgets what a
// collection has freed. Who gives many objects back may refer to them for a
// while: if a collection that was asked for left them in the heap, they are
// garbage that no collection has seen, once.
func (p *policy) seeGarbage(s *sample) {
	h := &s.Reading.Heap
	collected := h.Cycles != p.cycles
	if collected {
		p.freed, p.cycles = 0, h.Cycles
	}
	p.freed += max(dropped(s)-p.fitted, 0)
	left := collected && p.asked > 0 && !p.again && h.Live >= p.asked && p.outgrows(h)
	if left {
		p.freed += p.asked
	}
	p.again, p.asked = left, 0
}

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
	outgrows := p.outgrows(h)
	worthwhile := outgrows && p.freed >= h.Live/worthwhileShare
	pressed := outgrows || p.pressure.level >= pool.PressureHigh
	if !worthwhile && !(pressed && since >= betweenForced) {
		return false
	}
	p.forced, p.hasForce, p.asked, p.freed = s.At, true, p.freed, 0
	return true
}

// urgent tells whether to look again soon: memory is short, or nothing but us
// keeps garbage from making it short between two looks.
func (p *policy) urgent(s *sample) bool {
	h := &s.Reading.Heap
	alone := h.OK() && h.Limit == NoLimit && p.memory.limit != NoLimit && p.c.ForceGC != ForceGCNever
	return p.pressure.level > pool.PressureNone || alone
}

// outgrows tells whether the runtime means to let the heap grow to where memory
// is short before it collects. It does not stop there exactly: a burst of
// allocations runs on while the collection is under way.
func (p *policy) outgrows(h *HeapReading) bool {
	if !h.OK() || h.Limit != NoLimit || p.memory.limit == NoLimit {
		return false
	}
	return float64(h.Goal+h.Used()-h.Live) > p.c.Levels.High.Enter*float64(p.memory.limit)
}
