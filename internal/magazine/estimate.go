package magazine

import (
	"time"

	"github.com/otelpool/pool/internal/reach"
)

// estimate is of a class's demand. Eviction ranks objects by it, from class to class and
// from pool to pool of a budget. A nil estimate, of a class without a controller, counts nothing.
type estimate struct {
	// depth is how many objects there are, out and idle: the depth of the one that
	// lies longest. It moves when one is dropped or missed, and is set right when a
	// window ends.
	depth int64
	most  int64 // objects out at once, as misses of the window tell
	reach reach.Reach
}

// dropped counts an object that there is no more.
func (e *estimate) dropped() {
	if e != nil {
		e.depth--
	}
}

// missed counts an object that is made: there is none idle, so all there are are out.
func (e *estimate) missed() {
	if e != nil {
		e.depth++
		e.most = max(e.most, e.depth)
	}
}

// learnLocked takes a window of demand into the estimate: low of the idle objects were not
// used in it. The first window comes after the given time without demand. A class that nobody
// uses has no estimate, which would be most of its memory.
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

// wait is how long the object that has been idle longest can be expected to lie
// until it is wanted, if it was used last before the given time. Whether there is one is asked
// twice: the stamp read without the lock may be that of a magazine which has been taken since.
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

// ownWait is how long an object that is given back can be expected to wait, if it would
// lie alone: one of those in the depot would be asked in its place.
func (d *depot) ownWait() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e := d.estimate; e != nil && d.oldest == nil {
		return e.reach.Wait(e.depth, 0)
	}
	return 0
}

// forgetDemand forgets what the windows of a controller taught, for without one it
// would be true for ever. Each depot is told under its own lock; that they forget one after the
// other makes one eviction compare two kinds of wait, at worst.
func (p *Pool) forgetDemand() {
	for i := range p.depots {
		d := &p.depots[i]
		d.mu.Lock()
		d.estimate = nil
		d.mu.Unlock()
	}
}
