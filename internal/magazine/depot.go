package magazine

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/reach"
)

// stack is a magazine: a small stack of free objects, all of one class.
type stack struct {
	newer, older *stack // in a depot's list
	stamp        int64  // the pool's clock when its objects were used last
	n            int
	slots        []unsafe.Pointer
	sizes        []int64 // of sized objects, beside their slots
}

func (s *stack) push(x unsafe.Pointer, size int64) {
	s.slots[s.n] = x
	if s.sizes != nil {
		s.sizes[s.n] = size
	}
	s.n++
}

func (s *stack) pop() (x unsafe.Pointer, size int64) {
	s.n--
	x, s.slots[s.n] = s.slots[s.n], nil
	if s.sizes != nil {
		size = s.sizes[s.n]
	}
	return x, size
}

// moveBottom moves the k objects at the bottom to an empty magazine.
func (s *stack) moveBottom(to *stack, k int) {
	k = min(k, s.n)
	moved := copy(to.slots, s.slots[:k])
	copy(s.slots, s.slots[k:s.n])
	clear(s.slots[s.n-k : s.n])
	if s.sizes != nil {
		copy(to.sizes, s.sizes[:k])
		copy(s.sizes, s.sizes[k:s.n])
	}
	s.n -= k
	to.n = moved
}

// depot is a class's central store: magazines with objects in a list from the
// newest to the oldest, and empty ones to exchange for them.
type depot struct {
	size   int64 // bytes of an object; 0 where each has its own
	length int   // slots of a magazine

	span  atomic.Int64 // objects a cell fills a magazine with; 0: cells are not used
	share atomic.Int64 // bytes a cell may charge

	mu             sync.Mutex
	closed         bool
	newest, oldest *stack
	empty          *stack // linked by older
	empties        int
	idle           atomic.Int64 // objects here; changed under mu, read without
	lowest         int64        // fewest of them since the window began
	some           int          // how many to take of a magazine that has lain
	oldestStamp    atomic.Int64 // oldest's stamp, or never
	memory         *memory      // what came of what was dropped; nil until something was
	remembered     atomic.Bool  // memory has ghosts
	passed         passed
	idleAge        atomic.Int64 // nanoseconds, as SetIdleAge said; 0: the pool's own
	ages           *reach.Ages  // guarded by mu; nil until SetIdleAges said some

	ledger   atomic.Pointer[ledger]
	demanded *demanded // guarded by mu; nil until a controller saw demand
	_        [56]byte  // padding prevents false sharing
}

// ledger is counts of what did not go through a cell, or cannot be counted there.
// A class that is not used has none.
type ledger struct {
	hits, pooled, requested   atomic.Uint64
	hitBytes, pooledBytes     atomic.Uint64
	full, pressed             atomic.Uint64
	closedGets, closedIn      atomic.Uint64
	prewarmed, prewarmedBytes atomic.Uint64
	evicted, evictedBytes     [pool.NumEvictionReasons]atomic.Uint64
}

// counts is the depot's ledger, made at the first call.
func (d *depot) counts() *ledger {
	if l := d.ledger.Load(); l != nil {
		return l
	}
	d.ledger.CompareAndSwap(nil, new(ledger))
	return d.ledger.Load()
}

// never is the stamp of what is not there.
const never = 1<<63 - 1

// maxEmpties bounds the empty magazines that wait in a depot.
const maxEmpties = 32

// bytes is what n objects of the magazine's bottom occupy.
func (d *depot) bytes(s *stack) int64 {
	if d.size != 0 {
		return int64(s.n) * d.size
	}
	var sum int64
	for _, size := range s.sizes[:s.n] {
		sum += size
	}
	return sum
}

// sizeOf is the bytes of the magazine's uppermost object.
func (d *depot) sizeOf(s *stack) int64 {
	if d.size != 0 {
		return d.size
	}
	return s.sizes[s.n-1]
}

// newStack returns an empty magazine.
func (d *depot) newStack() *stack {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.emptyLocked()
}

func (d *depot) emptyLocked() *stack {
	if s := d.empty; s != nil {
		d.empty, s.older = s.older, nil
		d.empties--
		return s
	}
	s := &stack{slots: make([]unsafe.Pointer, d.length)}
	if d.size == 0 {
		s.sizes = make([]int64, d.length)
	}
	return s
}

