package magazine

import (
	"time"

	"github.com/otelpool/pool/internal/reach"
)

// demanded is how much is wanted of a class, by which it is found whose objects
// make way.
type demanded struct {
	// depth is how many objects there are, out and idle: the depth of the one that
	// lies longest. It moves when one is let go or missed, and is set right when a
	// window ends.
	depth int64
	most  int64 // objects out at once, as misses of the window tell
	reach reach.Reach
}

func (w *demanded) lost() {
	if w != nil {
		w.depth--
	}
}

// missed notes a miss: there is none idle, so all there are are out.
func (w *demanded) missed() {
	if w != nil {
		w.depth++
		w.most = max(w.most, w.depth)
	}
}

// seeLocked takes in a window of demand, in which low of the idle objects were not
// used. It is the first after so much time if none was seen before.
func (d *depot) seeLocked(out, idle, low int64, window, before time.Duration) {
	most := out + idle - low
	if d.demanded == nil {
		if most <= 0 {
			return
		}
		d.demanded = &demanded{reach: reach.After(before)}
	}
	w := d.demanded
	w.reach.See(out, max(w.most, most), window)
	w.most, w.depth = 0, out+idle
}

// wait is how long the object that has been idle longest can be expected to lie
// until it is wanted, if it was used last before the given time.
func (d *depot) wait(before, now int64) (time.Duration, bool) {
	if d.oldestStamp.Load() >= before {
		return 0, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.oldest == nil {
		return 0, false
	}
	idle := time.Duration(now - d.oldest.stamp)
	if w := d.demanded; w != nil {
		return w.reach.Wait(w.depth, idle), true
	}
	return idle, true
}

// ownWait is how long an object that is given back can be expected to wait, if it would
// lie alone: one of those in the depot would be asked in its place.
func (d *depot) ownWait() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if w := d.demanded; w != nil && d.oldest == nil {
		return w.reach.Wait(w.depth, 0)
	}
	return 0
}

// unlearn forgets what the windows of a controller taught, for without one it
// would be true for ever.
func (p *Pool) unlearn() {
	for i := range p.depots {
		d := &p.depots[i]
		d.mu.Lock()
		d.demanded = nil
		d.mu.Unlock()
	}
}
