package adaptive

// 1/futileShare of the memory limit is too little to matter.
const futileShare = 50

// judge finds out whether the pools are worth the trouble. When memory is short and
// pools hold next to nothing of it, they are not the cause: no collection is
// asked for to find out what of the program's own memory is garbage.
func (p *policy) judge(s *sample) {
	was := p.futile
	if !p.pressed() {
		p.futile = false
	} else if p.pressure.told(&s.Reading, s.At) {
		p.futile = p.holdLittle(s.Reading.Heap.Free)
	}
	p.turnedFutile = p.futile && !was
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
