package magazine

import (
	"unsafe"

	"github.com/otelpool/pool"
)

// Held counts the idle objects one by one, where Stats derives them from what
// was counted. Nobody may be using the pool.
func (p *Pool) Held() (objects, bytes int64) {
	add := func(s *magazine) {
		if s != nil {
			objects += int64(s.n)
			bytes += s.bytes()
		}
	}
	for i := range p.depots {
		d := &p.depots[i]
		for s := d.newest; s != nil; s = s.older {
			add(s)
		}
		for sh := p.shards.all.Load(); sh != nil; sh = sh.older {
			c := &sh.cells[i]
			add(c.store())
			add(c.previous)
			if c.top != nil {
				objects++
				bytes += d.size
			}
		}
	}
	return objects, bytes
}

// At is Front.At.
func (p *Pool) At(pid, class int) *Cell { return p.shards.front.At(pid, class) }

const CellSize = unsafe.Sizeof(Cell{})

// inCells is how many idle objects Ps have at hand.
func (p *Pool) inCells() (n int) {
	for s := p.shards.all.Load(); s != nil; s = s.older {
		for i := range s.cells {
			n += s.cells[i].held()
		}
	}
	return n
}

// Budget is what the pool shares.
func (p *Pool) Budget() *pool.Budget { return p.account.budget }
