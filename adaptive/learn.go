package adaptive

import (
	"math"
	"math/bits"
	"time"

	"github.com/otelpool/pool"
)

// What stands for a bin of pool.Gaps, and where it begins, in seconds.
var gapLength, gapStart = func() (length, start [pool.NumGaps]float64) {
	for bin := range length {
		length[bin] = pool.GapLength(bin).Seconds()
		start[bin] = length[bin] / math.Exp2(1./8) // bins are a quarter of a doubling wide
	}
	return length, start
}()

// prices is what time costs: T is how long holding an object costs as much as
// allocating it, least and most bound the idle ages, all in seconds.
type prices struct{ T, least, most float64 }

// learner is what is known of how long the objects at one depth lie unused, and
// finds the idle age that would have cost least.
//
// An idle age of a costs g/T for a gap g shorter than a, and a/T and a miss for
// a longer one: a ski rental for each depth, as Lu and Chen have it for servers
// (Simple and Effective Dynamic Provisioning for Power-Proportional Data Centers,
// arXiv 1112.0442). They take the worst case; here the gaps are learned, and the
// clamp bounds what it costs when they change.
type learner struct {
	gaps   [pool.NumGaps]float32
	absent float32 // objects dropped and not asked for since: gaps without an end
}

// age is the idle age that costs least, as far as is known. one is the weight of
// a gap that ended now.
func (l *learner) age(p prices, one float32) float64 {
	bin := 0
	for gapStart[bin] < p.least {
		bin++ // whatever the age, these gaps are held through
	}
	misses := float32(0)
	for _, n := range l.gaps[bin:] {
		misses += n
	}
	best, cheapest, held := p.least, math.Inf(1), 0.0
	doublings := math.Log2(gapStart[bin] / p.T / unknown) // from what is believed
	for ; bin < pool.NumGaps && gapStart[bin] <= p.most; bin++ {
		cost := (held+float64(misses+l.absent)*gapStart[bin])/p.T + float64(misses) + float64(one)*prior(doublings)
		if cost < cheapest {
			best, cheapest = gapStart[bin], cost
		}
		held += float64(l.gaps[bin]) * gapLength[bin]
		misses -= l.gaps[bin]
		doublings += 1. / 4
	}
	return best
}

const (
	// unknown is the idle age of what nothing is known of, in T. If any length
	// from T/10 to 10T is as likely as twice the length, a gap's chance to end in
	// the next moment falls below 1/T after 0.28·T.
	unknown = 0.25
	// conviction is how much that is believed, against gaps that were seen.
	conviction = 0.1
)

// prior is the cost, before anything is known, of an idle age that is so many
// doublings from the one that is believed best.
func prior(doublings float64) float64 { return conviction * doublings * doublings }

// again is the chance that what was dropped had been wanted within T.
func (l *learner) again(breakEven float64, one float32) float64 {
	soon, all := float64(one)/2, float64(one+l.absent)
	for bin, n := range l.gaps {
		if gapLength[bin] < breakEven {
			soon += float64(n)
		}
		all += float64(n)
	}
	return soon / all
}

func (l *learner) scale(f float32) {
	for bin := range l.gaps {
		l.gaps[bin] *= f
	}
	l.absent *= f
}

// class is what is known of a size class: one learner per doubling of depth.
// The objects of a depth are those in use when that many are out, so the deeper
// ones are used more rarely, and one idle age for all would fit none of them.
type class struct {
	depths  []learner
	out     int64 // at the end of the window before
	deepest int64 // what was out and idle then
	floor   floor
	learned bool // something, since age was found
	asked   int  // doubling of depth that age was found for
	prices  prices
	age     time.Duration
	set     time.Duration // the one in force
	reached reached
	idle    int64 // bytes
	regrets uint64
}

// add takes in a window. one is the weight of its gaps.
func (c *class) add(d *pool.ClassDemand, one float32, elapsed, halfLife time.Duration) {
	c.floor.see(d.InUse, elapsed, 2*halfLife)
	if hasGaps(d) {
		c.addGaps(d, one)
	}
	if d.Dropped > 0 {
		c.addDropped(int64(d.Dropped), c.deepest-int64(d.Dropped), one)
	}
	if d.Refused > 0 {
		c.addDropped(int64(d.Refused), d.InUse+d.Idle, one)
	}
	c.out, c.deepest = d.InUse, d.InUse+d.Idle
}

