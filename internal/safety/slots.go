package safety

import (
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/percpu"
)

// Slots is a Watch over the slots of a slab, whose pool finds misuse itself: a
// strict one remembers who took and gave back each slot. Its own methods do nothing if
// it has no Watch.
type Slots struct {
	*Watch
	slots []StandIn // of a strict one; guarded by mu
}

// NewSlots returns a Slots for count slots of so many bytes. w may be nil.
func NewSlots(w *Watch, count, size int) Slots {
	s := Slots{Watch: w}
	if w != nil && w.Strict {
		s.slots = make([]StandIn, count)
		for i := range s.slots {
			s.slots[i] = StandIn{size: size, state: done}
		}
	}
	return s
}

// Took notes that a slot was handed out.
func (s *Slots) Took(i uint32) {
	if s.slots != nil { // inlined, so that pools that are not strict pay only this; slots never changes
		s.took(i)
	}
}

// took comes before the user gets the slot's buffer, and Gave before the slot is
// free. So the two alternate for each slot, whichever goroutines call them.
func (s *Slots) took(i uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	slot := &s.slots[i]
	*slot = StandIn{size: slot.size, state: out, taken: time.Now(), tree: percpu.Tree()}
	slot.get.capture()
}

// Gave notes that a slot was given back. It comes before anybody can take it.
func (s *Slots) Gave(i uint32) {
	if s.slots != nil {
		s.ended(&s.slots[i])
	}
}

// Twice reports that a slot was given back while it was free.
func (s *Slots) Twice(i uint32, size int) {
	if s.Watch == nil {
		return
	}
	var slot *StandIn
	if s.slots != nil {
		slot = &s.slots[i]
	}
	known := s.known(slot, size)
	var late trace
	late.capture()
	s.found(pool.MisuseDouble, &known, &late)
}

// Samples is control.Sampler's. A slot that is out has a record of its own, written
// under the lock.
func (s *Slots) Samples(yield func(control.Sample) bool) {
	if s.slots == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.slots {
		slot := &s.slots[i]
		if slot.state == out && !yield(slot.sample(1)) {
			return
		}
	}
}
