package magazine

import (
	"math/bits"
	"time"

	"github.com/otelpool/pool/control"
)

// history is what a depot remembers of what it dropped or refused: what the next Demand
// reports, and the ghosts, and counts for Curve. It is guarded by the depot's lock.
type history struct {
	ghosts ghosts

	// Since the window began.
	regrets, refused, dropped uint64
	droppedFor                float64 // seconds that the dropped ones had lain, summed
	held, gone                control.Gaps
	gaps                      bool // there are some in held or gone

	// Since the pool was made.
	saved, lost [control.NumCurve]uint64
}

func (d *depot) historyLocked() *history {
	if d.history == nil {
		d.history = new(history)
	}
	return d.history
}

// report writes what the window saw to a demand that is empty, and begins another. The depot's lock is
// held from the reading to the reset, so that what happens in between is in one of the two.
func (h *history) report(c *control.ClassDemand) {
	c.Regrets, c.Refused, c.Dropped, c.DroppedSeconds = h.regrets, h.refused, h.dropped, h.droppedFor
	h.regrets, h.refused, h.dropped, h.droppedFor = 0, 0, 0, 0
	if h.gaps { // few windows have any, and to copy what is empty takes a while, too
		c.Held, c.Gone = h.held, h.gone
		h.held, h.gone, h.gaps = control.Gaps{}, control.Gaps{}, false
	}
}

// reusedLocked notes that n objects are used again that were used last at
// stamp. Gaps of less than a window are not worth a line. A whole magazine has one stamp, the
// latest of its objects': the gaps of the others are longer, by less than a window.
func (d *depot) reusedLocked(now, stamp int64, n int) {
	if stamp < now {
		h := d.historyLocked()
		h.held[control.GapBin(time.Duration(now-stamp))] += uint32(n)
		h.gaps = true
	}
}

// droppedLocked notes that an object is dropped that was used last at stamp.
func (d *depot) droppedLocked(now, stamp int64) {
	h := d.historyLocked()
	h.dropped++
	h.droppedFor += time.Duration(now - stamp).Seconds()
	h.ghosts.dropped(stamp)
	d.estimate.dropped()
	d.hasGhosts.Store(true)
}

// refused notes that an object was not taken for lack of room. It is a ghost like one that was
// dropped: a larger pool would have kept it, and a miss would have found it.
func (d *depot) refused(now int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	h := d.historyLocked()
	h.refused++
	h.ghosts.refused(now)
	d.estimate.dropped()
	d.hasGhosts.Store(true)
}

// missed notes a miss, and whether an object that was dropped or refused would have served it. It is
// called when the P has been left, since it takes the lock. Two misses may change places on the way,
// and each then gets the ghost of the other: their number by depth is the same.
func (d *depot) missed(now int64) {
	if !d.hasGhosts.Load() { // read without the lock: a miss that sees it late is one that no ghost counts
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.estimate.missed()
	h := d.history
	depth, stamp, ok := h.ghosts.missed()
	if !ok {
		d.hasGhosts.Store(false)
		return
	}
	h.regrets++
	h.gone[control.GapBin(time.Duration(now-stamp))]++
	h.gaps = true
	h.saved[curveBin(depth+1)]++
}

// curveBin is the bin of a ClassCurve for a difference of n objects.
func curveBin(n int) int { return min(bits.Len(uint(n))-1, control.NumCurve-1) }

// countLostLocked notes that of the objects that were held only those below low
// were not used in a window: a pool smaller by more than low objects would have
// missed at each depth once, at least.
func (d *depot) countLostLocked(low, held int64) {
	if held <= low {
		return
	}
	h := d.historyLocked()
	for bin := range h.lost {
		from, to := int64(1)<<bin, int64(2)<<bin
		h.lost[bin] += uint64(max(min(to, held+1)-max(from, low+1), 0))
	}
}
