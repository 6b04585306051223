package safety

import (
	"slices"
	"time"
	"unsafe"

	"github.com/otelpool/pool"
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
	w.mu.Lock()
	s = w.index.find(uintptr(x))
	if s == nil || s.state == out && s.gone() {
		w.mu.Unlock()
		return nil, false
	}
	var here trace
	here.capture()
	if s.state == back {
		w.mu.Unlock()
		w.found(pool.MisuseDouble, s, &here)
		return s, true
	}
	offset := uintptr(x) - s.base
	s.state, s.kept, s.returned, s.put = back, unsafe.Add(x, -int(offset)), start, here
	w.out.Add(-1)
	w.mu.Unlock()
	if offset != 0 {
		w.found(pool.MisuseSuffix, s, &here)
	}
	return s, false
}

// Spare is the class, and what the pool may have in exchange; nil is for the
// pool to make.
func (s *StandIn) Spare() (class int, x unsafe.Pointer) {
	x, s.spare = s.spare, nil
	return s.class, x
}

// Confine puts a stand-in that was given back into quarantine, and lets go of
// those that have been there longest.
func (w *Watch) Confine(s *StandIn) {
	if !s.object {
		if s.overrun() {
			w.found(pool.MisuseOverrun, s, nil)
		}
		w.poison(s)
	}
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

// surplus takes out of quarantine what is beyond its limits. The caller holds mu.
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
	released = slices.Clone(w.quarantine[:n])
	clear(w.quarantine[:n])
	w.quarantine = w.quarantine[n:]
	return released
}

// release looks at stand-ins that have left quarantine for the last time.
func (w *Watch) release(rs []*StandIn) {
	for _, s := range rs {
		spoilt := !s.spoilt && w.written(s)
		x := s.kept
		s.kept = nil
		if s.object {
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

// inspect looks at what came into quarantine last.
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

// turn is how many are to be inspected now. The caller holds mu.
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
	w.closed = true
	released := w.surplus()
	w.closed = was || forGood
	w.mu.Unlock()
	w.release(released)
}
