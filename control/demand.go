package control

import (
	"math"
	"time"
)

// Tunable is what a controller reads from a pool and sets in it, per class.
//
// Demand and the setters are for controllers: one per pool, never two at once.
type Tunable interface {
	Resizable
	// Demand ends the window that began at the call before: it moves the pool's clock to
	// now, overwrites *into with the window's demand, and then drops what has been idle
	// for too long. A now that is not after the one before changes nothing. It allocates
	// nothing if into is reused.
	Demand(now time.Time, into *Demand)
	// SetIdleAge sets how long a free object of the class (an index into
	// Stats.Classes; 0 where there are none) may lie unused before it is
	// dropped. 0 restores the pool's own choice.
	SetIdleAge(class int, d time.Duration)
	// SetReserve sets the idle bytes that neither age nor a shared budget takes
	// from the pool; Trim and its own limit still do.
	SetReserve(bytes int64)
}

// DepthTunable is a Tunable whose objects may grow old at different ages. An object's depth
// is 1 plus the number of objects of its class that are out, or idle and used after it. It
// is wanted when that many objects are out.
type DepthTunable interface {
	Tunable
	// SetIdleAges sets the idle ages of a class by depth, in place of the one that
	// SetIdleAge sets: ages[i] for the depths from base + 2^i up to base + 2^(i+1),
	// the first for all before and the last for all beyond. SetIdleAge ends that, and
	// so does a call without ages. The pool does not keep the slice.
	SetIdleAges(class int, base int64, ages []time.Duration)
}

// Ager is a Tunable whose Demand has a part that many pools do better together.
type Ager interface {
	Tunable
	// Age is the first part of Demand: it moves the clock to now and takes from
	// Ps what they have left unused. Called on many pools before Demand is, it
	// makes them share one stop of the world, of some ten microseconds, where
	// each would need its own.
	Age(now time.Time)
}

// Demand is what a pool's classes were asked for in one window.
type Demand struct {
	Window  time.Duration
	Classes []ClassDemand
}

// ClassDemand is one class's part of a Demand. Idle objects are on a stack: the
// ones used last are used first, so each depth of the stack has a life of its
// own, and lies unused for a gap between two uses. The gap ended by a hit was
// held through; the gap ended by a miss was not, because the object had been
// dropped or refused: a ghost was remembered in its place.
type ClassDemand struct {
	Size    int64         // bytes of one object; a mean where objects differ in size
	IdleAge time.Duration // how long a free object may lie unused, in force in the window

	Gets     uint64 // requests in the window that a pool could serve: hits and misses
	Misses   uint64 // of them, those that found nothing
	Regrets  uint64 // misses that met a ghost: a pool that had kept the object would have hit
	Refused  uint64 // objects given back and dropped for lack of room
	Dropped  uint64 // free objects evicted: by age, for others' sake, under pressure; pool.Counts.Dropped counts returns
	Idle     int64  // free objects at the window's end
	InUse    int64  // objects out at the window's end: handed out and not given back; may drift, and be below 0, as Stats.InUse may
	LowWater int64  // fewest free objects at any moment of the window, estimated from below

	IdleSeconds    float64 // the integral of free objects over the window, object-seconds
	DroppedSeconds float64 // how long those Dropped had lain unused, summed
	Held           Gaps    // gaps ended in the window by a hit; those shorter than a window are left out
	Gone           Gaps    // gaps ended in the window by a miss that met a ghost
}

// NumGaps is the number of bins of Gaps: four to a doubling, from 62.5 ms on.
const NumGaps = 80

// Gaps is a histogram of durations.
type Gaps [NumGaps]uint32

const (
	gapsPerDoubling = 4
	firstGap        = time.Second / 16
)

// GapBin returns the bin of a duration.
func GapBin(d time.Duration) int {
	if d <= firstGap {
		return 0
	}
	return min(int(math.Log2(float64(d)/float64(firstGap))*gapsPerDoubling), NumGaps-1)
}

// GapLength returns the duration that stands for a bin: its geometric middle.
func GapLength(bin int) time.Duration {
	return time.Duration(float64(firstGap) * math.Exp2((float64(bin)+0.5)/gapsPerDoubling))
}

// Curved is a pool that can say what it would have served if it were of another size.
type Curved interface {
	// Curve overwrites *into with how many of the requests so far a pool of
	// another size would have served.
	Curve(into *Curve)
}

// NumCurve is the number of bins of a ClassCurve.
const NumCurve = 20

// Curve is how many requests a pool of another size would have served, per
// class, since the pool was made.
type Curve struct {
	Classes []ClassCurve
}

// ClassCurve is one class's part of a Curve. Bin k counts for sizes that differ
// by 2^k to 2^(k+1)−1 objects from what the pool held at that moment.
type ClassCurve struct {
	Size   int64 // bytes of one object
	Hits   uint64
	Misses uint64
	Saved  [NumCurve]uint64 // misses that so many more objects would have served: exact, within the ghosts remembered
	Lost   [NumCurve]uint64 // hits that so many fewer objects would have lost: estimated from low-water marks
}