// recycle keeps an empty magazine for later.
func (d *depot) recycle(s *stack) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.recycleLocked(s)
}

// store puts a magazine in front, but behind those that were used since stamp;
// an empty one among the empty ones. It reports false if the depot is closed:
// the magazine is still the caller's.
func (d *depot) store(s *stack, stamp int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return s.n == 0
	}
	if s.n == 0 {
		d.recycleLocked(s)
		return true
	}
	s.stamp = stamp
	d.pushLocked(s)
	d.idle.Add(int64(s.n))
	return true
}

// take removes the newest magazine, or returns nil. Of one that has lain since
// before now it takes some objects only, twice as many each time in a window:
// what demand does not reach has to keep its age.
func (d *depot) take(now int64) *stack {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.newest
	if s == nil {
		return nil
	}
	if s.stamp < now && d.some < s.n {
		part := d.emptyLocked()
		part.stamp = s.stamp
		for range d.some {
			part.push(s.pop())
		}
		d.some *= 2
		s = part
	} else {
		d.unlinkLocked(s)
	}
	d.leaveLocked(s.n)
	d.recallLocked(now, s.stamp, s.n)
	return s
}

// leaveLocked counts objects that leave the depot.
func (d *depot) leaveLocked(n int) {
	d.lowest = min(d.lowest, d.idle.Add(-int64(n)))
}

// storeOne puts one object in the newest magazine that has room. It reports
// false if the depot is closed.
func (d *depot) storeOne(x unsafe.Pointer, size int64, stamp int64) bool {
	d.mu.Lock()
	s := d.newest
	if s == nil || s.n == len(s.slots) || s.stamp < stamp {
		d.mu.Unlock()
		s = d.newStack()
		s.push(x, size)
		return d.store(s, stamp)
	}
	defer d.mu.Unlock()
	if d.closed {
		return false
	}
	s.push(x, size)
	d.idle.Add(1)
	return true
}

// takeOne removes the newest object, or returns nil.
func (d *depot) takeOne(now int64) (x unsafe.Pointer, size int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.newest; s != nil {
		d.recallLocked(now, s.stamp, 1)
		return d.takeFromLocked(s)
	}
	return nil, 0
}

// evictOldest removes one of the objects that have lain longest, if it has since
// before the given time and is of at most so many bytes, and remembers it.
func (d *depot) evictOldest(before, now, most int64) (x unsafe.Pointer, size int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.evictOldestLocked(before, now, most)
}

func (d *depot) evictOldestLocked(before, now, most int64) (x unsafe.Pointer, size int64) {
	s := d.oldest
	if s == nil || s.stamp >= before || d.sizeOf(s) > most {
		return nil, 0
	}
	d.forgetLocked(now, s.stamp)
	return d.takeFromLocked(s)
}

func (d *depot) takeFromLocked(s *stack) (x unsafe.Pointer, size int64) {
	if s == nil {
		return nil, 0
	}
	x, size = s.pop()
	if d.size != 0 {
		size = d.size
	}
	d.leaveLocked(1)
	if s.n == 0 {
		d.unlinkLocked(s)
		d.recycleLocked(s)
	}
	return x, size
}

func (d *depot) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed, d.empty, d.empties = true, nil, 0
}

func (d *depot) pushLocked(s *stack) {
	before := d.newest // the magazine that s goes in front of
	var behind *stack
	for before != nil && before.stamp > s.stamp {
		before, behind = before.older, before
	}
	s.older, s.newer = before, behind
	if before != nil {
		before.newer = s
	} else {
		d.oldest = s
	}
	if behind != nil {
		behind.older = s
	} else {
		d.newest = s
	}
	d.oldestStamp.Store(d.oldest.stamp)
}

func (d *depot) unlinkLocked(s *stack) {
	if s.newer != nil {
		s.newer.older = s.older
	} else {
		d.newest = s.older
	}
	if s.older != nil {
		s.older.newer = s.newer
	} else {
		d.oldest = s.newer
	}
	s.newer, s.older = nil, nil
	if d.oldest != nil {
		d.oldestStamp.Store(d.oldest.stamp)
	} else {
		d.oldestStamp.Store(never)
	}
}

func (d *depot) recycleLocked(s *stack) {
	if d.empties < maxEmpties && !d.closed {
		s.older, d.empty = d.empty, s
		d.empties++
	}
}
