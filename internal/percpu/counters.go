package percpu

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// NumCounters is how many counters fit the cache line that a P has to itself.
const NumCounters = 8

// Counters is a block of event counters that cost a plain addition each: every
// P counts on a line of its own, and Sum adds the lines up. The zero value is
// ready to use; it must not be copied. Nothing is allocated before something is
// counted.
type Counters struct {
	now  atomic.Pointer[lines]
	grow sync.Mutex
}

// lines is a line for each P, and those of earlier, shorter arrays, whose counts
// stay where they are: a P may be adding to them.
type lines struct {
	of    []line
	older *lines
}

// line is one P's counters. Large arrays are aligned to it, which prevents false
// sharing.
type line struct {
	n [NumCounters]uint64
}

// Inc adds one to counter i, which must be below NumCounters.
func (c *Counters) Inc(i int) { c.Add(i, 1) }

// Add adds n to counter i.
func (c *Counters) Add(i int, n uint64) {
	pid := Pin()
	of := c.At(pid)
	for of == nil {
		Unpin()
		c.ensure(pid)
		pid = Pin()
		of = c.At(pid)
	}
	add(&of[i], n)
	Unpin()
}

// At is the counters of a P, or nil if it has none yet: then use Add. It is for
// those who would rather not pay for another call: they pin, add with the
// package's Inc, and unpin.
func (c *Counters) At(pid int) *[NumCounters]uint64 {
	if l := c.now.Load(); l != nil && uint(pid) < uint(len(l.of)) {
		return &l.of[pid].n
	}
	return nil
}

// Sum is counter i's total over all Ps: at least what was counted before the
// call, and at most what has been counted by its end.
func (c *Counters) Sum(i int) uint64 {
	var sum uint64
	for l := c.now.Load(); l != nil; l = l.older {
		for pid := range l.of {
			sum += atomic.LoadUint64(&l.of[pid].n[i])
		}
	}
	return sum
}

// ensure makes a line for the P.
func (c *Counters) ensure(pid int) {
	c.grow.Lock()
	defer c.grow.Unlock()
	old := c.now.Load()
	if old == nil || pid >= len(old.of) {
		c.now.Store(&lines{of: make([]line, max(pid+1, runtime.GOMAXPROCS(0))), older: old})
	}
}
