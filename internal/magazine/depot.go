package magazine

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/reach"
)

// depot is a class's central store: magazines with objects in a list from the newest to
// the oldest, and empty ones to exchange for them.
//
// Its mutex is held for a few assignments, or one allocation of an empty magazine, and
// never while pinned: a P that waited pinned for a holder that lost its P would wait
// for ever. Fields read without the mutex decide only whether to take it, so an
// outdated value costs a useless lock, or one object that is found only by the next
// call.
type depot struct {
	size   int64 // bytes of an object; 0 where each has its own
	length int   // slots of a magazine

	span  atomic.Int64 // objects a cell fills a magazine with; 0: cells are not used
	share atomic.Int64 // bytes a cell may charge

	mu             sync.Mutex
	closed         bool
	newest, oldest *magazine
	empty          *magazine // linked by older
	empties        int
	idle           atomic.Int64 // objects here; changed under mu, read without
	lowest         int64        // fewest of them since the window began
	batch          int          // objects to take from an aged magazine
	oldestStamp    atomic.Int64 // oldest's stamp, or never; changed under mu, read without
	history        *history     // of dropped objects; nil until the first
	hasGhosts      atomic.Bool  // history has; changed under mu, read without
	passed         passed
	idleAge        atomic.Int64 // nanoseconds, as SetIdleAge said; 0: the pool's own
	ages           *reach.Ages  // guarded by mu; nil until SetIdleAges said some

	ledger   atomic.Pointer[ledger]
	estimate *estimate // guarded by mu; nil until a controller saw demand
	_        [56]byte  // padding prevents false sharing
}

const (
	maxLength        = 128       // objects in a magazine
	maxMagazineBytes = 128 << 10 // bytes in a magazine, if more than one object
	minLength        = 4         // of larger objects a P would keep too many bytes from the others
	sizedLength      = 16        // objects in a magazine of sized objects
	never            = 1<<63 - 1 // the stamp of no magazine

	// maxEmptySlots bounds the slots of the empty magazines that wait in a depot, and
	// not their number: a magazine of large objects has one slot, and a pool that is
	// emptied and filled again each second would leave one magazine as garbage for each
	// object.
	maxEmptySlots = 32 * maxLength
)

func (d *depot) init(size int64) {
	d.size, d.length, d.batch = size, sizedLength, 1
	d.oldestStamp.Store(never)
	if size > 0 {
		if d.length = int(min(maxMagazineBytes/size, maxLength)); d.length < minLength {
			d.length = 1
		}
	}
}

// takeEmpty returns an empty magazine. It may allocate, so its callers unpin before,
// and afterwards look again at which P they are on.
func (d *depot) takeEmpty() *magazine {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.takeEmptyLocked()
}

func (d *depot) takeEmptyLocked() *magazine {
	if m := d.empty; m != nil {
		d.empty, m.older = m.older, nil
		d.empties--
		return m
	}
	m := &magazine{size: d.size, slots: make([]unsafe.Pointer, d.length)}
	if d.size == 0 {
		m.sizes = make([]int64, d.length)
	}
	return m
}

// recycle keeps an empty magazine for later, up to maxEmptySlots; others become
// garbage, because a pool whose demand has ended should not keep the magazines of its
// peak.
func (d *depot) recycle(m *magazine) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.recycleLocked(m)
}

// store puts a magazine into the list, behind those used since stamp, or an empty one
// among the empty ones. It reports false if the depot is closed: the caller still owns
// the magazine.
func (d *depot) store(m *magazine, stamp int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed { // set under mu, so that nothing is stored after the last eviction
		return m.n == 0
	}
	if m.n == 0 {
		d.recycleLocked(m)
		return true
	}
	m.stamp = stamp
	d.pushLocked(m)
	d.idle.Add(int64(m.n))
	return true
}

// take removes the newest magazine, or returns nil. From one that has lain since before
// now it takes only some objects, twice as many each time in a window, because objects
// that demand does not reach have to keep their age.
func (d *depot) take(now int64) *magazine {
	d.mu.Lock()
	defer d.mu.Unlock()
	m := d.newest
	if m == nil {
		return nil
	}
	if m.stamp < now && d.batch < m.n {
		part := d.takeEmptyLocked()
		part.stamp = m.stamp
		for range d.batch {
			part.push(m.pop())
		}
		d.batch *= 2
		m = part
	} else {
		d.unlinkLocked(m)
	}
	d.countOutLocked(m.n)
	d.reusedLocked(now, m.stamp, m.n)
	return m
}

