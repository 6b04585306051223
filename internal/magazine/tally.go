package magazine

import (
	"runtime"
	"sync/atomic"

	"github.com/otelpool/pool/internal/percpu"
)

// A cell's tally has hits and requested bytes in one word, so that a hit costs one
// addition to memory instead of two, because stores bound the time of Get and Put. Hits
// are in the upper 34 bits and bytes below, so that a hit adds a constant that fits an
// instruction. Before the bytes can overflow, the word is drained into two counters:
// see leg.
//
// A word ends when its hits reach 2^33, which makes it negative. It begins with that
// number less the hits that it is to have. Every hit tests for the end, which also
// makes sampling free: a word has as many hits as a leg of the schedule.
const (
	tallyShift = 30
	tallyHit   = 1 << tallyShift
	tallyBytes = tallyHit - 1 // also the most bytes of an object in a cell
	tallyEnd   = 1 << 33      // hits
	maxTallied = 1 << 15      // hits from one drainTally to the next
)

// drained has the counts drained from a tally, less the hits that its words began with.
// Only the cell's owner writes it; turn is odd meanwhile, so that readers see word and
// counters together.
type drained struct{ hits, bytes uint64 }

// Count counts a hit, and asked as the bytes requested. It returns false if the hit is
// to be sampled. It loads, adds and stores the word without an atomic
// read-modify-write: nobody else writes it, and readers can use any of its values.
func (c *Cell) Count(asked int) (ordinary bool) {
	c.tally += tallyHit + uint64(asked)
	if int64(c.tally) < 0 {
		return c.drainTally()
	}
	return true
}

//go:noinline // otherwise every Get would include it
func (c *Cell) drainTally() (ordinary bool) {
	s := c.schedule
	ordinary = s == nil || !s.next(&s.hits)
	c.beginWord()
	return ordinary
}

// beginWord drains the word and begins another. The stores are atomic because readers
// rely on their order: turn becomes odd before the first of the three words changes,
// and even after the last.
func (c *Cell) beginWord() {
	first := tallyEnd - uint64(c.leg())
	d := &c.drained
	atomic.StoreUint32(&c.turn, c.turn+1)
	percpu.Store(&d.hits, d.hits+c.tally>>tallyShift-first)
	percpu.Store(&d.bytes, d.bytes+c.tally&tallyBytes)
	percpu.Store(&c.tally, first<<tallyShift)
	atomic.StoreUint32(&c.turn, c.turn+1)
}

// leg is the number of hits of a word. It is read after the schedule has planned the
// next leg, so that the word ends where the schedule wants to look.
func (c *Cell) leg() uint32 {
	if c.schedule != nil {
		return c.schedule.hits.leg()
	}
	return mostTallied(c.size)
}

// mostTallied is the number of hits on objects of the size that fit a word.
func mostTallied(size int) uint32 {
	return uint32(min(max(tallyBytes/max(size, 1), 1), maxTallied)) // 1 for those that have no cell
}

// counted returns the hits and requested bytes so far. It waits for a drain under way,
// which is five stores by a goroutine that cannot be preempted.
func (c *Cell) counted() (hits, bytes uint64) {
	d := &c.drained
	for {
		turn := atomic.LoadUint32(&c.turn)
		hits, bytes = percpu.Load(&d.hits), percpu.Load(&d.bytes)
		word := percpu.Load(&c.tally)
		if turn%2 == 0 && turn == atomic.LoadUint32(&c.turn) {
			return hits + word>>tallyShift, bytes + word&tallyBytes
		}
		runtime.Gosched() // the owner's thread may have lost its CPU
	}
}
