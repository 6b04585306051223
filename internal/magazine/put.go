package magazine

import (
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/percpu"
)

// Put puts an object on the P's cell. If the cell is full it asks for more quota, and
// trades full magazines for empty ones. It discards an object that it does not keep.
func (p *Pool) Put(class int, x unsafe.Pointer, size int64) pool.ReturnResult {
	d := &p.depots[class]
	c := p.shards.front.At(percpu.Pin(), class)
	var kept bool
	if d.size != 0 { // give, written out for a call less
		size = d.size
		kept = c.Give(x)
	} else {
		kept = c.GiveSized(x, size)
	}
	c.Leave()
	if kept {
		return pool.Pooled
	}
	result := p.put(class, x, size)
	if result == pool.Full && p.evictFor(d, size) {
		result = p.put(class, x, size)
	}
	if result == pool.Pooled {
		return result
	}
	if result == pool.Full {
		result = p.refuse(d)
	}
	count := d.counts().returns[result].Add(1)
	if result == pool.Full && count%reclaimEvery == 1 {
		p.reclaim()
	}
	p.discard(x)
	return result
}

// put counts what it keeps, and nothing else, because eviction may still make room.
//
// While pinned, a round only moves pointers within the cell, and charges, which never
// waits. To get an empty magazine it unpins, and then starts another round with it,
// perhaps on another P, which may have room or be full in another way. Every round ends
// put unless it lacked a magazine.
func (p *Pool) put(class int, x unsafe.Pointer, size int64) pool.ReturnResult {
	d := &p.depots[class]
	var empty *magazine // brought along, because a pinned goroutine must not allocate or lock
	for d.span.Load() != 0 && size <= d.share.Load() {
		c := p.enter(class)
		if c == nil {
			return pool.ReturnClosed
		}
		if c.give(d, x, size) || c.topIsFree(d) && p.ensureQuota(d, c, size) && c.give(d, x, size) {
			c.Leave()
			return pool.Pooled
		}
		// makeRoom may move part of the cell's charge to the full magazine, so ask for
		// quota after it.
		full, ready := c.makeRoom(d, &empty, size)
		kept := ready && p.ensureQuota(d, c, size) && c.give(d, x, size)
		c.Leave()
		// Between Leave and deposit the full magazine is nowhere, but still counts as
		// idle and charged: both are counted where objects come and go, and not where
		// they lie.
		p.deposit(d, full, p.aging.now.Load())
		switch {
		case !ready:
			empty = d.takeEmpty()
			continue // perhaps on another P
		case empty != nil: // this P did not need it
			d.recycle(empty)
		}
		if kept {
			return pool.Pooled
		}
		return pool.Full
	}
	return p.putDirect(d, x, size)
}

// topIsFree reports whether the cell needs no magazine for one more object. So a P that
// uses one object of a class at a time never gets a magazine for it.
func (c *Cell) topIsFree(d *depot) bool { return d.size != 0 && c.top == nil }

// makeRoom gives the cell a loaded magazine that is not full. If ready is false it
// needs an empty one. A full magazine that it returns has to go to the depot, with its
// part of the quota.
func (c *Cell) makeRoom(d *depot, empty **magazine, size int64) (full *magazine, ready bool) {
	if c.loaded == nil {
		if *empty == nil {
			return nil, false
		}
		c.loadEmpty(d, empty)
	}
	if !c.isFull(d, size) {
		return nil, true
	}
	if c.previous != nil && c.previous.n < int(c.n) {
		c.swap()
		c.fit(d)
		if !c.isFull(d, size) {
			return nil, true
		}
	}
	if *empty == nil {
		return nil, false
	}
	full, c.previous = c.previous, c.store()
	if full != nil {
		c.quota -= full.bytes()
	}
	c.loadEmpty(d, empty)
	return full, !c.overShare(d, size)
}

// loadEmpty loads the magazine that was brought along. The cell owns it from here on.
func (c *Cell) loadEmpty(d *depot, empty **magazine) {
	c.load(*empty)
	*empty = nil
	c.fit(d)
}

// isFull reports whether the loaded magazine may not take more. It does not test for
// equality, because span may have shrunk since the magazine was filled, with the limit
// or with more Ps.
func (c *Cell) isFull(d *depot, size int64) bool {
	return int64(c.n) >= d.span.Load() || c.overShare(d, size)
}

// putDirect stores one object in the depot, for classes too large for cells: filling
// such an object takes longer than the depot's lock, and a P that kept one for itself
// would bind megabytes.
func (p *Pool) putDirect(d *depot, x unsafe.Pointer, size int64) pool.ReturnResult {
	if p.shards.closed.Load() { // before charging, which could evict others' objects
		return pool.ReturnClosed
	}
	if !p.account.charge(size) {
		return pool.Full
	}
	p.watch()
	if !d.storeOne(x, size, p.aging.now.Load()) {
		p.account.release(size)
		return pool.ReturnClosed
	}
	d.counts().returns[pool.Pooled].Add(1)
	d.counts().pooledBytes.Add(uint64(size))
	return pool.Pooled
}

// deposit puts a charged magazine, used last at stamp, into the depot, or drops its
// objects if the pool was closed: Close has emptied the depot, and does not wait for
// goroutines that are on their way to it.
func (p *Pool) deposit(d *depot, m *magazine, stamp int64) {
	if m == nil || d.store(m, stamp) {
		return
	}
	for m.n > 0 {
		x, size := m.pop()
		p.evictObject(d, x, size, pool.EvictClosed)
	}
}

// refuse notes an object that there is no room for, and returns why. A budget under
// pressure is the reason even if the limit is full too, because pressure is the reason
// that somebody can act on.
func (p *Pool) refuse(d *depot) pool.ReturnResult {
	d.refused(p.aging.now.Load())
	if budget := p.account.budget; budget != nil && budget.Pressed() {
		return pool.ReturnPressure
	}
	return pool.Full
}
