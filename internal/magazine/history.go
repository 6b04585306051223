package magazine

import (
	"math/bits"
	"time"

	"github.com/otelpool/pool/control"
)

// history is a depot's memory of the objects that it dropped or refused: counts for the
// next Demand, the ghosts, and counts for Curve. The depot's lock guards it.
type history struct {
	ghosts ghosts

	// Since the window began.
	regrets, refused, dropped uint64
	droppedFor                float64 // sum of the seconds that the dropped objects had been idle
	held, gone                control.Gaps
	gaps                      bool // held or gone has some

	// Since the pool was made.
	saved, lost [control.NumCurve]uint64
}

func (d *depot) historyLocked() *history {
	if d.history == nil {
		d.history = new(history)
	}
	return d.history
}

// report writes the window's counts to an empty demand, and begins another window. The
// caller holds the depot's lock from the reading to the reset, so that every event is
// in exactly one window.
func (h *history) report(c *control.ClassDemand) {
	c.Regrets, c.Refused, c.Dropped, c.DroppedSeconds = h.regrets, h.refused, h.dropped, h.droppedFor
	h.regrets, h.refused, h.dropped, h.droppedFor = 0, 0, 0, 0
	if h.gaps { // few windows have any, and copying empty ones takes time too
		c.Held, c.Gone = h.held, h.gone
		h.held, h.gone, h.gaps = control.Gaps{}, control.Gaps{}, false
	}
}

// reusedLocked notes that n objects used last at stamp are used again. It leaves out
// gaps of less than a window. A whole magazine has one stamp, the latest of its
// objects': the gaps of the others are longer by less than a window.
func (d *depot) reusedLocked(now, stamp int64, n int) {
	if stamp < now {
		h := d.historyLocked()
		h.held[control.GapBin(time.Duration(now-stamp))] += uint32(n)
		h.gaps = true
	}
}

// droppedLocked notes that an object used last at stamp is dropped.
func (d *depot) droppedLocked(now, stamp int64) {
	h := d.historyLocked()
	h.dropped++
	h.droppedFor += time.Duration(now - stamp).Seconds()
	h.ghosts.dropped(stamp)
	d.estimate.dropped()
	d.hasGhosts.Store(true)
}

// refused notes that an object was not taken for lack of room. It becomes a ghost like
// a dropped one: a larger pool would have kept it, and a miss would have found it.
func (d *depot) refused(now int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	h := d.historyLocked()
	h.refused++
	h.ghosts.refused(now)
	d.estimate.dropped()
	d.hasGhosts.Store(true)
}

// missed notes a miss, and whether a dropped or refused object would have served it. It
// takes the lock, so call it after leaving the P. Two misses may overtake each other on
// the way and get each other's ghost: the number by depth stays the same.
func (d *depot) missed(now int64) {
	if !d.hasGhosts.Load() { // read without the lock: a miss that sees an old value meets no ghost
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

// countLostLocked notes that only low of the held objects were not used in a window: a
// pool smaller by more than low objects would have missed at least once at each further
// depth.
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
