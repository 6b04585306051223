package magazine

import (
	"unsafe"

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
			return x, p.due(class)
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

// fetch takes an object for the caller from the depot, and where cells are used
// a whole magazine for the P with it. It returns nil if the depot was empty.
func (p *Pool) fetch(d *depot, class, asked int) unsafe.Pointer {
	if d.span.Load() == 0 {
		x, size := d.takeOne(p.clock.Load())
		if x != nil {
			d.countHit(size, asked) // first, or another could fill the room while idle still has the object: see Stats
			p.release(size)
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

// countHit counts a hit that no cell counted.
func (d *depot) countHit(size int64, asked int) {
	d.counts().hits.Add(1)
	d.counts().hitBytes.Add(uint64(size))
	d.counts().requested.Add(uint64(asked))
}
