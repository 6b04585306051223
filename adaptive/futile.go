package adaptive

import "github.com/otelpool/pool/control"

// futility is whether the pools are worth the trouble. When memory is short and
// pools hold next to nothing of it, they are not the cause: no collection is
// asked for to find out what of the program's own memory is garbage.
type futility struct {
	futile bool
	was    bool // in the run before
}

// 1/futileShare of the memory limit is too little to matter.
const futileShare = 50

func (f *futility) see(p *policy, s *sample) {
	f.was = f.futile
	switch {
	case p.pressure.level < control.PressureHigh:
		f.futile = false
	case p.pressure.told(&s.Reading, s.At):
		f.futile = p.holdLittle(s.Reading.Heap.Free)
	}
}

// holdLittle reports whether all pools together hold too little to matter, what they
// dropped included, as garbage or as free as it is by now.
func (p *policy) holdLittle(free int64) bool {
	limit := p.memory.limit
	if limit == NoLimit {
		limit = p.memory.total
	}
	return limit > 0 && p.idle+p.garbage.bytes+free < limit/futileShare
}
