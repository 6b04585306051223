package percpu

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// NumCounters is how many counters fit the cache line that a P has to itself.
const NumCounters = 8

// Counters is a block of event counters that cost a plain addition each: every
// P counts on a line of its own, and Sum adds the lines up. The zero value is
// ready to use; it must not be copied. A P that never counts costs nothing.
type Counters struct {
	lines atomic.Pointer[[]*line]
	grow  sync.Mutex
}

// line is one P's counters. At 64 bytes the allocator gives it a cache line of
// its own, which prevents false sharing.
type line struct {
	n [NumCounters]uint64
}

// Inc adds one to counter i, which must be below NumCounters.
func (c *Counters) Inc(i int) { c.Add(i, 1) }

// Sum is counter i's total over all Ps: at least what was counted before the
// call, and at most what has been counted by its end.
func (c *Counters) Sum(i int) uint64 {
	var sum uint64
	if lines := c.lines.Load(); lines != nil {
		for _, l := range *lines {
			if l != nil {
				sum += atomic.LoadUint64(&l.n[i])
			}
		}
	}
	return sum
}

// ensure makes a line for the P. Readers hold on to the slice they loaded, so it
// is replaced, never changed; lines are never replaced, so no count is lost.
func (c *Counters) ensure(pid int) {
	c.grow.Lock()
	defer c.grow.Unlock()
	var lines []*line
	if p := c.lines.Load(); p != nil {
		lines = slices.Clone(*p)
	}
	if n := max(pid+1, runtime.GOMAXPROCS(0)); n > len(lines) {
		lines = append(lines, make([]*line, n-len(lines))...)
	}
	if lines[pid] == nil {
		lines[pid] = new(line)
	}
	c.lines.Store(&lines)
}
