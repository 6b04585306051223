// Package reach learns how often demand reaches each depth of a stack of free
// objects, and estimates from that which object is least likely to be needed soon.
//
// The object at a depth is needed when as many objects are in use. So the package
// counts, once per window, the depth of the window's peak; Get and Put do no work
// for it.
//
// An object's idle time is the beginning of a gap. The gap comes either from a
// demand without memory, at the learned rate, or from a demand that has ended. Of
// the latter nothing is known except that the longer it has been gone, the longer it
// stays away: a power law. The inverse of the mixture's hazard rate is the time that
// the object can be expected to wait. Before anything is learned it is the time that
// the object has been idle.
package reach

import (
	"math"
	"math/bits"
	"time"
)

const (
	// memory is how long it takes a window to count half. Between one minute and
	// fifteen it makes no difference to speak of.
	memory = 2 * time.Minute
	// ended is the odds that a gap is one of a demand that has ended.
	ended = 0.3
	// bins, two to a doubling of depth.
	bins = 2 * 20
	// turn is how long the fewest objects out are remembered.
	turn = time.Minute
)

// Reach is the learned demand of a class. The zero value has learned nothing.
type Reach struct {
	// Instead of all others fading, the window at hand weighs more.
	weight float64
	peaks  [bins]float32 // windows, by the most objects out
	time   float64       // seconds of windows
	floor  Floor         // depths are counted from here
	rates  [bins]float32 // log2 of how often a bin's first depth is reached, times a second
	fresh  bool          // are they
}

// After returns the Reach of a class without demand for the given time.
func After(quiet time.Duration) Reach {
	fading := memory.Seconds() / math.Ln2
	return Reach{weight: 1, time: fading * (1 - math.Exp(-quiet.Seconds()/fading))}
}

// Learn takes in a window: how many objects were out at its end, and the most that
// were at any moment.
func (r *Reach) Learn(out, most int64, window time.Duration) {
	seconds := window.Seconds()
	if seconds <= 0 {
		return
	}
	r.grow(seconds)
	r.peaks[bin(most-r.floor.Lower(out, window, turn))] += float32(r.weight)
	r.time += seconds * r.weight
	r.fresh = false
}

// grow makes what comes now weigh more.
func (r *Reach) grow(seconds float64) {
	if r.weight == 0 || r.weight > 1<<60 {
		r.rescale()
	}
	r.weight *= math.Exp2(min(seconds/memory.Seconds(), 1000))
}

// rescale brings the weight back to 1 before it overflows, in proportion.
func (r *Reach) rescale() {
	factor := 1 / max(r.weight, 1)
	for i := range r.peaks {
		r.peaks[i] *= float32(factor)
	}
	r.time *= factor
	r.weight = 1
}

// Wait is how long the object at a depth can be expected to lie until it is
// wanted, when it has been idle for so long already.
func (r *Reach) Wait(depth int64, idle time.Duration) time.Duration {
	if r.time == 0 {
		return idle
	}
	rate := r.rate(depth - r.floor.Least)
	visits := rate * idle.Seconds() // that it should have had meanwhile
	goesOn, gone := math.Exp(-visits), 1+visits
	wait := (goesOn + ended/gone) / (goesOn + ended/(gone*gone)) / rate
	return time.Duration(min(wait, 1e9) * float64(time.Second))
}

// rate is the number of times a second that a depth is reached, interpolated
// geometrically between the ends of its bin.
func (r *Reach) rate(depth int64) float64 {
	if !r.fresh {
		r.refresh()
	}
	i := bin(depth)
	first, next := start(i), start(i+1)
	rate := float64(r.rates[i])
	if depth > first && i+1 < bins {
		rate += (float64(r.rates[i+1]) - rate) * float64(depth-first) / float64(next-first)
	}
	return math.Exp2(rate)
}

func (r *Reach) refresh() {
	reached := r.weight // once in a second, before anything is known
	seconds := r.time + r.weight
	rate := math.Log2(reached / seconds)
	for i := bins - 1; i >= 0; i-- {
		if r.peaks[i] > 0 {
			reached += float64(r.peaks[i])
			rate = math.Log2(reached / seconds)
		}
		r.rates[i] = float32(rate)
	}
	r.fresh = true
}

// bin is the bin of a depth: one for none and one for 1, and then two to a
// doubling.
func bin(depth int64) int {
	if depth <= 1 {
		return int(max(depth, 0))
	}
	top := bits.Len64(uint64(depth)) - 1
	return min(2*top+int(depth>>(top-1)&1), bins-1)
}

// start is the first depth of a bin.
func start(bin int) int64 {
	if bin <= 1 {
		return int64(bin)
	}
	return (2 + int64(bin&1)) << (bin/2 - 1)
}
