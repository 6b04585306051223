package magazine

import (
	"time"

	"github.com/otelpool/pool/internal/percpu"
)

const (
	// roomy and crowdedPart are the parts of the limit that the Ps may charge of each
	// class, as one in so many.
	roomy       = 2
	crowdedPart = 16
	// crowdedFor is for how long a pool that was full is taken to become so again.
	crowdedFor = 5 * time.Minute
)

// crowded notes that there is no room left, here or in another pool of the budget. What
// Ps have charged then keeps others from what they need, and what they hold nobody can
// compare: they get less.
func (p *Pool) crowded() {
	if until := p.clock.Load() + int64(crowdedFor); p.full.Load() != until {
		p.full.Store(until)
	}
}

// divideLocked sets what a cell may charge: of each class at most 1/(2·Ps) of
// the limit, so that at least half of it is never bound to a P, and where room is
// short an eighth of that. What a budget is lowered to counts from the next window on.
func (p *Pool) divideLocked() {
	limit := p.limit.Load()
	if p.budget != nil {
		limit = min(limit, p.budget.Limit())
	}
	part := roomy
	if p.full.Load() > p.clock.Load() {
		part = crowdedPart
	}
	share := limit / int64(part*len(p.ps))
	if share == p.divided {
		return
	}
	p.divided = share
	for i := range p.depots {
		d := &p.depots[i]
		d.share.Store(share)
		span := int64(d.length)
		if d.size > 0 {
			span = min(span, share/(2*d.size))
		}
		if d.size > maxTallied {
			span = 0
		}
		d.span.Store(span)
	}
}

// charge takes n bytes from the limit and the budget if they are left. It never
// waits: a failed exchange means that somebody else succeeded.
func (p *Pool) charge(n int64) bool {
	for {
		used := p.charged.Load()
		if n > p.limit.Load()-used {
			return false
		}
		if p.charged.CompareAndSwap(used, used+n) {
			break
		}
	}
	if p.budget != nil && !p.budget.Charge(n) {
		p.charged.Add(-n)
		return false
	}
	return true
}

// release gives n charged bytes back.
func (p *Pool) release(n int64) {
	if n == 0 {
		return
	}
	p.charged.Add(-n)
	if p.budget != nil {
		p.budget.Release(n)
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
