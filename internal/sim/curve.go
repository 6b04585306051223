package sim

import (
	"math/bits"
	"time"

	"github.com/otelpool/pool/internal/trace"
)

// Curve is the hits and the idle time of one class for every capacity at once.
// A pool of C+1 objects holds either as many as one of C or one more; that is
// one bit per C, and a pool of C holds as many as there are bits set below C. A
// put sets the lowest bit that is clear, a get clears the lowest that is set: it
// hits in every pool larger than that. Counted per bit, that is the curve.
//
// A bit above is set and cleared at most as often as the one below, so the curve
// is convex whatever the trace: what one more object saves can only get less,
// and a greedy choice is the best one.
type Curve struct {
	Gets uint64
	Hits []uint64        // hits that the object at a depth makes
	Idle []time.Duration // how long it lies unused in all

	set   []uint64 // the bits
	since []time.Duration
}

// Put gives an object back.
func (c *Curve) Put(at time.Duration) {
	for w := range c.set {
		if free := ^c.set[w]; free != 0 {
			c.hold(w*64+bits.TrailingZeros64(free), at)
			return
		}
	}
	c.set = append(c.set, 0)
	c.hold(len(c.set)*64-64, at)
}

func (c *Curve) hold(depth int, at time.Duration) {
	c.set[depth/64] |= 1 << (depth % 64)
	for len(c.Hits) <= depth {
		c.Hits, c.Idle, c.since = append(c.Hits, 0), append(c.Idle, 0), append(c.since, 0)
	}
	c.since[depth] = at
}

// Get takes an object.
func (c *Curve) Get(at time.Duration) {
	c.Gets++
	for w, word := range c.set {
		if word != 0 {
			depth := w*64 + bits.TrailingZeros64(word)
			c.set[w] &= word - 1
			c.Hits[depth]++
			c.Idle[depth] += at - c.since[depth]
			return
		}
	}
}

// End counts the idle time of the remaining objects.
func (c *Curve) End(at time.Duration) {
	for w, word := range c.set {
		for ; word != 0; word &= word - 1 {
			depth := w*64 + bits.TrailingZeros64(word)
			c.Idle[depth] += at - c.since[depth]
			c.since[depth] = at
		}
	}
}

// Misses is how many gets miss in a pool of n objects.
func (c *Curve) Misses(n int) uint64 {
	misses := c.Gets
	for _, h := range c.Hits[:min(n, len(c.Hits))] {
		misses -= h
	}
	return misses
}

// BestSize is the number of objects of the pool of constant size that costs
// least at a break-even time.
func (c *Curve) BestSize(breakEven time.Duration) (size int) {
	var gain, best float64
	for depth, h := range c.Hits {
		gain += float64(h) - c.Idle[depth].Seconds()/breakEven.Seconds()
		if gain > best {
			best, size = gain, depth+1
		}
	}
	return size
}

// Curves are the curves of the trace's classes.
func Curves(t *trace.Trace) []Curve {
	curves := make([]Curve, len(t.Sizes))
	for _, e := range t.Events {
		if e.Put {
			curves[e.Class].Put(e.At)
		} else {
			curves[e.Class].Get(e.At)
		}
	}
	for i := range curves {
		curves[i].End(t.End())
	}
	return curves
}
