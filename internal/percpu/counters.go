package percpu

import "sync/atomic"

// NumCounters is the number of counters that fit a P's cache line.
const NumCounters = 8

// Counters is a block of event counters that cost a plain addition each: every
// P counts on a line of its own, and Sum adds the lines up. The zero value is
// ready to use; it must not be copied. Nothing is allocated before something is
// counted.
type Counters struct{ lines Array[line] }

// line is one P's counters.
type line = [NumCounters]uint64

// Inc adds one to counter i, which must be below NumCounters.
func (c *Counters) Inc(i int) {
	Inc(&c.lines.Pin()[i])
	Unpin()
}

// At returns a P's counters, or nil if it has none yet: then use Inc. It saves
// hot code a call: pin, add with the package's Inc, and unpin.
func (c *Counters) At(pid int) *[NumCounters]uint64 { return c.lines.At(pid) }

// Grow gives each of the first n Ps its counters. Never call it pinned.
func (c *Counters) Grow(n int) { c.lines.Grow(n - 1) }

// Sum is counter i's total over all Ps: at least what was counted before the
// call, and at most what has been counted by its end. Only the owner of a line
// writes to it, with plain additions. Loads are not torn, so each returns a
// value that the counter had.
func (c *Counters) Sum(i int) (sum uint64) {
	for l := range c.lines.All {
		sum += atomic.LoadUint64(&l[i])
	}
	return sum
}
