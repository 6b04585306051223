package safety

import (
	"bytes"
	"runtime"
	"time"
	"unsafe"
	"weak"

	"github.com/otelpool/pool/internal/raceghost"
)

// guard is the number of bytes beyond a buffer's capacity that must not change.
const guard = 11

// sampledPoison is the number of bytes inspected of a quarantined buffer in a
// sampled pool: its beginning, where most late writes go.
const sampledPoison = 4 << 10

// The fill of quarantined memory, and of the guard beyond a buffer.
const (
	poisonByte = 0xDB
	guardByte  = 0xFD
)

var (
	poisonPage = bytes.Repeat([]byte{poisonByte}, sampledPoison)
	clearPage  = make([]byte, sampledPoison)
	guardPage  = bytes.Repeat([]byte{guardByte}, guard)
)

// TakeBuffer returns a stand-in of the given capacity, which must be one that no
// other buffer has, for spare, a buffer of the class or nil, and for as many
// requests as weight says. It returns nil if there are too many stand-ins.
func (w *Watch) TakeBuffer(spare unsafe.Pointer, class, capacity int, weight int64) []byte {
	start := time.Now()
	b := make([]byte, capacity+guard)
	copy(b[capacity:], guardPage)
	// From here until it is back only a number and a weak pointer refer to it: a
	// pointer would keep it alive, and a lost one could not be found.
	first := unsafe.SliceData(b)
	s := &StandIn{
		base: uintptr(unsafe.Pointer(first)), span: uintptr(len(b)), size: capacity,
		class: class, spare: spare, memory: weak.Make(first), weight: weight,
	}
	if !w.take(s) {
		return nil
	}
	w.bytes.Add(s.weighs()) // before the cleanup, which subtracts it
	runtime.AddCleanup(first, w.lost, s)
	w.cost(class, capacity, time.Since(start))
	return b[:capacity:capacity]
}

// weighs is its bytes, if it has memory of its own and is no object from New.
func (s *StandIn) weighs() int64 {
	if s.object() {
		return 0
	}
	return int64(s.span)
}

// buffer is all of a quarantined buffer. It was made with span bytes, and kept
// keeps it alive.
func (s *StandIn) buffer() []byte { return unsafe.Slice((*byte)(s.kept), s.span) }

// pattern is a page of the fill of quarantined buffers. Comparing a page at a time
// with bytes.Equal is as fast as memory.
func (w *Watch) pattern() []byte {
	if w.Clears {
		return clearPage
	}
	return poisonPage
}

// guarded is the number of bytes of a quarantined buffer that are filled and
// inspected.
func (w *Watch) guarded(s *StandIn) int {
	if w.Strict || w.Clears {
		return s.size
	}
	return min(s.size, sampledPoison)
}

// poison fills a buffer that was given back. It needs no lock: the user has no
// right to the buffer any more, and nobody else knows it yet. The pattern may
// overwrite a late write that comes now.
func (w *Watch) poison(s *StandIn) {
	page := w.pattern()
	for b := s.buffer()[:w.guarded(s)]; len(b) > 0; {
		b = b[copy(b, page):]
	}
}

// written reports whether a quarantined buffer was written to. A write at this
// moment is a data race, by the faulty program; the bytes read only decide whether
// to report it.
func (w *Watch) written(s *StandIn) bool {
	if s.object() {
		return false // an object may change itself after Put
	}
	page := w.pattern()
	for b := s.buffer()[:w.guarded(s)]; len(b) > 0; {
		n := min(len(b), len(page))
		if unwatched(b[:n]) != unwatched(page[:n]) {
			return true
		}
		b = b[n:]
	}
	return false
}

// overrun reports whether a buffer was written to beyond its capacity. It runs
// before poison, which does not touch the guard, so that later writes there count
// as writes after Put.
func (s *StandIn) overrun() bool {
	return !s.object() && !bytes.Equal(s.buffer()[s.size:], guardPage)
}

// unwatched is b for a comparison that the race detector does not see, because b
// belongs to its ghost.
func unwatched(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// haunt gives a stand-in that goes into quarantine to a ghost, in race builds.
func (w *Watch) haunt(s *StandIn) {
	if s.object() {
		raceghost.PutObject(s.kept, s.typ)
	} else {
		raceghost.Put(s.kept, uintptr(s.size))
	}
	if s.part {
		raceghost.Part(s.kept, uintptr(s.size))
	}
}
