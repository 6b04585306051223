package adaptive

import (
	"math"

	"github.com/otelpool/pool"
)

// SetCalls puts others in the place of what a controller does to the runtime.
func (ctl *Controller) SetCalls(collect func(), setMemoryLimit func(int64) int64) {
	ctl.calls = calls{collect, collect, setMemoryLimit}
}

// Learner and Class are what is known of one depth, and of one size class.
type (
	Learner = learner
	Class   = class
)

// Age is the learned idle age in seconds.
func (l *Learner) Age(breakEven, least, most float64) float64 {
	return l.age(prices{breakEven, least, most}, 1)
}

// See adds gaps of a bin, and objects that were dropped for good.
func (l *Learner) See(bin, n int, absent float32) {
	l.gaps[bin] += float32(n)
	l.absent += absent
}

// Prior is what an idle age of x·T is believed to cost.
func Prior(x float64) float64 { return prior(math.Log2(x / unknown)) }

// Add takes a window in, with all windows of the same weight.
func (c *Class) Add(d *pool.ClassDemand) { c.add(d, 1, 0, 1<<60) }

// Depths is the gaps seen at each doubling of depth, by bin, and the objects
// that have not been asked for again.
func (c *Class) Depths() (gaps []map[int]int, absent []int) {
	for i := range c.depths {
		seen := make(map[int]int)
		for bin, n := range c.depths[i].gaps {
			if n > 0 {
				seen[bin] = int(n)
			}
		}
		gaps, absent = append(gaps, seen), append(absent, int(c.depths[i].absent))
	}
	return gaps, absent
}
