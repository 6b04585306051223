package magazine

import (
	"unsafe"

	"github.com/otelpool/pool"
)

// drop counts an idle object as evicted, uncharges and discards it.
func (p *Pool) drop(d *depot, x unsafe.Pointer, size int64, why pool.EvictionReason) {
	// Counts first: see Stats.
	d.counts().evicted[why].Add(1)
	d.counts().evictedBytes[why].Add(uint64(size))
	p.release(size)
	p.discardOne(x)
}

func (p *Pool) discardOne(x unsafe.Pointer) {
	if p.discard != nil {
		p.discard(x)
	}
}

// fits tells whether there is room for n bytes.
func (p *Pool) fits(n int64) bool {
	if !p.charge(n) {
		return false
	}
	p.release(n)
	return true
}

// Warm makes up to n objects of a class that the limit has room for, and returns
// how many. Make runs unlocked and returns an object and, for sized ones, its
// bytes; nil ends it.
func (p *Pool) Warm(class, n int, make func() (unsafe.Pointer, int64)) (warmed int) {
	d := &p.depots[class]
	p.watch()
	for ; warmed < n; warmed++ {
		if !p.fits(d.size) { // before making what may not
			return warmed
		}
		x, size := make() // with nothing charged: it may panic, or take a while, for which a SetLimit would wait
		if x == nil {
			return warmed
		}
		if d.size != 0 {
			size = d.size
		}
		if !p.charge(size) {
			p.discardOne(x)
			return warmed
		}
		if !d.storeOne(x, size, p.clock.Load()) {
			p.release(size)
			p.discardOne(x)
			return warmed
		}
		d.counts().prewarmed.Add(1)
		d.counts().prewarmedBytes.Add(uint64(size))
	}
	return warmed
}
