package magazine

import (
	"unsafe"

	"github.com/otelpool/pool/internal/percpu"
)

// Get takes an object off the P's cell, or what lies behind it. It returns nil if the
// caller has to allocate, and whether the request is to be sampled.
func (p *Pool) Get(class, asked int) (x unsafe.Pointer, sample bool) {
	c := p.shards.front.At(percpu.Pin(), class)
	x, sample = c.take(&p.depots[class], asked)
	c.Leave()
	if x != nil {
		return x, sample
	}
	return p.get(class, asked)
}

// get is what to do when a cell is empty: it looks into the previous magazine and the
// depot. It goes round until it has an object or has seen that there is none. Each round pins
// anew, since the depot's lock is not for the pinned, so each may find another P's cell. It ends:
// a round that takes nothing from a depot that was not empty has lost to a Get that did.
func (p *Pool) get(class, asked int) (x unsafe.Pointer, sample bool) {
	d := &p.depots[class]
	for {
		c := p.enter(class)
		if c == nil {
			d.counts().closedGets.Add(1)
			d.counts().requested.Add(uint64(asked))
			return nil, false
		}
		if x, sample := c.takeAny(d, asked); x != nil {
			c.Leave()
			return x, sample
		}
		// Read without the lock, so that a pool that only misses never locks. An object that
		// comes to the depot at this moment is missed: a Put that has not returned promises nothing.
		if d.idle.Load() == 0 {
			sample := c.countMiss()
			c.drained.bytes += uint64(asked)
			c.Leave()
			d.missed(p.aging.now.Load())
			return nil, sample
		}
		c.Leave() // the depot's lock is not for the pinned
		if x := p.fetch(d, class, asked); x != nil {
			return x, p.due(class)
		}
		// Somebody else took the depot's last, and may have filled this P meanwhile.
	}
}

// takeAny takes from the sealed part and the previous magazine too. The sealed part comes first:
// it is in the cache, and that it was needed after all is what unseal has to learn.
func (c *Cell) takeAny(d *depot, asked int) (x unsafe.Pointer, sample bool) {
	c.unseal()
	if c.n == 0 && c.previous != nil && c.previous.n > 0 {
		c.swap()
		c.fit(d)
	}
	return c.take(d, asked)
}

// fetch takes an object for the caller from the depot, and where cells are used
// a whole magazine for the P with it. It returns nil if the depot was empty. The object is the
// caller's before the magazine is anybody's: were it left in the magazine, another goroutine
// could take it from the cell before the caller is pinned again, and the two could go on so.
func (p *Pool) fetch(d *depot, class, asked int) unsafe.Pointer {
	now := p.aging.now.Load()
	if d.span.Load() == 0 {
		x, size := d.takeOne(now)
		if x != nil {
			d.countHit(size, asked) // before the release, or another could fill the room while idle still has the object: see Stats
			p.account.release(size)
		}
		return x
	}
	m := d.take(now)
	if m == nil {
		return nil
	}
	x, size := d.pop(m)
	d.countHit(size, asked)
	p.loadInto(class, m, size)
	return x
}

// loadInto gives the P a magazine from the depot together with its charge, and
// extra bytes, the charge of the object just taken from it. The P keeps charged
// what it now holds and the extra object's room; the rest is released. The room is kept since
// most who get put soon, and would have to charge it again.
func (p *Pool) loadInto(class int, m *magazine, extra int64) {
	d := &p.depots[class]
	bytes := d.bytes(m)
	c := p.shards.front.At(percpu.Pin(), class)
	if !c.live || c.held() > 0 { // somebody filled the P meanwhile, or took its shard
		c.Leave() // before the depot's lock
		p.account.release(extra)
		p.deposit(d, m, m.stamp)
		return
	}
	// The magazine comes with its charge, so what the cell had charged before is surplus: kept as
	// well, P after P would bind twice the room that it fills.
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
