package adaptive

import (
	"math"
	"time"

	"github.com/otelpool/pool/control"
)

// SetCalls puts others in the place of what a controller does to the runtime.
func (ctl *Controller) SetCalls(collect func(), setMemoryLimit func(int64) int64) {
	ctl.calls = calls{collect, collect, setMemoryLimit}
}

// Memory is what is known of one depth, and Class of a size class.
type (
	Memory = gaps
	Class  = class
)

// Age is the learned idle age in seconds.
func (m *Memory) Age(breakEven, least, most float64) float64 {
	return m.best(&prices{T: breakEven, least: least, most: most}, 1)
}

// Unsafe is the idle age below which an object may be wanted while it is garbage.
func (m *Memory) Unsafe(stay float64) float64 { return m.unsafe(stay, 1) }

// See adds gaps of a bin that ended together, and objects that were dropped for good.
func (m *Memory) See(bin, n int, absent float32) {
	m.ended[bin] += float32(n)
	m.absent += absent
	m.all += float32(n) + absent
	m.times++
}

// Blurred is how often gaps are expected, by bin.
func (m *Memory) Blurred() [control.NumGaps]float32 { return m.blurred(1) }

// Prior is what an idle age of x·T is believed to cost.
func Prior(x float64) float64 { return prior(math.Log2(x / unknown)) }

// Add takes a window in, with all windows of the same weight.
func (c *Class) Add(d *control.ClassDemand) { c.add(d, &weight{1, 1}, 0, 1<<60) }

// Depths is the gaps seen at each doubling of depth, by bin, and the objects
// that have not been asked for again.
func (c *Class) Depths() (gaps []map[int]int, absent []int) {
	for i := range c.depths {
		seen := make(map[int]int)
		for bin, n := range c.depths[i].memories[0].ended {
			if n > 0 {
				seen[bin] = int(n)
			}
		}
		gaps, absent = append(gaps, seen), append(absent, int(c.depths[i].memories[0].absent))
	}
	return gaps, absent
}

// Learned is a depth of a class as a policy follows it, with T = 10 s.
type Learned struct {
	l   learner
	one weight
}

// See takes in a gap that ended so long after the one before, and returns the idle age.
func (l *Learned) See(since time.Duration, bin int) time.Duration {
	p := prices{T: 10, least: 0.5, most: 200}
	if l.one == (weight{}) {
		l.one = weight{1, 1}
		l.l.setAge(&p, &l.one, 1, true)
	}
	for k := range l.one {
		l.one[k] *= float32(math.Exp2(since.Seconds() / 300 / lasting[k]))
		if l.one[k] >= 1<<20 {
			l.l.scale(k, 1/l.one[k])
			l.one[k] = 1
		}
	}
	l.l.ended(&p, bin, 1, 0, &l.one)
	l.l.setAge(&p, &l.one, 1, false)
	return l.l.age
}

// Long reports whether the long memory is followed.
func (l *Learned) Long() bool { return !l.l.turned(1, &l.one) }
