package safety

import (
	"bytes"
	"runtime"
	"time"
	"unsafe"
	"weak"

	"github.com/otelpool/pool/internal/raceghost"
)

// guard is how many bytes beyond the capacity of a buffer must stay as they are.
const guard = 11

// sampledPoison is how much of a buffer in quarantine is looked at if not all is:
// its beginning, where late writes go as a rule.
const sampledPoison = 4 << 10

// What quarantined memory is filled with, and what lies beyond a buffer.
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
	// From here to back it is known by a number and a weak pointer: a pointer to it would keep it
	// alive, and what its user loses could not be found.
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
	w.took(class, capacity, time.Since(start))
	return b[:capacity:capacity]
}

// weighs is its memory, if that is its own and not an object's of New.
func (s *StandIn) weighs() int64 {
	if s.object() {
		return 0
	}
	return int64(s.span)
}

// buffer is all of a quarantined buffer. It was made with so many bytes, and kept keeps it alive.
func (s *StandIn) buffer() []byte { return unsafe.Slice((*byte)(s.kept), s.span) }

// pattern is what quarantined buffers are filled with, a page of it. It is compared a page at a time,
// since bytes.Equal is as fast as memory for that.
func (w *Watch) pattern() []byte {
	if w.Clears {
		return clearPage
	}
	return poisonPage
}

// guarded is how many bytes of a quarantined buffer are filled and looked at.
func (w *Watch) guarded(s *StandIn) int {
	if w.Strict || w.Clears {
		return s.size
	}
	return min(s.size, sampledPoison)
}

// poison fills a buffer that was given back. Its user has no right to it any more, and nobody else
// knows it yet, so no lock is needed. A late write that comes now may be lost under the pattern.
func (w *Watch) poison(s *StandIn) {
	page := w.pattern()
	for b := s.buffer()[:w.guarded(s)]; len(b) > 0; {
		b = b[copy(b, page):]
	}
}

// written tells whether a quarantined buffer was written to. It may be written to at this moment,
// which is a data race: of the program that is at fault, and what is read decides nothing but
// whether that is reported.
func (w *Watch) written(s *StandIn) bool {
	if s.object() {
		return false // what an object does of itself after Put is its own affair
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

// overrun tells whether a buffer was written to beyond its capacity. It looks before poison, which
// leaves those bytes alone: a write that comes after Put is found as such.
func (s *StandIn) overrun() bool {
	return !s.object() && !bytes.Equal(s.buffer()[s.size:], guardPage)
}

// unwatched is b for a comparison that the race detector does not see: b is its ghost's.
func unwatched(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// haunt gives what goes into quarantine to a ghost, in race builds.
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
