package magazine

import (
	"runtime"
	"sync/atomic"

	"github.com/otelpool/pool/internal/percpu"
)

// A cell's tally is hits and requested bytes in one word, so that a hit costs one
// addition to memory and not two, which is what the pair of Get and Put is
// bound by: hits in the upper 16 bits, bytes below. Before either can overflow,
// after 2^15 hits, the word is drained into two counters. Objects in cells are
// below 2^33 bytes, so the bytes of that many fit.
//
// That every hit is tested for the end of the word is also how some are sampled
// at no cost: the word begins with as many hits as bring its end to that of a leg of
// the schedule, and what was drained is less by so many.
const (
	tallyShift = 48
	tallyHit   = 1 << tallyShift
	tallyBytes = tallyHit - 1
	tallyFull  = 1 << 15   // hits
	maxTallied = 1<<33 - 1 // bytes of an object in a cell
)

// drained is what was drained from a tally. Only the cell's owner writes it;
// turn is odd while it does, so that readers see word and counters together.
type drained struct {
	hits, bytes uint64
	turn        uint32
}

// Count counts a hit, and asked as the bytes requested. It returns false if the
// hit is to be sampled.
func (c *Cell) Count(asked int) (ordinary bool) {
	c.tally += tallyHit + uint64(asked)
	if int64(c.tally) < 0 {
		return c.drain()
	}
	return true
}

//go:noinline // or it would be in every Get
func (c *Cell) drain() (ordinary bool) {
	s := c.schedule
	if s == nil {
		c.begin(0)
		return true
	}
	ordinary = !s.next(&s.hits)
	c.begin(s.word())
	return ordinary
}

// begin drains the word and begins one with so many hits.
func (c *Cell) begin(first uint64) {
	d := &c.drained
	atomic.StoreUint32(&d.turn, d.turn+1)
	percpu.Store(&d.hits, d.hits+c.tally>>tallyShift-first)
	percpu.Store(&d.bytes, d.bytes+c.tally&tallyBytes)
	percpu.Store(&c.tally, first<<tallyShift)
	atomic.StoreUint32(&d.turn, d.turn+1)
}

// counted is the hits and requested bytes so far. It waits for a drain that is
// under way, which is five stores by a goroutine that cannot be preempted.
func (c *Cell) counted() (hits, bytes uint64) {
	d := &c.drained
	for {
		turn := atomic.LoadUint32(&d.turn)
		hits, bytes = percpu.Load(&d.hits), percpu.Load(&d.bytes)
		word := percpu.Load(&c.tally)
		if turn%2 == 0 && turn == atomic.LoadUint32(&d.turn) {
			return hits + word>>tallyShift, bytes + word&tallyBytes
		}
		runtime.Gosched() // the owner's thread may have lost its CPU
	}
}
