package magazine

import (
	"unsafe"

	"github.com/otelpool/pool/internal/percpu"
)

// Cell is one class on one P. Its first 64 bytes are all that Get and Put touch
// besides the slot itself. An object is either the top one, or in the loaded
// magazine: what is put and taken again at once passes through the top alone,
// whose address is known early, while a slot's takes another load to know.
type Cell struct {
	top    unsafe.Pointer // the object put last, unless it has been taken
	tally  uint64         // hits and bytes requested, see Count
	pooled uint64
	slots  unsafe.Pointer // the loaded magazine's first slot
	n      int            // objects in the loaded magazine
	low    int            // Get takes of them while there are more than this: the others are sealed, see unseal
	room   int            // objects it may have, the top included, before the quota or the magazine ends
	loaded *stack

	// What follows is touched on slow paths, and by pools of sized objects.
	previous *stack // nil, or with previous.n objects
	quota    int64  // bytes charged for this cell
	misses   uint64
	drained  drained
	sized    *sized // nil but for sized objects
	asked    int32  // 0, or to settle: one more than the loaded magazine's objects that were not used in a window
	touched  bool   // previous was swapped in or out since the cell settled
	live     bool   // belongs to a P; the others are neither filled nor emptied
	lock     percpu.Lock

	schedule *schedule // of samples; nil: none

	_ [24]byte // two and a half cache lines: what Get and Put touch of every other class is on one
}

// sized is what a cell of sized objects has besides.
type sized struct {
	sizes       unsafe.Pointer // the loaded magazine's first size
	slack       int64          // the part of the quota that is not filled
	pooledBytes uint64
	hitBytes    uint64
}

// void is what a P without a shard finds in place of its cells: nothing to take
// and no room to give. Nothing is ever written to it but, in portable builds, the
// locks.
var void [MaxClasses]Cell

// Take takes an object off the cell, or returns nil: then ask [Pool.Get]. Who
// gets one has to Count it. The caller holds the cell, here and below.
func (c *Cell) Take() unsafe.Pointer {
	if x := c.top; x != nil {
		c.top = nil
		return x
	}
	return c.Pop()
}

// TakeTop is the first half of Take, for those who have to ask something before
// the second: the top object, or nil.
func (c *Cell) TakeTop() unsafe.Pointer {
	x := c.top
	if x != nil {
		c.top = nil
	}
	return x
}

// Pop is the second half: it takes an object off the loaded magazine, or returns
// nil.
func (c *Cell) Pop() unsafe.Pointer {
	n := c.n
	if n <= c.low {
		return nil
	}
	slot := (*unsafe.Pointer)(unsafe.Add(c.slots, n*wordSize-wordSize))
	x := *slot
	*slot = nil // or the pool would keep alive what the caller drops
	c.n = n - 1
	return x
}

// Give puts an object on the cell, or returns false: then ask [Pool.Put].
func (c *Cell) Give(x unsafe.Pointer) bool {
	if c.top == nil && c.room > 0 {
		c.top = x
	} else if !c.push(x) {
		return false
	}
	c.pooled++
	return true
}

// push puts an object on the loaded magazine, if there is room.
func (c *Cell) push(x unsafe.Pointer) bool {
	n := c.n + 1
	if n >= c.room {
		return false
	}
	*(*unsafe.Pointer)(unsafe.Add(c.slots, n*wordSize-wordSize)) = x
	c.n = n
	return true
}

// TakeSized is Take in a pool of sized objects, whose top stays empty: what is
// kept beside a slot costs more than the slot.
func (c *Cell) TakeSized() unsafe.Pointer {
	x := c.Pop()
	if x == nil {
		return nil
	}
	z := c.sized
	size := *(*int64)(unsafe.Add(z.sizes, c.n*8))
	z.slack += size
	z.hitBytes += uint64(size)
	return x
}

// GiveSized is Give in a pool of sized objects.
func (c *Cell) GiveSized(x unsafe.Pointer, size int64) bool {
	z := c.sized
	if z == nil || size > z.slack || !c.push(x) {
		return false
	}
	*(*int64)(unsafe.Add(z.sizes, c.n*8-8)) = size
	z.slack -= size
	z.pooledBytes += uint64(size)
	c.pooled++
	return true
}

const wordSize = int(unsafe.Sizeof(uintptr(0)))

// load makes s the loaded magazine. The one loaded before must have been stored.
func (c *Cell) load(s *stack) {
	c.loaded, c.n, c.low = s, s.n, 0
	c.slots = unsafe.Pointer(unsafe.SliceData(s.slots))
	if c.sized != nil {
		c.sized.sizes = unsafe.Pointer(unsafe.SliceData(s.sizes))
	}
}

// store writes the loaded magazine's count back and returns it, or nil.
func (c *Cell) store() *stack {
	if c.loaded != nil {
		c.loaded.n = c.n
	}
	return c.loaded
}

// swap exchanges the loaded and the previous magazine; both must exist.
func (c *Cell) swap() {
	previous := c.previous
	c.previous = c.store()
	c.load(previous)
	c.touched = true
}

// strip takes both magazines, the top object and the quota from the cell.
func (c *Cell) strip() (top unsafe.Pointer, a, b *stack, quota int64) {
	top, a, b, quota = c.top, c.store(), c.previous, c.quota
	c.top, c.loaded, c.previous, c.slots = nil, nil, nil, nil
	c.n, c.low, c.room, c.quota = 0, 0, 0, 0
	c.asked, c.touched = 0, false
	if c.sized != nil {
		c.sized.sizes, c.sized.slack = nil, 0
	}
	return top, a, b, quota
}

// held is the objects in the cell.
func (c *Cell) held() int {
	n := c.n
	if c.previous != nil {
		n += c.previous.n
	}
	if c.top != nil {
		n++
	}
	return n
}
