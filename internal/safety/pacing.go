package safety

import "time"

// How the engine of a pool that is not strict has to ask for samples: on each P in
// so much of its time, once in so many requests at most, and at first once in
// so many at least. Who asks is looked at, see Watch.Due, and few get a stand-in.
//
// A look takes less than a microsecond in a loop, and ten where other code has run
// meanwhile and nothing of it is in the CPU's caches: every fourth request of a
// program that waits would be slower by that, however little of the time it was.
const (
	LookEvery     = 200 * time.Microsecond
	LeastRequests = 64
	FirstRequests = 128
)

// share is one over the share of a P's time that a pool's samples may cost, and
// perRequest what they may cost of a request: a hundredth of the time of a P that waits
// buys so many that they are the program's p99. A class's first stand-ins are paid by
// requests alone, so that one in FirstRequests is there from the beginning.
const (
	share        = 100
	perRequest   = 125 * time.Nanosecond
	firstSamples = 80
	firstCost    = time.Millisecond // or so much, if they are dear
)

// What a sample leaves for the garbage collector, beside the stand-in's memory, and
// what collecting a byte of it takes. It cannot be measured here, and depends:
// 4 ns is for a program on one P that has a small heap and makes no other garbage. A
// collection comes every 3 MiB then, and its mark phase lasts for some 10 ms, since
// its worker gets a quarter of the P, during which Put pays for write barriers. On
// more Ps or beside other garbage it is a small part of that.
const (
	leastHalf   = 2 * time.Microsecond // where the clock is too coarse to tell
	recordBytes = 1 << 10
	collecting  = 4 * time.Nanosecond
)

// costs is what a class's stand-ins cost.
type costs struct {
	halves  int           // a Take or a Return each
	total   time.Duration // spent on them
	size    int           // of the latest
	typical time.Duration // of a half, without what stood out
}

func (c *costs) young() bool { return c.halves < 2*firstSamples && c.total < firstCost }

func (c *costs) note(d time.Duration) {
	c.halves++
	c.total += d
	if c.halves > 1 {
		d = min(d, 4*c.typical) // a goroutine that lost its CPU says nothing
	}
	c.typical += (d - c.typical) / time.Duration(min(c.halves, 16))
}

// sample is what one more costs. The two halves are what was measured, and the garbage what was
// estimated, since a collection that it causes comes later and on other Ps.
func (c *costs) sample() time.Duration {
	return 2*max(c.typical, leastHalf) + collecting*time.Duration(c.size+recordBytes)
}

// took notes what handing out a stand-in cost. The time is the wall clock's: a goroutine that lost its P in
// between makes it too long, for which note has its bound.
func (w *Watch) took(class, size int, d time.Duration) {
	w.looks.mu.Lock()
	defer w.looks.mu.Unlock()
	c := w.looks.class(class, w.Classes)
	c.note(d)
	c.size = size
}

// gave notes what taking one back cost.
func (w *Watch) gave(class int, d time.Duration) {
	w.looks.mu.Lock()
	defer w.looks.mu.Unlock()
	w.looks.class(class, w.Classes).note(d)
}
