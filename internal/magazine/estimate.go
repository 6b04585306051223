package magazine

import (
	"time"

	"github.com/otelpool/pool/internal/reach"
)

// estimate estimates a class's demand. Eviction ranks objects by it, across the classes
// of a pool and the pools of a budget. A nil estimate, in a class without a controller,
// counts nothing.
type estimate struct {
	// depth is the number of objects, out and idle: the depth of the one idle longest.
	// It moves when an object is dropped or missed, and is corrected when a window
	// ends.
	depth int64
	most  int64 // most objects out at once, by the misses of the window
	reach reach.Reach
}

// dropped counts an object that has gone.
func (e *estimate) dropped() {
	if e != nil {
		e.depth--
	}
}

// missed counts an object that is made: none is idle, so all are out.
func (e *estimate) missed() {
	if e != nil {
		e.depth++
		e.most = max(e.most, e.depth)
	}
}

// learnLocked adds a window of demand to the estimate: low of the idle objects were not
// used in it. The first window comes after the time quiet without demand. A class that
// nobody uses has no estimate, which would be most of its memory.
func (d *depot) learnLocked(out, idle, low int64, window, quiet time.Duration) {
	most := out + idle - low
	if d.estimate == nil {
		if most <= 0 {
			return
		}
		d.estimate = &estimate{reach: reach.After(quiet)}
	}
	e := d.estimate
	e.reach.Learn(out, max(e.most, most), window)
	e.most, e.depth = 0, out+idle
}

// wait is the time that the object idle longest is expected to wait until it is needed,
// if it was used last before the given time. It checks twice whether there is one,
// because the magazine whose stamp it reads without the lock may have been taken since.
func (d *depot) wait(before, now int64) (time.Duration, bool) {
	if d.oldestStamp.Load() >= before { // read without the lock, since most depots have nothing that old
		return 0, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.oldest == nil {
		return 0, false
	}
	idle := time.Duration(now - d.oldest.stamp)
	if e := d.estimate; e != nil {
		return e.reach.Wait(e.depth, idle), true
	}
	return idle, true
}

// ownWait is the time that an object given back is expected to wait, if the depot is
// empty; otherwise wait ranks the depot's oldest object in its place.
func (d *depot) ownWait() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e := d.estimate; e != nil && d.oldest == nil {
		return e.reach.Wait(e.depth, 0)
	}
	return 0
}

// forgetDemand forgets what was learned from a controller's windows, which without a
// controller would never be corrected. Each depot forgets under its own lock, one after
// the other; at worst one eviction compares two kinds of wait.
func (p *Pool) forgetDemand() {
	for i := range p.depots {
		d := &p.depots[i]
		d.mu.Lock()
		d.estimate = nil
		d.mu.Unlock()
	}
}
