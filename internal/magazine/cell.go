package magazine

import (
	"unsafe"

	"github.com/otelpool/pool/internal/percpu"
)

// Cell is one class on one P. Its first 64 bytes are all that Get and Put touch
// besides the slot itself.
type Cell struct {
	slots     unsafe.Pointer // the loaded magazine's first slot
	n         int            // objects in the loaded magazine
	room      int            // n may grow to this before the quota or the magazine ends
	hits      uint64
	pooled    uint64
	requested uint64 // bytes asked for
	loaded    *stack
	previous  *stack // nil, or with previous.n objects

	// What follows is touched on slow paths, and by pools of sized objects.
	quota       int64          // bytes charged for this cell
	slack       int64          // of a sized cell: the part of quota that is not filled
	sizes       unsafe.Pointer // of a sized cell: the loaded magazine's first size
	misses      uint64
	full        uint64
	pooledBytes uint64 // sized: bytes pushed
	hitBytes    uint64 // sized: bytes popped
	live        bool   // belongs to a P; the others are neither filled nor emptied
	lock        percpu.Lock
}

// void is what a P without a shard finds in place of its cells: nothing to pop
// and no room to push. Nothing is ever written to it but, in portable builds, the
// locks.
var void [MaxClasses]Cell

// Empty tells whether there is nothing to take: then ask [Pool.Get]. The caller
// holds the cell, here and below.
func (c *Cell) Empty() bool { return c.n <= 0 }

// Take takes an object off the cell, which is not empty. asked is counted as the
// bytes requested.
func (c *Cell) Take(asked int) unsafe.Pointer {
	n := c.n - 1
	slot := (*unsafe.Pointer)(unsafe.Add(c.slots, n*wordSize))
	x := *slot
	*slot = nil // or the pool would keep alive what the caller drops
	c.n = n
	c.hits++
	c.requested += uint64(asked)
	return x
}

// Full tells whether there is no room: then ask [Pool.Put].
func (c *Cell) Full() bool { return c.n >= c.room }

// Give puts an object on the cell, which is not full.
func (c *Cell) Give(x unsafe.Pointer) {
	n := c.n
	*(*unsafe.Pointer)(unsafe.Add(c.slots, n*wordSize)) = x
	c.n = n + 1
	c.pooled++
}

// TakeSized is Take in a pool of sized objects.
func (c *Cell) TakeSized() unsafe.Pointer {
	x := c.Take(0)
	size := *(*int64)(unsafe.Add(c.sizes, c.n*8))
	c.slack += size
	c.hitBytes += uint64(size)
	return x
}

// FullFor is Full in a pool of sized objects.
func (c *Cell) FullFor(size int64) bool { return size > c.slack || c.Full() }

// GiveSized is Give in a pool of sized objects.
func (c *Cell) GiveSized(x unsafe.Pointer, size int64) {
	*(*int64)(unsafe.Add(c.sizes, c.n*8)) = size
	c.Give(x)
	c.slack -= size
	c.pooledBytes += uint64(size)
}

const wordSize = int(unsafe.Sizeof(uintptr(0)))

// load makes s the loaded magazine. The one loaded before must have been stored.
func (c *Cell) load(s *stack) {
	c.loaded, c.n = s, s.n
	c.slots = unsafe.Pointer(unsafe.SliceData(s.slots))
	c.sizes = unsafe.Pointer(unsafe.SliceData(s.sizes))
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
}

// strip takes both magazines and the quota from the cell.
func (c *Cell) strip() (a, b *stack, quota int64) {
	a, b, quota = c.store(), c.previous, c.quota
	c.loaded, c.previous, c.slots, c.sizes = nil, nil, nil, nil
	c.n, c.room, c.quota, c.slack = 0, 0, 0, 0
	return a, b, quota
}

// held is the objects in both magazines.
func (c *Cell) held() int {
	n := c.n
	if c.previous != nil {
		n += c.previous.n
	}
	return n
}
