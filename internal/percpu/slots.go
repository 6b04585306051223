package percpu

import (
	"runtime"
	"sync/atomic"
	"unsafe"
	"weak"
)

// Slots keeps an object per P for as long as a sync.Pool would: what nobody took
// between two garbage collections is gone after the second. Get and Put of those
// who are pinned anyway cost two or three memory accesses more. The zero value is
// ready to use; it must not be copied. It is concurrency-safe. It allocates a
// cache line per P at the first Put, and again after a collection if it is used
// then.
//
//	if s := slots.At(pid); s != nil { x = s.Take() } // or s.Put(x)
//
// is for the pinned; when it fails, [Slots.TakeAged] and [Slots.Put] are for after
// Unpin.
//
// # Why it is right
//
// A slot belongs to one P: only who is pinned to that P, or in the portable
// build has the slot's lock, touches it. Sections on one P follow each other, and
// the scheduler's hand-over of the P makes what one wrote visible to the next.
// That holds for a slot in whatever array it lies. Take empties the slot that
// it reads, so an object has one owner, whichever array that was.
//
// So arrays can be replaced under those who use them, without waiting for
// anybody. After a collection the current array gives way to an empty one that
// refers to it weakly. A section that had loaded it before goes on with it, and
// what it puts there is found later through the weak pointer, or lost to the
// collector, as any idle object may be. A P that is quiet, or gone, needs not
// do anything for its object to go.
//
// With the weak pointer objects stay as long as in a sync.Pool, which lets go of
// its victims at the beginning of a collection, when nobody's code runs. What is
// put survives the first collection, after which its array is replaced; then it
// can still be taken; and the second collection finds nobody who refers to
// it, unless a P looks into the old array at that very moment.
type Slots struct{ now atomic.Pointer[slotArray] }

// slotArray has a slot for each P; fewer, if GOMAXPROCS has risen; none, from a
// collection until the next use. It is replaced, never changed.
type slotArray struct {
	of   []Slot
	aged weak.Pointer[slotArray] // that of before the last collection
}

// Slot is one P's, on a cache line of its own, which prevents false sharing.
type Slot struct {
	x       any
	lock    Lock
	settled bool // the P has nothing in the aged array, and never will
	_       [47 - unsafe.Sizeof(Lock{})]byte
}

// At is the P's slot, or nil if it has none now.
func (s *Slots) At(pid int) *Slot {
	if a := s.now.Load(); a != nil && uint(pid) < uint(len(a.of)) {
		return &a.of[pid]
	}
	return nil
}

// Take empties the P's slot and returns what was in it, or nil.
func (s *Slot) Take() any {
	s.lock.Lock()
	x := s.x
	if x != nil {
		s.x = nil
	}
	s.lock.Unlock()
	return x
}

// Put fills the P's slot with x, which is not nil, if it is empty, and reports
// whether it was.
func (s *Slot) Put(x any) bool {
	s.lock.Lock()
	empty := s.x == nil
	if empty {
		s.x = x
	}
	s.lock.Unlock()
	return empty
}

// Settled reports that TakeAged is not worth a call.
func (s *Slot) Settled() bool {
	s.lock.Lock()
	settled := s.settled
	s.lock.Unlock()
	return settled
}

func (s *Slot) markSettled() {
	s.lock.Lock()
	s.settled = true
	s.lock.Unlock()
}

// TakeAged takes what the P has had since before the last collection, or returns
// nil. Never call it pinned.
func (s *Slots) TakeAged() (x any) {
	a := s.now.Load()
	if a == nil {
		return nil
	}
	aged := a.aged.Value() // which may wait for the collector
	if aged != nil && len(a.of) == 0 {
		s.open(a) // to know next time where not to look
		return s.TakeAged()
	}
	pid := Pin()
	if aged != nil && pid < len(aged.of) {
		x = aged.of[pid].Take()
	}
	if pid < len(a.of) {
		a.of[pid].markSettled() // no section of this P can load aged from now any more: it has seen a there
	}
	Unpin()
	return x
}

// Put keeps x, which is not nil, and reports whether there was room. Never call
// it pinned.
func (s *Slots) Put(x any) bool {
	if a := s.now.Load(); a == nil || len(a.of) == 0 {
		s.open(a)
	}
	slot := s.At(Pin())
	kept := slot != nil && slot.Put(x)
	Unpin()
	return kept
}

// Drop lets go of all that is kept. It is for the end: what is put later may go
// with the first collection.
func (s *Slots) Drop() { s.now.Store(nil) }

// open puts an array with slots in the place of one without, unless somebody
// else has.
func (s *Slots) open(none *slotArray) {
	a := &slotArray{of: make([]Slot, runtime.GOMAXPROCS(0))}
	if none != nil {
		a.aged = none.aged
	}
	if s.now.CompareAndSwap(none, a) {
		AfterCollection(age, weak.Make(s))
	}
}

// age runs once for each array that open made, and nothing but Drop replaces one
// before. It does not keep alive what the program has dropped.
func age(w weak.Pointer[Slots]) {
	if s := w.Value(); s != nil {
		s.now.Store(&slotArray{aged: weak.Make(s.now.Load())})
	}
}
