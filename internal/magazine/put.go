package magazine

import (
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/percpu"
)

// Put is what to do when a cell is full: it asks for more quota, and
// trades full magazines for empty ones. Whatever it does not keep it discards.
func (p *Pool) Put(class int, x unsafe.Pointer, size int64) pool.ReturnResult {
	d := &p.depots[class]
	if d.size != 0 {
		size = d.size
	}
	result := p.put(d, class, x, size)
	if result == pool.Full && p.makeWay(d, size) {
		result = p.put(d, class, x, size)
	}
	switch result {
	case pool.Pooled:
		return result
	case pool.Full:
		result = p.refuse(d)
	}
	if p.discard != nil {
		p.discard(x)
	}
	return result
}

func (p *Pool) put(d *depot, class int, x unsafe.Pointer, size int64) pool.ReturnResult {
	var empty *stack // brought along, since allocating and locking are not for the pinned
	for {
		if span := d.span.Load(); span == 0 || size > d.share.Load() {
			return p.putDirect(d, x, size)
		}
		pid := percpu.Pin()
		c := p.front.At(pid, class)
		if !c.live {
			c.Leave()
			if p.attach(pid) {
				continue
			}
			d.counts().closedIn.Add(1)
			return pool.ReturnClosed
		}
		if c.asked != 0 {
			c.Leave()
			p.settle(d, class)
			continue
		}
		if d.giveTo(c, x, size) || c.spares(d) && p.afford(d, c, size) && d.giveTo(c, x, size) {
			c.Leave()
			return pool.Pooled
		}
		needs, full := p.makeRoom(d, c, &empty, size)
		if needs {
			c.Leave()
			p.deposit(d, full, p.clock.Load())
			empty = d.newStack()
			continue
		}
		result := pool.Pooled
		if !p.afford(d, c, size) || !d.giveTo(c, x, size) {
			result = pool.Full
		}
		c.Leave()
		p.deposit(d, full, p.clock.Load())
		if empty != nil {
			d.recycle(empty)
			empty = nil
		}
		return result
	}
}

func (d *depot) giveTo(c *Cell, x unsafe.Pointer, size int64) bool {
	if d.size == 0 {
		return c.GiveSized(x, size)
	}
	return c.Give(x)
}

// spares tells whether the cell needs no magazine for one more object.
func (c *Cell) spares(d *depot) bool { return d.size != 0 && c.top == nil }

// makeRoom gives the cell a loaded magazine that is not full. It asks for an
// empty one by returning true, and returns a magazine that has to go to the
// depot, with its part of the quota, if there is one.
func (p *Pool) makeRoom(d *depot, c *Cell, empty **stack, size int64) (needs bool, full *stack) {
	crowded := func() bool { return int64(c.n) >= d.span.Load() || c.crowds(d, size) }
	if c.loaded == nil {
		if *empty == nil {
			return true, nil
		}
		c.load(*empty)
		*empty = nil
		c.fit(d)
	}
	if !crowded() {
		return false, nil
	}
	if c.previous != nil && c.previous.n < c.n {
		c.swap()
		c.fit(d)
		if !crowded() {
			return false, nil
		}
	}
	if *empty == nil {
		return true, nil
	}
	full, c.previous = c.previous, c.store()
	c.load(*empty)
	*empty = nil
	if full != nil {
		c.quota -= d.bytes(full)
	}
	c.fit(d)
	return c.crowds(d, size), full
}

// putDirect stores one object in the depot, for classes too large for cells.
func (p *Pool) putDirect(d *depot, x unsafe.Pointer, size int64) pool.ReturnResult {
	if p.closed.Load() { // before asking for room, which others would have to make
		d.counts().closedIn.Add(1)
		return pool.ReturnClosed
	}
	if !p.charge(size) {
		return pool.Full
	}
	p.watch()
	if !d.storeOne(x, size, p.clock.Load()) {
		p.release(size)
		d.counts().closedIn.Add(1)
		return pool.ReturnClosed
	}
	d.counts().pooled.Add(1)
	d.counts().pooledBytes.Add(uint64(size))
	return pool.Pooled
}

// deposit puts a charged magazine, used last at stamp, into the depot, or drops
// what is in it if the pool was closed.
func (p *Pool) deposit(d *depot, s *stack, stamp int64) {
	if s != nil && !d.store(s, stamp) {
		p.dropAll(d, s, pool.EvictClosed)
	}
}

// refuse counts an object that there is no room for.
func (p *Pool) refuse(d *depot) pool.ReturnResult {
	d.refuse(p.clock.Load())
	if p.budget != nil && p.budget.Pressed() {
		d.counts().pressed.Add(1)
		return pool.ReturnPressure
	}
	if d.counts().full.Add(1)%reclaimEvery == 1 {
		p.reclaim()
	}
	return pool.Full
}