// countOutLocked counts objects that leave the depot, and keeps the low-water mark,
// which is exact because every change of idle holds the lock.
func (d *depot) countOutLocked(n int) {
	d.lowest = min(d.lowest, d.idle.Add(-int64(n)))
}

// storeOne puts one object in the newest magazine that has room. It reports false if
// the depot is closed.
func (d *depot) storeOne(x unsafe.Pointer, size int64, stamp int64) bool {
	d.mu.Lock()
	m := d.newest
	if m == nil || m.n == len(m.slots) || m.stamp < stamp { // older objects must keep their stamp
		d.mu.Unlock() // takeEmpty and store take it again: meanwhile another magazine may become the newest
		m = d.takeEmpty()
		m.push(x, size)
		return d.store(m, stamp)
	}
	defer d.mu.Unlock()
	if d.closed {
		return false
	}
	m.push(x, size)
	d.idle.Add(1)
	return true
}

// takeOne removes the newest object, or returns nil.
func (d *depot) takeOne(now int64) (x unsafe.Pointer, size int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if m := d.newest; m != nil {
		d.reusedLocked(now, m.stamp, 1)
		return d.takeFromLocked(m)
	}
	return nil, 0
}

// evictOldest removes one of the objects that have lain longest, if it was used last
// before the given time, for EvictIdle by its idle age, and has at most the given bytes.
// The object is remembered as a ghost.
func (d *depot) evictOldest(before, now, most int64, why pool.EvictionReason) (x unsafe.Pointer, size int64) {
	if d.oldestStamp.Load() >= before { // read without the lock, since most depots have nothing that old
		return nil, 0
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if why == pool.EvictIdle {
		before -= int64(d.depthAgeLocked()) - 1
	}
	m := d.oldest
	if m == nil || m.stamp >= before || m.topSize() > most {
		return nil, 0
	}
	d.droppedLocked(now, m.stamp)
	return d.takeFromLocked(m)
}

// takeFromLocked takes an object off a magazine in the list, and unlinks a magazine
// that becomes empty.
func (d *depot) takeFromLocked(m *magazine) (x unsafe.Pointer, size int64) {
	x, size = m.pop()
	d.countOutLocked(1)
	if m.n == 0 {
		d.unlinkLocked(m)
		d.recycleLocked(m)
	}
	return x, size
}

// close makes store refuse magazines from now on, so that a goroutine that carries one
// drops its objects itself.
func (d *depot) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed, d.empty, d.empties = true, nil, 0
}

// pushLocked puts m where its stamp belongs. That is nearly always in front: only
// objects unused in a window come with an older stamp, and go behind those used since.
func (d *depot) pushLocked(m *magazine) {
	before := d.newest // the magazine that m goes in front of
	var behind *magazine
	for before != nil && before.stamp > m.stamp {
		before, behind = before.older, before
	}
	m.older, m.newer = before, behind
	if before != nil {
		before.newer = m
	} else {
		d.oldest = m
	}
	if behind != nil {
		behind.older = m
	} else {
		d.newest = m
	}
	d.oldestStamp.Store(d.oldest.stamp)
}

// unlinkLocked takes m out of the list, and clears its links: an old link would keep
// alive a magazine that has been evicted.
func (d *depot) unlinkLocked(m *magazine) {
	if m.newer != nil {
		m.newer.older = m.older
	} else {
		d.newest = m.older
	}
	if m.older != nil {
		m.older.newer = m.newer
	} else {
		d.oldest = m.newer
	}
	m.newer, m.older = nil, nil
	if d.oldest != nil {
		d.oldestStamp.Store(d.oldest.stamp)
	} else {
		d.oldestStamp.Store(never)
	}
}

// recycleLocked is recycle. A closed depot keeps none, because nobody will take one.
func (d *depot) recycleLocked(m *magazine) {
	if d.empties*d.length < maxEmptySlots && !d.closed {
		m.older, d.empty = d.empty, m
		d.empties++
	}
}
