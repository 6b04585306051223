package magazine

import (
	"unsafe"

	"github.com/otelpool/pool/internal/percpu"
)

// Cell is one class on one P. Besides the slot itself, Get and Put touch only the
// fields before loaded. These have at most 56 bytes and a cell has two cache lines, so
// they lie on one: the allocator begins the cells where a line begins, or a word later.
// An object is either the top one, or in the loaded magazine. An object that is put and
// taken again at once passes only through the top, whose address is known early; a
// slot's address takes another load.
//
// Only the P's pinned goroutine writes to it, with plain stores. Others read only the
// counters, n and low, by atomic loads: a word of a 64-bit platform is not torn. The
// order in which others see the stores does not matter to the owner's other fields,
// because the next owner comes after an unpin and a pin on the same P, or after a
// barrier, and both order memory.
type Cell struct {
	top    unsafe.Pointer // the object put last, unless it has been taken
	tally  uint64         // hits and bytes requested, see Count
	pooled uint64
	slots  unsafe.Pointer // the loaded magazine's first slot
	size   int            // bytes of an object; 0 if each has its own
	n      uint32         // objects in the loaded magazine
	low    uint32         // Get takes objects while there are more than this: the others are sealed, see unseal
	room   uint32         // objects it may have, the top included, before the quota or the magazine ends
	owed   int32          // 0, or 1 more than the loaded magazine's objects unused in a window, which the owner owes the depot

	// The fields below are touched on slow paths, and by pools of sized objects.
	loaded   *magazine
	previous *magazine // nil, or with previous.n objects
	quota    int64     // bytes charged for this cell
	misses   uint64
	sized    *sized    // nil but for sized objects
	schedule *schedule // of samples; nil: none
	drained  drained
	turn     uint32 // odd while the tally is drained
	swapped  bool   // previous was swapped in or out since the cell last paid
	live     bool   // belongs to a P; other cells are neither filled nor emptied
	lock     percpu.Lock
}

// sized has the further fields of a cell of sized objects.
type sized struct {
	sizes       unsafe.Pointer // the loaded magazine's first size
	slack       int64          // the part of the quota that is not filled
	pooledBytes uint64
	hitBytes    uint64
}

// void has the cells of a P without a shard: nothing to take and no room to give, so
// that the fast path has no nil to check for. All pools and all Ps share it, because
// nothing is ever written to it except, in portable builds, the locks.
var void [MaxClasses]Cell

// Take takes an object off the cell, or returns nil: then ask [Pool.Get]. The caller
// has to Count an object that it gets. The caller holds the cell, here and below.
func (c *Cell) Take() unsafe.Pointer {
	x := c.Top()
	if x == nil {
		return c.Pop()
	}
	c.ClearTop()
	return x
}

// Top is the first half of Take, for callers that check something before the second, or
// want one branch less: the top object, or nil. ClearTop takes it.
func (c *Cell) Top() unsafe.Pointer { return c.top }

// ClearTop takes the top object. Without it the pool would keep an object alive that
// the caller drops.
func (c *Cell) ClearTop() { c.top = nil }

// Size is the bytes of an object of the class, and 0 in the void. It never changes, so
// it may be read after the object has been taken.
func (c *Cell) Size() int { return c.size }

// Pop is the second half: it takes an object off the loaded magazine, or returns nil.
func (c *Cell) Pop() unsafe.Pointer {
	n := c.n
	if n <= c.low { // one test for "empty" and "sealed". Another goroutine may be writing low: see seal
		return nil
	}
	slot := (*unsafe.Pointer)(unsafe.Add(c.slots, int(n)*wordSize-wordSize))
	// The slot is cleared with the collector's write barrier, like every store of a
	// pointer here: x was reachable from the slot when marking began, and is now in a
	// register, which is not scanned again.
	x := *slot
	*slot = nil // as ClearTop
	c.n = n - 1
	return x
}

// Give puts an object on the cell, or returns false: then ask [Pool.Put]. It counts in
// the same pinned section. So nobody can count x as a hit before it counts as pooled:
// this P cannot before the section ends, and other Ps get x only through the depot,
// later still.
func (c *Cell) Give(x unsafe.Pointer) bool { return c.GiveTop(x) || c.Push(x) }

// GiveTop is the first half of Give: it makes x the top object, if there is none and
// room for one.
func (c *Cell) GiveTop(x unsafe.Pointer) bool {
	if c.top != nil || c.room == 0 {
		return false
	}
	c.top = x
	c.pooled++
	return true
}

