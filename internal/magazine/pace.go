package magazine

import (
	"math/rand/v2"
	"sync/atomic"
)

// pace is how a class is sampled.
type pace struct {
	mean atomic.Uint32 // requests from one sample to the next; 0: there are none
	left atomic.Int64  // of those that go through no cell
}

// Pace sets how many requests of a class there are, on average, to each that
// Get and Count ask to sample. It has an effect from the next sample on. A
// pool whose Config has no Pace does not sample.
func (p *Pool) Pace(class int, mean uint32) { p.depots[class].pace.mean.Store(max(mean, 1)) }

// sample makes the cells of a new shard sample.
func (s *shard) sample(depots []depot) {
	for i := range s.cells {
		if depots[i].pace.mean.Load() == 0 {
			return
		}
		c := &s.cells[i]
		c.pace = &depots[i].pace.mean
		c.random = rand.Uint64() | 1
		c.begin(c.schedule())
		c.missGap = c.gap()
	}
}

// countMiss counts a miss, and tells whether to sample it.
func (c *Cell) countMiss() (sample bool) {
	c.misses++
	if c.pace == nil {
		return false
	}
	c.missGap--
	if sample = c.missGap == 0; sample {
		c.missGap = c.gap()
	}
	return sample
}

// due tells whether to sample a request that goes through no cell.
func (p *pace) due() bool {
	if p.mean.Load() == 0 || p.left.Add(-1) > 0 {
		return false
	}
	p.left.Store(rand.Int64N(2*int64(p.mean.Load())-1) + 1)
	return true
}
