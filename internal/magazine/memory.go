package magazine

import (
	"math/bits"
	"time"

	"github.com/otelpool/pool/control"
)

// memory is what a depot remembers of what it let go: what the next Demand will
// tell, and the ghosts, and counts for Curve. It is guarded by the depot's lock.
type memory struct {
	ghosts ghosts

	// Since the window began.
	regrets, refused, dropped uint64
	droppedFor                float64 // seconds that the dropped ones had lain, summed
	held, gone                control.Gaps
	gaps                      bool // there are some in held or gone

	// Since the pool was made.
	saved, lost [control.NumCurve]uint64
}

func (d *depot) memoryLocked() *memory {
	if d.memory == nil {
		d.memory = new(memory)
	}
	return d.memory
}

// tell writes what the window saw to a demand that is empty, and begins another.
func (m *memory) tell(c *control.ClassDemand) {
	c.Regrets, c.Refused, c.Dropped, c.DroppedSeconds = m.regrets, m.refused, m.dropped, m.droppedFor
	m.regrets, m.refused, m.dropped, m.droppedFor = 0, 0, 0, 0
	if m.gaps { // few windows have any, and to copy what is empty takes a while, too
		c.Held, c.Gone = m.held, m.gone
		m.held, m.gone, m.gaps = control.Gaps{}, control.Gaps{}, false
	}
}

// recallLocked notes that n objects are used again that were used last at
// stamp. Gaps of less than a window are not worth a line.
func (d *depot) recallLocked(now, stamp int64, n int) {
	if stamp < now {
		m := d.memoryLocked()
		m.held[control.GapBin(time.Duration(now-stamp))] += uint32(n)
		m.gaps = true
	}
}

// forgetLocked notes that an object is dropped that was used last at stamp.
func (d *depot) forgetLocked(now, stamp int64) {
	m := d.memoryLocked()
	m.dropped++
	m.droppedFor += time.Duration(now - stamp).Seconds()
	m.ghosts.dropped(stamp)
	d.demanded.lost()
	d.remembered.Store(true)
}

// refuse notes that an object was not taken for lack of room.
func (d *depot) refuse(now int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	m := d.memoryLocked()
	m.refused++
	m.ghosts.refused(now)
	d.demanded.lost()
	d.remembered.Store(true)
}

// miss notes a miss, and whether an object that was let go would have served it.
func (d *depot) miss(now int64) {
	if !d.remembered.Load() {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.demanded.missed()
	m := d.memory
	depth, stamp, ok := m.ghosts.missed()
	if !ok {
		d.remembered.Store(false)
		return
	}
	m.regrets++
	m.gone[control.GapBin(time.Duration(now-stamp))]++
	m.gaps = true
	m.saved[curveBin(depth+1)]++
}

// curveBin is the bin of a ClassCurve for a difference of n objects.
func curveBin(n int) int { return min(bits.Len(uint(n))-1, control.NumCurve-1) }

// reachedLocked notes that of the objects that were held only those below low
// were not used in a window: a pool smaller by more than low objects would have
// missed at each depth once, at least.
func (d *depot) reachedLocked(low, held int64) {
	if held <= low {
		return
	}
	m := d.memoryLocked()
	for bin := range m.lost {
		from, to := int64(1)<<bin, int64(2)<<bin
		m.lost[bin] += uint64(max(min(to, held+1)-max(from, low+1), 0))
	}
}
