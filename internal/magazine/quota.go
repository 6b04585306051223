package magazine

import "github.com/otelpool/pool/internal/percpu"

// fit sets a cell's room, or slack, from its quota and what it holds. It follows every change of
// quota, loaded or previous, in the same pinned section: Give trusts room alone, so between the
// two the cell could take an object that nobody has charged.
func (c *Cell) fit(d *depot) {
	room := 1 // the top
	if c.loaded != nil {
		room += d.length
	}
	if d.size == 0 {
		c.room = uint32(room)
		c.sized.slack = c.quota - c.filled(d)
		return
	}
	free := int(c.quota / d.size)
	if c.previous != nil {
		free -= c.previous.n
	}
	c.room = uint32(max(min(room, free), 0)) // below 0 it would be a large number, and no limit
}

// filled is the part of a cell's quota that its objects take. The owner asks, or who has taken the
// shard away: to others the counts would not agree with each other.
func (c *Cell) filled(d *depot) int64 {
	if d.size != 0 {
		return int64(c.held()) * d.size
	}
	var bytes int64
	for _, m := range [...]*magazine{c.store(), c.previous} {
		if m != nil {
			bytes += d.bytes(m)
		}
	}
	return bytes
}

// overShare reports whether an object would take a cell of sized ones over its share. An empty cell
// takes any one that the share holds, or a large object would never find a place.
func (c *Cell) overShare(d *depot, size int64) bool {
	return d.size == 0 && size > c.sized.slack && c.held() > 0 && c.quota+size-c.sized.slack > d.share.Load()
}

// ensureQuota makes sure that the cell's quota has room for one more object, and reports
// whether it has. It charges twice as much as the time before, so that a busy P asks rarely
// and a quiet one binds little. It may do so pinned, since charging never waits.
func (p *Pool) ensureQuota(d *depot, c *Cell, size int64) bool {
	if d.size == 0 {
		return p.ensureSizedQuota(d, c, size)
	}
	if c.n+1 < c.room || c.top == nil && c.room > 0 {
		return true
	}
	want := max(min(c.quota, int64(d.length-int(c.n))*d.size, d.share.Load()-c.quota), size)
	want -= want % size
	if !p.account.charge(want) {
		if want == size || !p.account.charge(size) {
			return false
		}
		want = size
	}
	c.quota += want
	c.fit(d)
	return true
}

func (p *Pool) ensureSizedQuota(d *depot, c *Cell, size int64) bool {
	need := size - c.sized.slack
	if need <= 0 {
		return true
	}
	if c.quota+need > d.share.Load() || !p.account.charge(need) {
		return false
	}
	c.quota += need
	c.sized.slack += need
	return true
}

// reclaimEvery is how many refusals for lack of room a class swallows before the
// P looks whether it has charged room itself that it does not use.
const reclaimEvery = 64

// reclaim releases the unused quota of all cells of the P, or of the Ps that the
// goroutine is moved to meanwhile. It pins for each class anew, so that a P is not held for
// all of them. The charge is released last, when no cell trusts it any more: the other way round
// another P could fill the room while this one still may.
func (p *Pool) reclaim() {
	var unused int64
	for class := range p.depots {
		d := &p.depots[class]
		c := p.shards.front.At(percpu.Pin(), class)
		if c.live {
			needed := c.needed(d)
			unused += c.quota - needed
			c.quota = needed
			c.fit(d)
		}
		c.Leave()
	}
	p.account.release(unused)
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
