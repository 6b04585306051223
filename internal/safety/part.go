package safety

import (
	"time"

	"github.com/otelpool/pool"
)

// Part is the record of a part of a pool's memory that has an owner of its own, and itself
// finds out when it is misused. A strict pool's has the places where it was taken and given
// back. The zero Part records nothing.
type Part struct {
	watch  *Watch
	size   int
	places *StandIn // of a strict pool; guarded by the watch's mu
}

// Part begins a record of so many bytes. w may be nil.
func (w *Watch) Part(size int) Part {
	p := Part{watch: w, size: size}
	if w != nil && w.Strict {
		p.places = &StandIn{size: size, taken: time.Now()}
		p.places.get.capture()
	}
	return p
}

// Watch returns the pool's; it may be nil.
func (p *Part) Watch() *Watch { return p.watch }

// Gave notes that the part was given back, once.
func (p *Part) Gave() {
	if p.places != nil {
		p.watch.ended(p.places)
	}
}

// ended notes in the record of a slot or a part that it was given back, and by whom.
func (w *Watch) ended(s *StandIn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s.state, s.returned = back, time.Now()
	s.put.capture()
}

// known is a copy of the record of a slot or a part, because the slot may be taken again,
// or the part given back, while a report is written. Without a record only the size is
// known.
func (w *Watch) known(s *StandIn, size int) StandIn {
	if s == nil {
		return StandIn{size: size}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return *s
}

// Misused counts and reports misuse of a part that was given back, and panics in a strict
// pool: whoever has asked for every check wants to know at once.
func (p *Part) Misused(kind pool.MisuseKind, detail string) {
	if p.watch == nil {
		return
	}
	known := p.watch.known(p.places, p.size)
	known.detail = detail
	var late trace
	late.capture()
	p.watch.report(kind, &known, &late, p.watch.Strict)
}
