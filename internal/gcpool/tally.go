package gcpool

import (
	"sync/atomic"

	"github.com/otelpool/pool/internal/percpu"
)

// Tally counts what a pool does. It does not refer to the pool, nor to objects. The zero
// value is ready to use; it must not be copied.
type Tally struct {
	counts percpu.Counters
	gone   [2]atomic.Uint64 // collected, of even and odd generations
}

// What is counted per P. The first three are followed by those of odd generations.
const (
	hits   = 0
	pooled = 2
	warmed = 4

	// Miss and Refused are counted by the pool's user.
	Miss    = 6
	Refused = 7
)

// Of makes the tally that of a pool, which was not used before, nor was the tally.
func (t *Tally) Of(p *Pool) { p.tally = t }

// bury counts all that is left of dead generations of a parity. One at a time does, and
// nobody has one of that parity in use.
func (t *Tally) bury(parity int) {
	put := t.counts.Sum(pooled+parity) + t.counts.Sum(warmed+parity)
	taken := t.counts.Sum(hits+parity) + t.gone[parity].Load()
	t.gone[parity].Add(put - taken)
}

// Counts has what pools have done. What was put and is neither taken nor collected is
// idle.
type Counts struct {
	Hits, Misses, Pooled, Warmed, Refused uint64

	// Collected is how many the collector took: exact, and late by the time that it needs
	// to run cleanups, or where a generation was in use at that moment, by one collection.
	Collected uint64
}

// Idle is what is put and not gone.
func (c Counts) Idle() uint64 { return c.Pooled + c.Warmed - c.Hits - c.Collected }

// Counts reads what goes out before what comes in, so that use meanwhile cannot make idle
// negative.
func (t *Tally) Counts() (c Counts) {
	c.Collected = t.gone[0].Load() + t.gone[1].Load()
	c.Hits = t.both(hits)
	c.Misses = t.counts.Sum(Miss)
	c.Refused = t.counts.Sum(Refused)
	c.Warmed = t.both(warmed)
	c.Pooled = t.both(pooled)
	return c
}

func (t *Tally) both(what int) uint64 { return t.counts.Sum(what) + t.counts.Sum(what+1) }

func (c *Counts) add(d Counts) {
	c.Hits += d.Hits
	c.Misses += d.Misses
	c.Pooled += d.Pooled
	c.Warmed += d.Warmed
	c.Refused += d.Refused
	c.Collected += d.Collected
}
