package magazine

import (
	"unsafe"

	"github.com/otelpool/pool"
)

// drop counts an idle object as evicted, uncharges and discards it.
func (p *Pool) drop(d *depot, x unsafe.Pointer, size int64, why pool.EvictionReason) {
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

// Warm makes up to n objects of a class that the limit has room for, and returns
// how many. Make runs unlocked and returns an object and, for sized ones, its
// bytes.
func (p *Pool) Warm(class, n int, make func() (unsafe.Pointer, int64)) (warmed int) {
	d := &p.depots[class]
	p.watch()
	for ; warmed < n; warmed++ {
		if d.size != 0 && !p.charge(d.size) { // before making what may not fit
			return warmed
		}
		x, size := p.makeOne(d, make)
		if d.size != 0 {
			size = d.size
		} else if !p.charge(size) {
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

// makeOne calls another's function, and gives back what was charged for its object
// if it panics.
func (p *Pool) makeOne(d *depot, f func() (unsafe.Pointer, int64)) (x unsafe.Pointer, size int64) {
	made := false
	defer func() {
		if !made {
			p.release(d.size)
		}
	}()
	x, size = f()
	made = true
	return x, size
}
