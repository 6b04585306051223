package magazine

import "github.com/otelpool/pool/internal/percpu"

// fit sets a cell's room, or slack, from its quota and its objects. Call it after every
// change of quota, loaded or previous, in the same pinned section: Give checks only
// room, so without fit the cell could take an object that nobody has charged.
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

// filled is the part of a cell's quota that its objects take. Only the owner may call
// it, or whoever has taken the shard away: others would read counts that do not agree
// with each other.
func (c *Cell) filled(d *depot) int64 {
	if d.size != 0 {
		return int64(c.held()) * d.size
	}
	var bytes int64
	for _, m := range [...]*magazine{c.store(), c.previous} {
		if m != nil {
			bytes += m.bytes()
		}
	}
	return bytes
}

// overShare reports whether an object would exceed the share of a cell of sized
// objects. An empty cell takes any object within the share, because a large one would
// otherwise never find a place.
func (c *Cell) overShare(d *depot, size int64) bool {
	return d.size == 0 && size > c.sized.slack && c.held() > 0 && c.quota+size-c.sized.slack > d.share.Load()
}

// ensureQuota makes sure that the cell's quota has room for one more object, and
// reports whether it has. It charges twice as much as last time, so that a busy P asks
// rarely and a quiet one binds little. It may run pinned, because charging never waits.
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

// reclaimEvery is the number of a class's refusals for lack of room after which the P
// gives back the room that it has charged and does not use.
const reclaimEvery = 64

// reclaim releases the unused quota of all cells of the P, or of the Ps that the
// goroutine moves to meanwhile. It pins for each class separately, so that it does not
// hold a P for all of them. It releases the charge last, when no cell relies on it any
// more: in the other order another P could fill the room while this one still may.
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

// needed is the part of a cell's quota that it has to keep: for its objects, and for an
// empty top while it has others, because Give fills an empty top without counting
// those.
func (c *Cell) needed(d *depot) int64 {
	bytes := c.filled(d)
	if c.top == nil && bytes > 0 {
		bytes += d.size
	}
	return bytes
}
