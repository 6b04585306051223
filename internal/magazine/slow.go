package magazine

import (
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/percpu"
)

// Get is what to do when a cell is empty: it looks into the previous
// magazine and the depot. It returns nil if the caller has to allocate, and
// whether the request is to be sampled.
func (p *Pool) Get(class, asked int) (x unsafe.Pointer, sample bool) {
	d := &p.depots[class]
	for {
		pid := percpu.Pin()
		c := p.front.At(pid, class)
		if !c.live {
			c.Leave()
			if p.attach(pid) {
				continue
			}
			d.counts().closedGets.Add(1)
			d.counts().requested.Add(uint64(asked))
			return nil, false
		}
		if c.asked != 0 {
			c.Leave()
			p.settle(d, class)
			continue
		}
		c.unseal()
		if c.n == 0 && c.previous != nil && c.previous.n > 0 {
			c.swap()
			c.fit(d)
		}
		if x, sample := d.takeFrom(c, asked); x != nil {
			c.Leave()
			return x, sample
		}
		if d.idle.Load() == 0 { // so that a pool that only misses never locks
			sample := c.countMiss()
			c.drained.bytes += uint64(asked)
			c.Leave()
			d.miss(p.clock.Load())
			return nil, sample
		}
		c.Leave()
		if x := p.fetch(d, class, asked); x != nil {
			return x, d.pace.due()
		}
	}
}

func (d *depot) takeFrom(c *Cell, asked int) (x unsafe.Pointer, sample bool) {
	if d.size == 0 {
		x = c.TakeSized()
	} else {
		x = c.Take()
	}
	return x, x != nil && !c.Count(asked)
}

func (d *depot) giveTo(c *Cell, x unsafe.Pointer, size int64) bool {
	if d.size == 0 {
		return c.GiveSized(x, size)
	}
	return c.Give(x)
}

// fetch takes an object for the caller from the depot, and where cells are used
// a whole magazine for the P with it. It returns nil if the depot was empty.
func (p *Pool) fetch(d *depot, class, asked int) unsafe.Pointer {
	if d.span.Load() == 0 {
		x, size := d.takeOne(p.clock.Load())
		if x != nil {
			p.release(size)
			d.countHit(size, asked)
		}
		return x
	}
	s := d.take(p.clock.Load())
	if s == nil {
		return nil
	}
	x, size := s.pop()
	if d.size != 0 {
		size = d.size
	}
	d.countHit(size, asked)
	p.install(d, class, s, size)
	return x
}

// install gives the P a magazine from the depot together with its charge, and
// extra bytes, the charge of the object just taken from it. The P keeps charged
// what it now holds and the extra object's room; the rest is released.
func (p *Pool) install(d *depot, class int, s *stack, extra int64) {
	bytes := d.bytes(s)
	c := p.front.At(percpu.Pin(), class)
	if !c.live || c.held() > 0 { // somebody filled the P meanwhile, or took its shard
		c.Leave()
		p.release(extra)
		p.deposit(d, s, s.stamp)
		return
	}
	spare, surplus := c.store(), c.quota
	c.load(s)
	c.quota = bytes + extra
	c.fit(d)
	c.Leave()
	p.release(surplus)
	if spare != nil {
		d.recycle(spare)
	}
}

// fit sets a cell's room, or slack, from its quota and what it holds.
func (c *Cell) fit(d *depot) {
	room := 1 // the top
	if c.loaded != nil {
		room += d.length
	}
	if d.size == 0 {
		c.room = room
		c.sized.slack = c.quota - c.filled(d)
		return
	}
	free := int(c.quota / d.size)
	if c.previous != nil {
		free -= c.previous.n
	}
	c.room = min(room, free)
}

// filled is the part of a cell's quota that its objects take.
func (c *Cell) filled(d *depot) int64 {
	if d.size != 0 {
		return int64(c.held()) * d.size
	}
	var bytes int64
	for _, s := range [...]*stack{c.store(), c.previous} {
		if s != nil {
			bytes += d.bytes(s)
		}
	}
	return bytes
}

// deposit puts a charged magazine, used last at stamp, into the depot, or drops
// what is in it if the pool was closed.
func (p *Pool) deposit(d *depot, s *stack, stamp int64) {
	if s != nil && !d.store(s, stamp) {
		p.dropAll(d, s, pool.EvictClosed)
	}
}

// Put is what to do when a cell is full: it asks for more quota, and
// trades full magazines for empty ones. Whatever it does not keep it discards.
func (p *Pool) Put(class int, x unsafe.Pointer, size int64) pool.ReturnResult {
	d := &p.depots[class]
	if d.size != 0 {
		size = d.size
	}
	result := p.put(d, class, x, size)
	if result == pool.Full && p.makeWay(size) {
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

// crowds tells whether an object would take a cell of sized ones over its share.
func (c *Cell) crowds(d *depot, size int64) bool {
	return d.size == 0 && size > c.sized.slack && c.held() > 0 && c.quota+size-c.sized.slack > d.share.Load()
}

// afford makes sure that the cell's quota has room for one more object. It
// charges twice as much as the time before, so that a busy P asks rarely and a
// quiet one binds little.
func (p *Pool) afford(d *depot, c *Cell, size int64) bool {
	if d.size == 0 {
		need := size - c.sized.slack
		if need > 0 {
			if c.quota+need > d.share.Load() || !p.charge(need) {
				return false
			}
			c.quota += need
			c.sized.slack += need
		}
		return true
	}
	if c.n+1 < c.room || c.top == nil && c.room > 0 {
		return true
	}
	want := max(min(c.quota, int64(d.length-c.n)*d.size, d.share.Load()-c.quota), size)
	want -= want % size
	if !p.charge(want) {
		if want == size || !p.charge(size) {
			return false
		}
		want = size
	}
	c.quota += want
	c.fit(d)
	return true
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

// reclaimEvery is how many refusals for lack of room a class swallows before the
// P looks whether it has charged room itself that it does not use.
const reclaimEvery = 64

// reclaim releases the unused quota of all cells of the P, or of the Ps that the
// goroutine is moved to meanwhile.
func (p *Pool) reclaim() {
	var unused int64
	for class := range p.depots {
		d := &p.depots[class]
		c := p.front.At(percpu.Pin(), class)
		if c.live {
			needed := c.needed(d)
			unused += c.quota - needed
			c.quota = needed
			c.fit(d)
		}
		c.Leave()
	}
	p.release(unused)
}

// needed is the part of a cell's quota that it cannot do without: what its
// objects take, and the top's room while it has others. Give fills an empty top
// without asking how many those are.
func (c *Cell) needed(d *depot) int64 {
	bytes := c.filled(d)
	if c.top == nil && bytes > 0 {
		bytes += d.size
	}
	return bytes
}

// countHit counts a hit that no cell counted.
func (d *depot) countHit(size int64, asked int) {
	d.counts().hits.Add(1)
	d.counts().hitBytes.Add(uint64(size))
	d.counts().requested.Add(uint64(asked))
}
