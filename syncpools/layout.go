//go:build linux || darwin || windows || freebsd

package syncpools

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// These types mirror package sync (pool.go, poolqueue.go). The census reads
// through them only after prove has compared them with pools of known content.

type poolShape struct {
	local      unsafe.Pointer // of [localSize]localShape, strideOfLocals apart
	localSize  uintptr
	victim     unsafe.Pointer
	victimSize uintptr
	new        unsafe.Pointer // of the function's closure
}

type localShape struct {
	private eface
	head    *dequeueShape // grows here
	tail    *dequeueShape // shrinks here
}

type dequeueShape struct {
	ringShape
	next, _ *dequeueShape // the other is the one before
}

// ringShape is a struct of its own, as in package sync, where its first word is aligned
// to 8 bytes on every platform, and its length with it.
type ringShape struct {
	headTail atomic.Uint64 // two indexes of 32 bits: as many objects as they differ by
	ring     []eface
}

type eface struct{ typ, data unsafe.Pointer }

// strideOfLocals is the distance of two Ps' parts of a pool, padded to 128 bytes.
const strideOfLocals = (unsafe.Sizeof(localShape{}) + 127) &^ 127

// mostRings bounds the walk along a corrupt chain: rings double in length from
// 8 on, so that 40 of them hold more than fits memory.
const mostRings = 40

func shapeOf(p *sync.Pool) *poolShape { return (*poolShape)(unsafe.Pointer(p)) }

// content counts a pool's objects: primary ones were put since the last
// collection; the next collection drops the victims that nobody takes.
type content struct {
	primary, victim int
	sample          eface  // any object; zero without one
	place           *eface // where the sample was read
}

// settle drops the sample unless it still lies where it was read. An object is two
// words, which a Put on another P writes one after the other, so that the first
// reading may have one type's word and another object's address. Between two objects
// package sync clears both words, so the same two words again, after the whole pool
// was walked, are of one object.
//
//go:norace
//go:nocheckptr
func (c *content) settle() {
	if c.place != nil && (atomic.LoadPointer(&c.place.typ) != c.sample.typ || atomic.LoadPointer(&c.place.data) != c.sample.data) {
		c.sample = eface{}
	}
	c.place = nil
}

// take notes the object at a place as the sample, if there is none.
//
//go:norace
//go:nocheckptr
func (c *content) take(place *eface) {
	if c.place != nil {
		return
	}
	typ := atomic.LoadPointer(&place.typ)
	if data := atomic.LoadPointer(&place.data); typ != nil && data != nil {
		c.sample, c.place = eface{typ, data}, place
	}
}

// look counts the objects of p. The caller is pinned: no collection can start,
// so the arrays stay and fit their sizes. Other Ps go on working, so each P is
// counted at another moment of the call.
//
//go:norace
//go:nocheckptr
func look(p *poolShape) (c content) {
	c.primary = c.lookAt(p.local, p.localSize)
	c.victim = c.lookAt(p.victim, p.victimSize)
	c.settle()
	return c
}

//go:norace
//go:nocheckptr
func (c *content) lookAt(locals unsafe.Pointer, size uintptr) (n int) {
	if locals == nil {
		return 0
	}
	for i := range size {
		l := (*localShape)(unsafe.Add(locals, i*strideOfLocals))
		if l.private.typ != nil {
			n++
			c.take(&l.private)
		}
		for d, rings := l.tail, 0; d != nil && rings < mostRings; d, rings = d.next, rings+1 {
			n += c.lookIn(d)
		}
	}
	return n
}

// lookIn counts a ring. Its two indexes are one word, so they belong together.
//
//go:norace
//go:nocheckptr
func (c *content) lookIn(d *dequeueShape) int {
	indexes := *(*uint64)(unsafe.Pointer(&d.headTail))
	head, tail := uint32(indexes>>32), uint32(indexes)
	n := int(head - tail)
	if n <= 0 || n > len(d.ring) {
		return 0 // another P is emptying the ring right now
	}
	c.take(&d.ring[(head-1)&uint32(len(d.ring)-1)])
	return n
}