// Push is the second half: it puts an object on the loaded magazine, if there is room.
func (c *Cell) Push(x unsafe.Pointer) bool {
	n := c.n + 1
	if n >= c.room { // room includes the top's place, taken or not
		return false
	}
	// room is at most the magazine's length and the top's place, so this is one of its
	// slots. A cell without a magazine has a room of at most 1, and does not get here.
	*(*unsafe.Pointer)(unsafe.Add(c.slots, int(n)*wordSize-wordSize)) = x
	c.n = n
	c.pooled++
	return true
}

// TakeSized is Take in a pool of sized objects, whose top stays empty: the size beside
// a slot costs more than the slot.
func (c *Cell) TakeSized() unsafe.Pointer {
	x := c.Pop()
	if x != nil {
		c.Popped()
	}
	return x
}

// Popped is the second half of TakeSized, after a Pop, for callers that inline both.
func (c *Cell) Popped() {
	z := c.sized
	size := *(*int64)(unsafe.Add(z.sizes, int(c.n)*8))
	z.slack += size
	z.hitBytes += uint64(size)
}

// GiveSized is Give in a pool of sized objects.
func (c *Cell) GiveSized(x unsafe.Pointer, size int64) bool {
	if !c.Fits(size) || !c.Push(x) {
		return false
	}
	c.Pushed(size)
	return true
}

// Fits is the first part of GiveSized, before a Push: whether the quota has room.
func (c *Cell) Fits(size int64) bool { return c.sized != nil && size <= c.sized.slack }

// Pushed is the last part of GiveSized, after a Push.
func (c *Cell) Pushed(size int64) {
	z := c.sized
	*(*int64)(unsafe.Add(z.sizes, int(c.n)*8-8)) = size
	z.slack -= size
	z.pooledBytes += uint64(size)
}

const wordSize = int(unsafe.Sizeof(uintptr(0)))

// take is Take or TakeSized with Count, whichever the class needs. Both happen in one
// pinned section: an object that was taken and not counted would show as idle.
func (c *Cell) take(d *depot, asked int) (x unsafe.Pointer, sample bool) {
	if d.size == 0 {
		x = c.TakeSized()
	} else {
		x = c.Take()
	}
	return x, x != nil && !c.Count(asked)
}

// give is Give or GiveSized.
func (c *Cell) give(d *depot, x unsafe.Pointer, size int64) bool {
	if d.size == 0 {
		return c.GiveSized(x, size)
	}
	return c.Give(x)
}

// load makes m the loaded magazine, unsealed. The caller has stored the one loaded
// before. The plain store of low may overwrite a store by seal; then the window ends
// one later for this cell. The caller calls fit, because room is still the other
// magazine's.
func (c *Cell) load(m *magazine) {
	c.loaded, c.n, c.low = m, uint32(m.n), 0
	c.slots = unsafe.Pointer(unsafe.SliceData(m.slots))
	if c.sized != nil {
		c.sized.sizes = unsafe.Pointer(unsafe.SliceData(m.sizes))
	}
}

// store writes the loaded magazine's count back and returns it, or nil. Take and Give
// count in the cell alone, which spares them a cache line.
func (c *Cell) store() *magazine {
	if c.loaded != nil {
		c.loaded.n = int(c.n)
	}
	return c.loaded
}

// swap exchanges the loaded and the previous magazine; both must exist.
func (c *Cell) swap() {
	previous := c.previous
	c.previous = c.store()
	c.load(previous)
	c.swapped = true
}

// takeAll takes both magazines, the top object and the quota from the cell, and leaves
// it as new except for its counts, which belong to the pool.
func (c *Cell) takeAll() (top unsafe.Pointer, a, b *magazine, quota int64) {
	top, a, b, quota = c.top, c.store(), c.previous, c.quota
	c.top, c.loaded, c.previous, c.slots = nil, nil, nil, nil
	c.n, c.low, c.room, c.quota = 0, 0, 0, 0
	c.owed, c.swapped = 0, false
	if c.sized != nil {
		c.sized.sizes, c.sized.slack = nil, 0
	}
	return top, a, b, quota
}

// held is the objects in the cell.
func (c *Cell) held() int {
	n := int(c.n)
	if c.previous != nil {
		n += c.previous.n
	}
	if c.top != nil {
		n++
	}
	return n
}
