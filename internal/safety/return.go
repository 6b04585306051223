package safety

import (
	"slices"
	"time"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/raceghost"
)

// Return finds the stand-in for memory that was given back and is not of the pool's
// ordinary kind. It returns nil if there is none, or if w is nil: then the pool
// decides. If again is true, it was given back already. Otherwise the caller takes
// the object that it stood for, see Spare, and calls Confine.
func (w *Watch) Return(x unsafe.Pointer) (s *StandIn, again bool) {
	if w == nil {
		return nil, false
	}
	start := time.Now()
	// One lock covers finding x and marking it as back: of two Puts of a stand-in
	// at the same time the second is the double one. A record whose memory has gone
	// belongs to another object than x, which the allocator has put there since.
	w.mu.Lock()
	s = w.index.find(uintptr(x))
	if s == nil || s.state == out && s.gone() {
		w.mu.Unlock()
		return nil, false
	}
	var here trace
	here.capture()
	if s.state == back {
		kept := s.kept
		w.mu.Unlock() // observers run without it
		raceghost.Again(kept, s.span)
		w.found(pool.MisuseDouble, s, &here)
		return s, true
	}
	offset := uintptr(x) - s.base
	// The pointer to its beginning is made from x, and not from the number base,
	// which keeps nothing alive; x does until kept is set.
	s.state, s.kept, s.returned, s.put = back, unsafe.Add(x, -int(offset)), start, here
	w.out.Add(-1)
	w.mu.Unlock()
	if offset != 0 {
		s.part = true
		w.found(pool.MisuseSuffix, s, &here)
	}
	return s, false
}

// Spare returns the class, and the object that the pool gets in exchange; nil if
// the pool has to make one. Only the caller that got the stand-in from Return calls
// it, once, so the spare has one owner.
func (s *StandIn) Spare() (class int, x unsafe.Pointer) {
	x, s.spare = s.spare, nil
	return s.class, x
}

// Confine puts a stand-in that was given back into quarantine, and releases those
// that have been there longest.
func (w *Watch) Confine(s *StandIn) {
	if !s.object() {
		if s.overrun() {
			w.found(pool.MisuseOverrun, s, nil)
		}
		w.poison(s)
	}
	if raceghost.On {
		w.haunt(s)
	}
	// The checks above need no lock: s is back, so no other Put gets it, and it is
	// not in quarantine yet, where others inspect it.
	w.mu.Lock()
	w.quarantine = append(w.quarantine, s)
	w.since = 0
	w.confined += s.size
	w.bytes.Add(-s.weighs())
	released := w.surplus()
	w.mu.Unlock()
	w.release(released)
	w.cost(s.class, s.size, time.Since(s.returned))
}

// surplus takes stand-ins beyond the limits out of quarantine. The caller holds mu.
// The latest stays, however large, because a quarantine that releases everything at
// once finds nothing.
func (w *Watch) surplus() (released []*StandIn) {
	number, bytes := sampledHeld, sampledBytes
	if w.Strict {
		number, bytes = strictHeld, strictHeldBytes
	}
	if w.closed {
		number = 0
	}
	n := 0
	for ; n < len(w.quarantine); n++ {
		if left := len(w.quarantine) - n; left <= number && (left == 1 || w.confined <= bytes) {
			break
		}
		s := w.quarantine[n]
		w.confined -= s.size
		w.bytes.Add(s.weighs())
		w.forget(s)
	}
	released = slices.Clone(w.quarantine[:n]) // the caller inspects them without the lock
	clear(w.quarantine[:n])
	w.quarantine = w.quarantine[n:]
	return released
}

// release inspects stand-ins that have left quarantine, for the last time. No Put
// finds them any more, so except for late writers only this goroutine has them, and
// it needs no lock.
func (w *Watch) release(rs []*StandIn) {
	for _, s := range rs {
		spoilt := !s.spoilt && w.written(s)
		x := s.kept
		s.kept = nil
		if s.object() {
			w.dropSpare(x)
		}
		if spoilt {
			w.found(pool.MisuseWrite, s, nil)
		}
	}
}

// inspected is the number of the latest in quarantine that a strict pool inspects
// when the next stand-in goes out; others inspect the latest one, ever more rarely.
const inspected = 4

// inspect checks the latest in quarantine. It compares under the lock, 4 KiB in a
// pool that samples: otherwise another goroutine could release the stand-in, and
// the collector free its memory. Objects are not filled, so it skips them.
func (w *Watch) inspect() {
	if w.Objects != nil {
		return
	}
	var spoilt []*StandIn
	w.mu.Lock()
	for _, s := range w.quarantine[len(w.quarantine)-w.turn():] {
		if !s.spoilt && w.written(s) {
			s.spoilt = true
			spoilt = append(spoilt, s)
		}
	}
	w.mu.Unlock()
	for _, s := range spoilt {
		w.found(pool.MisuseWrite, s, nil)
	}
}

// turn is the number to inspect now. The caller holds mu. The time between two
// inspections of a stand-in doubles, because most late writes come soon.
func (w *Watch) turn() int {
	n := inspected
	if !w.Strict {
		w.since++
		n = 0
		if w.since&(w.since-1) == 0 {
			n = 1
		}
	}
	return min(n, len(w.quarantine))
}

// Close empties the quarantine, and lets nothing more into it. It does nothing if w
// is nil.
func (w *Watch) Close() { w.empty(true) }

// Flush empties the quarantine. It does nothing if w is nil.
func (w *Watch) Flush() { w.empty(false) }

func (w *Watch) empty(forGood bool) {
	if w == nil {
		return
	}
	w.mu.Lock()
	was := w.closed
	w.closed = true // surplus reads it under the lock
	released := w.surplus()
	w.closed = was || forGood
	w.mu.Unlock()
	w.release(released)
}