// hasGaps tells whether gaps ended in the window. Most windows of most classes have
// none, and with many pools what costs is to look at all that is empty.
func hasGaps(d *pool.ClassDemand) bool {
	return d.Gets > 0 && (d.Regrets > 0 || d.Held != pool.Gaps{})
}

// addGaps gives every gap to its depth. The gaps that began before the window
// and ended in it are one for each depth from the objects out at its beginning
// up to the most that were out; and the deeper, the longer they were. Where a pool
// knows fewer, it is the short ones that it does not know.
func (c *class) addGaps(d *pool.ClassDemand, one float32) {
	known := int64(0)
	for bin := range d.Held {
		known += int64(d.Held[bin] + d.Gone[bin])
	}
	first := int64(d.Misses) - int64(d.Regrets) // uses of depths, the deepest ones
	most := d.InUse + d.Idle - d.LowWater
	depth := max(c.out, most-first-known) + 1 - c.floor.least
	for bin := range d.Held {
		ended := int64(d.Held[bin] + d.Gone[bin])
		for gone := int64(d.Gone[bin]); ended > 0; {
			l, rest := c.at(depth)
			c.learned = true
			n := min(ended, rest)
			l.gaps[bin] += float32(n) * one
			l.absent = max(l.absent-float32(min(n, gone))*one, 0)
			gone -= min(n, gone)
			depth, ended = depth+n, ended-n
		}
	}
}

// addDropped gives what was dropped to the depths above those that were left.
func (c *class) addDropped(n, left int64, one float32) {
	c.learned = true
	for depth := left + 1 - c.floor.least; n > 0; {
		l, rest := c.at(depth)
		m := min(n, rest)
		l.absent += float32(m) * one
		depth, n = depth+m, n-m
	}
}

// at is the learner of a depth, and how many depths it has from there on.
func (c *class) at(depth int64) (l *learner, rest int64) {
	depth = min(max(depth, 1), 1<<40)
	i := doubling(depth)
	for len(c.depths) <= i {
		c.depths = append(c.depths, learner{})
	}
	return &c.depths[i], 1<<(i+1) - depth
}

// doubling is how many times 1 has to be doubled to come to the depth.
func doubling(depth int64) int { return bits.Len64(uint64(min(max(depth, 1), 1<<40))) - 1 }

// setAge finds the idle age for what lies longest, which is the deepest. It is
// the one before if nothing was learned and nothing changed.
func (c *class) setAge(d *pool.ClassDemand, p prices, one float32) {
	deepest := d.InUse + d.Idle - c.floor.least
	if i := doubling(deepest); c.learned || i != c.asked || p != c.prices {
		l, _ := c.at(deepest)
		c.age = time.Duration(l.age(p, one) * float64(time.Second))
		c.learned, c.asked, c.prices = false, i, p
	}
}

// floor is the fewest objects out for some time. Depths are counted from it, so
// that objects that never come back do not make every depth look alike.
type floor struct {
	least  int64
	recent int64 // since the turn
	turned time.Duration
	seen   bool
}

func (f *floor) see(out int64, elapsed, turn time.Duration) {
	if !f.seen {
		f.least, f.recent, f.seen = out, out, true
	}
	f.recent = min(f.recent, out)
	f.least = min(f.least, out)
	if f.turned += elapsed; f.turned > turn {
		f.least, f.recent, f.turned = f.recent, out, 0
	}
}

// cost is what pools cost, in missed bytes, and how much more that is than the
// least it could have been. A byte held for T is as good as missed.
type cost struct{ actual, excess float64 }

// add takes in a window. The best policy pays min(1, g/T) for a gap g. What the
// pool paid beyond that shows when a gap ends, or when its object is dropped: a
// gap held for longer than T, and everything held that was then dropped, was
// held in vain; and a gap shorter than T was not to be missed.
func (c *cost) add(d *pool.ClassDemand, breakEven float64) {
	size := float64(d.Size)
	c.actual += size * (float64(d.Misses) + d.IdleSeconds/breakEven)
	c.excess += size * d.DroppedSeconds / breakEven
	if !hasGaps(d) {
		return
	}
	bin := pool.GapBin(time.Duration(breakEven * float64(time.Second)))
	for i, n := range d.Gone[:bin] {
		if n > 0 {
			c.excess += size * float64(n) * max(1-gapLength[i]/breakEven, 0)
		}
	}
	for ; bin < pool.NumGaps; bin++ {
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
