package magazine

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/otelpool/pool"
)

// stack is a magazine: a small stack of free objects, all of one class.
type stack struct {
	newer, older *stack // in a depot's list
	seq          uint64 // when it entered the depot; a smaller one is older
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

	// Counts of what did not go through a cell, or cannot be counted there.
	hits, pooled, requested    atomic.Uint64
	hitBytes, pooledBytes      atomic.Uint64
	full, closedGets, closedIn atomic.Uint64
	prewarmed, prewarmedBytes  atomic.Uint64
	evicted, evictedBytes      [pool.NumEvictionReasons]atomic.Uint64
	_                          [64]byte // padding prevents false sharing
}

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

// newStack returns an empty magazine.
func (d *depot) newStack() *stack {
	d.mu.Lock()
	s := d.empty
	if s != nil {
		d.empty, s.older = s.older, nil
		d.empties--
	}
	d.mu.Unlock()
	if s == nil {
		s = &stack{slots: make([]unsafe.Pointer, d.length)}
		if d.size == 0 {
			s.sizes = make([]int64, d.length)
		}
	}
	return s
}

// store puts a magazine in front; an empty one among the empty ones. It reports
// false if the depot is closed: the magazine is still the caller's.
func (d *depot) store(s *stack, seq uint64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return s.n == 0
	}
	if s.n == 0 {
		d.recycleLocked(s)
		return true
	}
	s.seq = seq
	d.pushLocked(s)
	d.idle.Add(int64(s.n))
	return true
}

// take removes the newest magazine, or returns nil.
func (d *depot) take() *stack {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.newest
	if s != nil {
		d.unlinkLocked(s)
		d.idle.Add(-int64(s.n))
	}
	return s
}

// storeOne puts one object in the newest magazine that has room. It reports
// false if the depot is closed.
func (d *depot) storeOne(x unsafe.Pointer, size int64, seq uint64) bool {
	d.mu.Lock()
	s := d.newest
	if s == nil || s.n == len(s.slots) {
		d.mu.Unlock()
		s = d.newStack()
		s.push(x, size)
		return d.store(s, seq)
	}
	defer d.mu.Unlock()
	if d.closed {
		return false
	}
	s.push(x, size)
	s.seq = seq
	d.idle.Add(1)
	return true
}

// takeOne removes the newest object, or returns nil.
func (d *depot) takeOne() (x unsafe.Pointer, size int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.takeFromLocked(d.newest)
}

// takeOldest removes one of the oldest magazine's objects, or returns nil.
func (d *depot) takeOldest() (x unsafe.Pointer, size int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.takeFromLocked(d.oldest)
}

func (d *depot) takeFromLocked(s *stack) (x unsafe.Pointer, size int64) {
	if s == nil {
		return nil, 0
	}
	x, size = s.pop()
	if d.size != 0 {
		size = d.size
	}
	d.idle.Add(-1)
	if s.n == 0 {
		d.unlinkLocked(s)
		d.recycleLocked(s)
	}
	return x, size
}

// age is the oldest magazine's place in the order of entry.
func (d *depot) age() (seq uint64, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.oldest == nil {
		return 0, false
	}
	return d.oldest.seq, true
}

func (d *depot) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed, d.empty, d.empties = true, nil, 0
}

func (d *depot) pushLocked(s *stack) {
	s.older, s.newer = d.newest, nil
	if d.newest != nil {
		d.newest.newer = s
	} else {
		d.oldest = s
	}
	d.newest = s
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
}

func (d *depot) recycleLocked(s *stack) {
	if d.empties < maxEmpties && !d.closed {
		s.older, d.empty = d.empty, s
		d.empties++
	}
}
