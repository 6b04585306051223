//go:build linux || darwin || windows || freebsd

package syncpools

import (
	"sync"
	"unsafe"
)

// These mirror package sync (pool.go, poolqueue.go). Nothing is read by them
// before prove has compared what they show with what is known.

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
	headTail   uint64 // two indexes of 32 bits: as many objects as they differ by
	ring       []eface
	next, prev *dequeueShape
}

type eface struct{ typ, data unsafe.Pointer }

// strideOfLocals is the distance of two Ps' parts of a pool, padded to 128 bytes.
const strideOfLocals = (unsafe.Sizeof(localShape{}) + 127) &^ 127

// mostRings bounds a walk along a chain that is not what it seems to be: rings
// double in length from 8 on, so that 40 of them hold more than memory does.
const mostRings = 40

func shapeOf(p *sync.Pool) *poolShape { return (*poolShape)(unsafe.Pointer(p)) }

// content has what a pool holds: what was put since the last collection, and what
// the next one drops if nobody takes it.
type content struct {
	primary, victim int
	sample          eface // any object; zero where there is none
}

// look counts what p holds. The caller is pinned: no collection can start, so the
// arrays stay and belong to their sizes. Other Ps go on, so a count is of
// some moment of the call for each P, and of no single one for all.
//
//go:norace
//go:nocheckptr
func look(p *poolShape) (c content) {
	c.primary = lookAt(p.local, p.localSize, &c.sample)
	c.victim = lookAt(p.victim, p.victimSize, &c.sample)
	return c
}

//go:norace
//go:nocheckptr
func lookAt(locals unsafe.Pointer, size uintptr, sample *eface) (n int) {
	if locals == nil {
		return 0
	}
	for i := range size {
		l := (*localShape)(unsafe.Add(locals, i*strideOfLocals))
		if private := l.private; private.typ != nil {
			n++
			*sample = private
		}
		for d, rings := l.tail, 0; d != nil && rings < mostRings; d, rings = d.next, rings+1 {
			n += lookIn(d, sample)
		}
	}
	return n
}

// lookIn counts a ring. Its two indexes are one word, so they belong together.
//
//go:norace
//go:nocheckptr
func lookIn(d *dequeueShape, sample *eface) int {
	indexes := d.headTail
	head, tail := uint32(indexes>>32), uint32(indexes)
	n := int(head - tail)
	if n <= 0 || n > len(d.ring) {
		return 0 // a ring that is being emptied by somebody who is ahead of us
	}
	if slot := d.ring[(head-1)&uint32(len(d.ring)-1)]; slot.typ != nil && sample.typ == nil {
		*sample = slot
	}
	return n
}
