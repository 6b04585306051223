package adaptive

import (
	"math"
	"math/bits"
	"time"

	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/reach"
)

// class is what is known of a size class: one learner per doubling of depth.
// The objects of a depth are those in use when that many are out, so the deeper
// ones are used more rarely, and one idle age for all would fit none of them: each
// doubling has its own, from the learners at the fewest that were out.
type class struct {
	depths  []learner
	out     int64 // at the end of the last window
	deepest int64 // what was out and idle then
	floor   reach.Floor
	prices  prices
	age     time.Duration // of the deepest object
	size    int64         // bytes of an object
	idle    int64         // bytes of all
	regrets uint64
}

// add takes in a window. one is the weight of its gaps.
func (c *class) add(d *control.ClassDemand, one *weight, elapsed, halfLife time.Duration) {
	c.floor.Lower(d.InUse, elapsed, 2*halfLife)
	if hasGaps(d) {
		c.addGaps(d, one)
	}
	c.addDropped(int64(d.Dropped), c.deepest-int64(d.Dropped), one)
	c.addDropped(int64(d.Refused), d.InUse+d.Idle, one)
	c.out, c.deepest = d.InUse, d.InUse+d.Idle
}

// scale makes all that a memory of the class knows count f times as much.
func (c *class) scale(k int, f float32) {
	for i := range c.depths {
		c.depths[i].scale(k, f)
	}
}

// hasGaps reports whether gaps ended in the window. Most windows of most classes have
// none, and with many pools what costs is to look at all that is empty.
func hasGaps(d *control.ClassDemand) bool {
	return d.Gets > 0 && (d.Regrets > 0 || d.Held != control.Gaps{})
}

// addGaps gives every gap to its depth. The gaps that began before the window
// and ended in it are one for each depth from the objects out at its beginning
// up to the most that were out; and the deeper, the longer they were. Where a pool
// knows fewer, it is the short ones that it does not know.
func (c *class) addGaps(d *control.ClassDemand, one *weight) {
	known := int64(0)
	for bin := range d.Held {
		known += int64(d.Held[bin] + d.Gone[bin])
	}
	first := int64(d.Misses) - int64(d.Regrets) // uses of depths, the deepest ones
	most := d.InUse + d.Idle - d.LowWater
	depth := max(c.out, most-first-known) + 1 - c.floor.Least
	for bin := range d.Held {
		ended := int64(d.Held[bin] + d.Gone[bin])
		for gone := int64(d.Gone[bin]); ended > 0; {
			l, rest := c.at(depth)
			n := min(ended, rest)
			l.ended(&c.prices, bin, float32(n), float32(min(n, gone)), one)
			gone -= min(n, gone)
			depth, ended = depth+n, ended-n
		}
	}
}

// addDropped gives what was dropped to the depths above those that were left.
func (c *class) addDropped(n, left int64, one *weight) {
	for depth := left + 1 - c.floor.Least; n > 0; {
		l, rest := c.at(depth)
		m := min(n, rest)
		l.dropped(&c.prices, float32(m), one)
		depth, n = depth+m, n-m
	}
}

// at is the learner of a depth, and how many depths it has from there on.
func (c *class) at(depth int64) (l *learner, rest int64) {
	depth = min(max(depth, 1), 1<<40)
	i := bits.Len64(uint64(depth)) - 1
	for len(c.depths) <= i {
		c.depths = append(c.depths, learner{})
	}
	return &c.depths[i], 1<<(i+1) - depth
}

// setAge finds the idle ages. Where the prices are as they were it looks at one
// doubling at most: at the deepest of which much is new.
func (c *class) setAge(p *prices, one *weight) {
	deepest, _ := c.at(c.deepest - c.floor.Least)
	changed := c.prices != *p
	c.prices = *p
	for i := len(c.depths) - 1; i >= 0; i-- {
		l := &c.depths[i]
		if all := changed || l.age == 0; all || l.stale() {
			l.setAge(p, one, float32(int64(1)<<i), all)
			if !all {
				break
			}
		}
	}
	c.age = deepest.age
}

// cost is what pools cost, in missed bytes, and how much more that is than the
// least it could have been. A byte held for T is as good as missed.
type cost struct{ actual, excess float64 }

// add takes in a window. The best policy pays min(1, g/T) for a gap g. What the
// pool paid beyond that shows when a gap ends, or when its object is dropped: a
// gap held for longer than T, and everything held that was then dropped, was
// held in vain; and a gap shorter than T was not to be missed.
func (c *cost) add(d *control.ClassDemand, breakEven float64) {
	size := float64(d.Size)
	c.actual += size * (float64(d.Misses) + d.IdleSeconds/breakEven)
	c.excess += size * d.DroppedSeconds / breakEven
	if !hasGaps(d) {
		return
	}
	first := control.GapBin(time.Duration(breakEven * float64(time.Second)))
	for bin, n := range d.Gone[:first] {
		if n > 0 { // most are empty, and with many pools that is what costs
			c.excess += size * float64(n) * max(1-gapLength[bin]/breakEven, 0)
		}
	}
	for bin := first; bin < control.NumGaps; bin++ {
		if n := d.Held[bin]; n > 0 {
			c.excess += size * float64(n) * max(gapLength[bin]/breakEven-1, 0)
		}
	}
}

// efficiency is the least that the pools could have cost over what they did: 0
// while that is not known.
func (c *cost) efficiency() float64 {
	if c.actual <= 0 {
		return 0
	}
	return min(max(1-c.excess/c.actual, 0), 1)
}

// fade makes what the pools cost count half after a day, so that the efficiency
// is that of the last days and not of a process's whole life.
func (c *cost) fade(elapsed time.Duration) {
	f := math.Exp2(-elapsed.Hours() / 24)
	c.actual *= f
	c.excess *= f
}
