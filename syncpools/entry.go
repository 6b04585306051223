//go:build linux || darwin || windows || freebsd

package syncpools

import (
	"sync"
	"unsafe"
	"weak"
)

// entry is one pool. It refers weakly to a pool on the heap, so that a
// connection's pool can be collected with it.
type entry struct {
	global   *sync.Pool // a variable's; nil for one on the heap
	heap     weak.Pointer[sync.Pool]
	row      *row
	last     content // without the sample
	at       uint64  // number of collections before last
	original func() any
	counting unsafe.Pointer // the closure that replaces original and calls it
}

func newEntry(p *sync.Pool, r *row) *entry {
	if data().has(address(p)) || bss().has(address(p)) {
		return &entry{row: r, global: p}
	}
	return &entry{row: r, heap: weak.Make(p)}
}

// pool returns the pool, or nil when it is gone.
func (e *entry) pool() *sync.Pool {
	if e.global != nil {
		return e.global
	}
	return e.heap.Value()
}

// readInto adds the pool to its row. It reports false when the pool is gone.
func (e *entry) readInto(s *Census) bool {
	p := e.pool()
	if p == nil {
		e.row.dropped += uint64(e.last.victim + e.last.primary)
		return false
	}
	c, at := lookPinned(shapeOf(p))
	switch passed := at - e.at; {
	case passed > 1:
		e.row.dropped += uint64(e.last.victim + e.last.primary)
	case passed == 1:
		e.row.dropped += uint64(e.last.victim)
	}
	if z := s.sizingOf(c.sample.typ); z != nil {
		e.row.object = z.name
		e.row.weigh(z.weigh(c.sample.data))
	}
	e.row.pools++
	e.row.objects += int64(c.primary + c.victim)
	e.last, e.at = content{primary: c.primary, victim: c.victim}, at
	return true
}

// lookPinned looks while no collection can start, and returns the number of
// collections so far.
//
//go:norace
func lookPinned(p *poolShape) (c content, epoch uint64) {
	pin()
	c, epoch = look(p), collected.epoch
	unpin()
	return c, epoch
}

// count replaces New by a function that counts.
func (e *entry) count() {
	p := e.pool()
	if p == nil || newOf(shapeOf(p)) == nil {
		return
	}
	e.original = ofPool(p)
	counted := func() any {
		e.row.misses.Add(1)
		return e.original()
	}
	e.counting = *(*unsafe.Pointer)(unsafe.Pointer(&counted))
	setNew(p, counted)
}

// restore undoes count, unless the owner has changed New since.
func (e *entry) restore() {
	if p := e.pool(); p != nil && e.counting != nil && newOf(shapeOf(p)) == e.counting {
		setNew(p, e.original)
	}
}

// newOf reads one word. The pool's owner wrote it before the first use, and the
// census learns of the pool from a collection after that: an order that the
// race detector does not see.
//
//go:norace
func newOf(p *poolShape) unsafe.Pointer { return p.new }

//go:norace
func ofPool(p *sync.Pool) func() any { return p.New }

// setNew writes one word. A Get on another P may be reading it and finds either
// function.
//
//go:norace
func setNew(p *sync.Pool, f func() any) { p.New = f }
