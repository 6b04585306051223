package safety

import (
	"slices"
	"time"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/raceghost"
)

// Return is told of what was given back and is not of the pool's ordinary
// kind. It returns nil if it is no stand-in: the pool's to judge. If again is
// true, it was given back already. Otherwise the caller takes what it stood for, see
// Spare, and calls Confine. It knows nothing if w is nil.
func (w *Watch) Return(x unsafe.Pointer) (s *StandIn, again bool) {
	if w == nil {
		return nil, false
	}
	start := time.Now()
	// What x is, and that it is back, is decided under one lock: of two Puts of one stand-in that
	// come at the same time the second is the double one. A record whose memory has gone is of
	// another object than x, which the allocator has put there since.
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
	// The pointer to its beginning is made from x, and not from the number base, which keeps nothing
	// alive: x does until kept is set.
	s.state, s.kept, s.returned, s.put = back, unsafe.Add(x, -int(offset)), start, here
	w.out.Add(-1)
	w.mu.Unlock()
	if offset != 0 {
		s.part = true
		w.found(pool.MisuseSuffix, s, &here)
	}
	return s, false
}

// Spare is the class, and what the pool may have in exchange; nil is for the
// pool to make. Only who got the stand-in from Return calls it, once: so the spare has one owner.
func (s *StandIn) Spare() (class int, x unsafe.Pointer) {
	x, s.spare = s.spare, nil
	return s.class, x
}

// Confine puts a stand-in that was given back into quarantine, and lets go of
// those that have been there longest.
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
	// The checks above need no lock: s is back, so that no other Put gets it, and not in quarantine
	// yet, where others look at it.
	w.mu.Lock()
	w.quarantine = append(w.quarantine, s)
	w.since = 0
	w.confined += s.size
	w.bytes.Add(-s.weighs())
	released := w.surplus()
	w.mu.Unlock()
	w.release(released)
	w.gave(s.class, time.Since(s.returned))
}

// surplus takes out of quarantine what is beyond its limits. The caller holds mu. The one that came
// last stays, however large: a quarantine that lets everything go at once finds nothing.
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
	released = slices.Clone(w.quarantine[:n]) // the caller looks at them when it has left the lock
	clear(w.quarantine[:n])
	w.quarantine = w.quarantine[n:]
	return released
}

// release looks at stand-ins that have left quarantine for the last time. No Put finds them any more,
// so but for who writes to them late they are this goroutine's, and it needs no lock.
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

// inspected is how many of the latest in quarantine a strict pool looks at when the
// next stand-in goes out; others look at the latest one, seldom after a while.
const inspected = 4

// inspect looks at what came into quarantine last. It compares under the lock, or another could take
// the stand-in out and let the collector have its memory: 4 KiB of a pool that samples. Objects are
// not filled, so of those there is nothing to see.
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

// turn is how many are to be inspected now. The caller holds mu. The time between two inspections of
// a stand-in doubles: a write that comes late mostly comes soon.
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

// Close empties the quarantine, and lets nothing more into it. It does nothing
// if w is nil.
func (w *Watch) Close() { w.empty(true) }

// Flush empties the quarantine. It does nothing if w is nil.
func (w *Watch) Flush() { w.empty(false) }

func (w *Watch) empty(forGood bool) {
	if w == nil {
		return
	}
	w.mu.Lock()
	was := w.closed
	w.closed = true // for surplus, and under the lock for nobody else
	released := w.surplus()
	w.closed = was || forGood
	w.mu.Unlock()
	w.release(released)
}
