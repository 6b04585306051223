package magazine

import (
	"unsafe"

	"github.com/otelpool/pool"
)

// Trim drops at least the given idle bytes, oldest first, and returns how many.
// It empties the Ps' magazines only if the depots hold too little.
func (p *Pool) Trim(bytes int64, reason pool.EvictionReason) int64 {
	freed := p.trimDepots(bytes, reason)
	if freed < bytes {
		p.flush()
		freed += p.trimDepots(bytes-freed, reason)
	}
	return freed
}

// SetLimit changes the limit and returns it. When it returns, no more than the
// limit is charged.
func (p *Pool) SetLimit(bytes int64) int64 {
	bytes = max(bytes, 0)
	p.mu.Lock()
	before := p.limit.Swap(bytes)
	p.divideLocked()
	p.mu.Unlock()
	switch {
	case bytes > before:
		p.grown.Add(1)
	case bytes < before:
		p.shrunk.Add(1)
	}
	// Nothing more is charged beyond the new limit; what is charged comes down
	// as magazines that are on their way reach the depot.
	for over := p.over(); over > 0; over = p.over() {
		if p.trimDepots(over, pool.EvictResize) < over {
			p.flush()
		}
		if p.limit.Load() != bytes {
			break // somebody else has set another limit
		}
	}
	return bytes
}

func (p *Pool) over() int64 { return p.charged.Load() - p.limit.Load() }

// Close drops everything. Gets allocate from now on, and Puts drop.
func (p *Pool) Close() {
	p.mu.Lock()
	done := p.closed
	p.closed = true // no P gets a shard from here on
	p.mu.Unlock()
	if done {
		return
	}
	p.flush()
	for i := range p.depots {
		p.depots[i].close()
	}
	p.trimDepots(pool.Unlimited, pool.EvictClosed)
}

// flush moves what the Ps hold to the depots, and releases their quotas.
func (p *Pool) flush() {
	p.flushing.Lock()
	defer p.flushing.Unlock()
	taken := p.detach()
	for _, s := range taken {
		for class := range s.cells {
			p.empty(&s.cells[class], &p.depots[class])
		}
	}
	p.mu.Lock()
	p.free = append(p.free, taken...)
	p.mu.Unlock()
}

// empty moves what a detached cell holds to its depot.
func (p *Pool) empty(c *Cell, d *depot) {
	c.lock.Lock()
	filled := c.filled(d)
	top, a, b, quota := c.strip()
	c.live = false
	c.lock.Unlock()
	if top != nil { // the newest
		if a == nil || a.n == len(a.slots) {
			p.deposit(d, b)
			a, b = d.newStack(), a
		}
		a.push(top, d.size)
	}
	p.deposit(d, b)
	p.deposit(d, a)
	p.release(quota - filled)
}

// trimDepots drops at least the given bytes from the depots, from whichever
// holds the oldest magazine.
func (p *Pool) trimDepots(bytes int64, reason pool.EvictionReason) (freed int64) {
	for freed < bytes {
		d := p.oldest()
		if d == nil {
			break
		}
		x, size := d.takeOldest()
		if x != nil {
			freed += size
			p.drop(d, x, size, reason)
		}
	}
	return freed
}

// oldest is the depot whose oldest magazine entered first, or nil.
func (p *Pool) oldest() *depot {
	var oldest *depot
	first := ^uint64(0)
	for i := range p.depots {
		if seq, ok := p.depots[i].age(); ok && seq < first {
			oldest, first = &p.depots[i], seq
		}
	}
	return oldest
}

// dropAll drops a magazine's objects.
func (p *Pool) dropAll(d *depot, s *stack, reason pool.EvictionReason) {
	for s.n > 0 {
		x, size := s.pop()
		if d.size != 0 {
			size = d.size
		}
		p.drop(d, x, size, reason)
	}
}

// drop counts an idle object as evicted, uncharges and discards it.
func (p *Pool) drop(d *depot, x unsafe.Pointer, size int64, reason pool.EvictionReason) {
	d.evicted[reason].Add(1)
	d.evictedBytes[reason].Add(uint64(size))
	p.release(size)
	if p.discard != nil {
		p.discard(x)
	}
}

// Warm makes up to n objects of a class that the limit has room for, and returns
// how many. Make runs unlocked and returns an object and, for sized ones, its
// bytes.
func (p *Pool) Warm(class, n int, make func() (unsafe.Pointer, int64)) (warmed int) {
	d := &p.depots[class]
	for ; warmed < n; warmed++ {
		if d.size != 0 && !p.charge(d.size) { // before making what may not fit
			return warmed
		}
		x, size := make()
		if d.size != 0 {
			size = d.size
		} else if !p.charge(size) {
			p.discardOne(x)
			return warmed
		}
		if !d.storeOne(x, size, p.seq.Add(1)) {
			p.release(size)
			p.discardOne(x)
			return warmed
		}
		d.prewarmed.Add(1)
		d.prewarmedBytes.Add(uint64(size))
	}
	return warmed
}

func (p *Pool) discardOne(x unsafe.Pointer) {
	if p.discard != nil {
		p.discard(x)
	}
}
