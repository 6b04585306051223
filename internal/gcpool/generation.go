package gcpool

import (
	"sync"
	"sync/atomic"
	"unsafe"
	"weak"

	"github.com/otelpool/pool/internal/percpu"
)

// generation is what is put between two collections. It has a slot for each P; fewer,
// if GOMAXPROCS has risen; none, until the first use.
type generation struct {
	of     []Slot
	number uint64
	shared atomic.Pointer[sync.Pool] // nil until a slot was full
	aged   weak.Pointer[generation]  // the one before
	past   atomic.Bool               // aged has had its time: take nothing from it
}

// parity says which of two counters are the generation's.
func (g *generation) parity() int { return int(g.number & 1) }

// slot is the P's, or nil if it has none.
func (g *generation) slot(pid int) *Slot {
	if uint(pid) < uint(len(g.of)) {
		return &g.of[pid]
	}
	return nil
}

// Slot is one P's, on a cache line of its own, which prevents false sharing.
type Slot struct {
	x            any
	hits, pooled *uint64 // the P's counters of the slot's generation
	owner        *generation
	lock         percpu.Lock
	settled      bool // the P has nothing in the generation before, and never will
	_            [23 - unsafe.Sizeof(percpu.Lock{})]byte
}

// Take empties the P's slot and returns what was in it, which it counts as a hit, or nil.
func (s *Slot) Take() any {
	s.lock.Lock()
	x := s.x
	if x != nil {
		s.x = nil
		percpu.Inc(s.hits)
	}
	s.lock.Unlock()
	return x
}

// Put counts x, which is not nil, as pooled, and fills the P's slot with it. It reports
// false if that was full: then unpin and call the pool's Put.
func (s *Slot) Put(x any) bool {
	percpu.Inc(s.pooled)
	return s.fill(x)
}

// fill puts x into the slot if that is empty. The caller has counted x: nobody may take
// what is not counted.
func (s *Slot) fill(x any) bool {
	s.lock.Lock()
	empty := s.x == nil
	if empty {
		s.x = x
	}
	s.lock.Unlock()
	return empty
}

// share is the generation's sync.Pool.
func (g *generation) share() *sync.Pool {
	if p := g.shared.Load(); p != nil {
		return p
	}
	g.shared.CompareAndSwap(nil, &sync.Pool{New: nothing})
	return g.shared.Load()
}

// nothing is the New of these pools, by which package syncpools knows them.
func nothing() any { return nil }

// isSettled reports that there is nothing in the generation before that the P could take.
func (g *generation) isSettled() bool {
	settled := false
	if s := g.slot(percpu.Pin()); s != nil {
		s.lock.Lock()
		settled = s.settled
		s.lock.Unlock()
	}
	percpu.Unpin()
	return settled
}

// settle takes what the P's slot has in the generation before, or notes that there is
// nothing left for this P. No section of this P can put something there any more: it
// has seen this one.
func (g *generation) settle(before *generation) (x any) {
	pid := percpu.Pin()
	if before != nil {
		if s := before.slot(pid); s != nil {
			x = s.Take()
		}
	}
	if s := g.slot(pid); s != nil && x == nil {
		s.lock.Lock()
		s.settled = true
		s.lock.Unlock()
	}
	percpu.Unpin()
	return x
}
