package magazine

import (
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/percpu"
)

// Get takes an object off the P's cell, or from the depot behind it. It returns nil if
// the caller has to allocate, and whether to sample the request.
func (p *Pool) Get(class, asked int) (x unsafe.Pointer, sample bool) {
	c := p.shards.front.At(percpu.Pin(), class)
	x, sample = c.take(&p.depots[class], asked)
	c.Leave()
	if x != nil {
		return x, sample
	}
	return p.get(class, asked)
}

// get is the slow path, for an empty cell: it looks into the previous magazine and the
// depot. It loops until it has an object or has seen that there is none. Each round
// pins again, because the depot's lock must not be taken while pinned, so each may find
// another P's cell. The loop ends: a round that gets nothing from a depot that was not
// empty has lost the object to another Get.
func (p *Pool) get(class, asked int) (x unsafe.Pointer, sample bool) {
	d := &p.depots[class]
	for {
		c := p.enter(class)
		if c == nil {
			d.counts().requests[pool.RequestClosed].Add(1)
			d.counts().requested.Add(uint64(asked))
			return nil, false
		}
		if x, hit := c.takeAny(d, asked); x != nil {
			c.Leave()
			return x, hit || sample
		}
		sample = c.due() || sample // or an earlier round's, whose object another Get took
		// Read without the lock, so that a pool that only misses never locks. It misses
		// an object that comes to the depot at this moment: a Put that has not returned
		// promises nothing.
		if d.idle.Load() == 0 {
			c.misses++
			c.drained.bytes += uint64(asked)
			c.Leave()
			d.missed(p.aging.now.Load())
			return nil, sample
		}
		c.Leave() // before the depot's lock
		if x := p.fetch(d, class, asked); x != nil {
			return x, sample
		}
		// Another goroutine took the depot's last object, and may have filled this P
		// meanwhile.
	}
}

// takeAny takes from the sealed part and the previous magazine too. The sealed part
// comes first: it is in the cache, and unseal has to learn that it was needed.
func (c *Cell) takeAny(d *depot, asked int) (x unsafe.Pointer, sample bool) {
	c.unseal()
	if c.n == 0 && c.previous != nil && c.previous.n > 0 {
		c.swap()
		c.fit(d)
	}
	return c.take(d, asked)
}

// fetch takes an object for the caller from the depot, and where cells are used a whole
// magazine for the P with it. It returns nil if the depot was empty. It takes the
// caller's object out before the P gets the magazine: otherwise another goroutine could
// take it from the cell before the caller is pinned again, and this could repeat for
// ever.
func (p *Pool) fetch(d *depot, class, asked int) unsafe.Pointer {
	now := p.aging.now.Load()
	if d.span.Load() == 0 {
		x, size := d.takeOne(now)
		if x != nil {
			d.countHit(size, asked) // before the release: otherwise somebody could fill the room while the object still counts as idle
			p.account.release(size)
		}
		return x
	}
	m := d.take(now)
	if m == nil {
		return nil
	}
	x, size := m.pop()
	d.countHit(size, asked)
	p.loadInto(class, m, size)
	return x
}

// loadInto gives the P a magazine from the depot together with its charge, and extra
// bytes, the charge of the object just taken from it. The P keeps the charge for the
// objects that it now holds and the extra object's room, and releases the rest. It
// keeps that room because most callers put soon, and would have to charge it again.
func (p *Pool) loadInto(class int, m *magazine, extra int64) {
	d := &p.depots[class]
	bytes := m.bytes()
	c := p.shards.front.At(percpu.Pin(), class)
	if !c.live || c.held() > 0 { // another goroutine filled the P meanwhile, or took its shard
		c.Leave() // before the depot's lock
		p.account.release(extra)
		p.deposit(d, m, m.stamp)
		return
	}
	// The magazine comes with its charge, so the cell's previous charge is surplus: if
	// it were kept too, each P would bind twice the room that it fills.
	spare, surplus := c.store(), c.quota
	c.load(m)
	c.quota = bytes + extra
	c.fit(d)
	c.Leave()
	p.account.release(surplus)
	if spare != nil {
		d.recycle(spare)
	}
}
