package reach

import (
	"math/bits"
	"time"
)

// Ages is idle ages by depth: see [control.DepthTunable]. The zero value has none.
type Ages struct {
	base int64
	n    int
	ages [doublings]time.Duration
}

// doublings of depth that have an age of their own.
const doublings = 20

// Set overwrites the ages.
func (a *Ages) Set(base int64, ages []time.Duration) {
	a.base, a.n = base, copy(a.ages[:], ages)
}

// At is the idle age of the object at a depth, or otherwise where there are none.
func (a *Ages) At(depth int64, otherwise time.Duration) time.Duration {
	if a == nil || a.n == 0 {
		return otherwise
	}
	doubling := bits.Len64(uint64(max(depth-a.base, 1))) - 1
	return a.ages[min(doubling, a.n-1)]
}
