package safety

import "time"

// The pace at which the engine of a pool that is not strict asks for samples: on
// each P once in a time, at most once in a number of requests, and at first at
// least once in another. Every such request is looked at, see Watch.Due, and few
// get a stand-in.
//
// A look takes less than a microsecond in a loop, and ten if other code has run
// meanwhile and emptied the CPU's caches. Without the bound, every fourth request
// of a program that mostly waits would be slower by that, although it is a small
// part of the time.
const (
	LookEvery     = 200 * time.Microsecond
	LeastRequests = 64
	FirstRequests = 128
)

// A pool's samples may cost 1/share of a P's time, and perRequest for each request:
// a hundredth of the time of a P that mostly waits would buy so many that they show
// in the program's p99. A class's first stand-ins are paid by requests alone, so
// that one in FirstRequests is there from the beginning.
const (
	share        = 100
	perRequest   = 60 * time.Nanosecond
	firstSamples = 80
	firstCost    = time.Millisecond // or until this much was spent, if they are expensive
)

// The garbage of a sample beside the stand-in's memory, and the time to collect a
// byte of it. That time cannot be measured here, and varies: 4 ns is for a program
// on one P that has a small heap and makes no other garbage. A collection then
// comes every 3 MiB, and its mark phase lasts some 10 ms, because its worker gets a
// quarter of the P, and during it Put pays for write barriers. With more Ps or
// other garbage it takes a small part of that.
const (
	leastHalf   = 2 * time.Microsecond  // for clocks that are too coarse
	firstHalf   = 50 * time.Microsecond // the most that the first can teach
	recordBytes = 1 << 10
	collecting  = 4 * time.Nanosecond
)

// costs has the costs of a class's stand-ins.
type costs struct {
	halves  int           // a Take or a Return each
	total   time.Duration // of the halves
	size    int           // of the latest that was handed out or taken back
	typical time.Duration // of a half, without outliers
}

func (c *costs) young() bool { return c.halves < 2*firstSamples && c.total < firstCost }

func (c *costs) note(d time.Duration) {
	c.halves++
	c.total += d
	// The goroutine may have lost its CPU meanwhile. If the first half then counted
	// for 50 ms, the debt would keep the pool from sampling for half an hour. Halves
	// that are expensive indeed are known after six.
	if c.halves == 1 {
		c.typical = firstHalf / 4
	}
	d = min(d, 4*c.typical)
	c.typical += (d - c.typical) / time.Duration(min(c.halves, 16))
}

// sample is the cost of one more. The two halves are measured, and the garbage is
// estimated, because the collection that it causes comes later and on other Ps.
func (c *costs) sample() time.Duration {
	return 2*max(c.typical, leastHalf) + collecting*time.Duration(c.size+recordBytes)
}

// cost notes the cost of handing out a stand-in, or of taking one back. The wall clock
// makes it too high if the goroutine lost its P in between, which note bounds.
func (w *Watch) cost(class, size int, d time.Duration) {
	w.looks.mu.Lock()
	defer w.looks.mu.Unlock()
	c := w.looks.class(class, w.Classes)
	c.note(d)
	c.size = size
}
