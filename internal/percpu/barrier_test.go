package percpu

import (
	"slices"
	"testing"
	"time"
)

// costs is what stops that took so long count for, one after the other.
func costs(took ...time.Duration) (cost time.Duration) {
	for _, d := range took {
		cost = costOf(d, cost)
	}
	return cost
}

func TestAStopCountsForWhatItCost(t *testing.T) {
	const us, ms = time.Microsecond, time.Millisecond
	for _, c := range []struct {
		name string
		took []time.Duration
		want time.Duration
	}{
		{"a usual stop", []time.Duration{30 * us}, 30 * us},
		{"one during which the process was stopped", []time.Duration{30 * us, time.Second}, 2 * usualStop},
		{"the one after", []time.Duration{30 * us, time.Second, 40 * us}, 40 * us},
		{"one of many slow ones", []time.Duration{ms, ms, ms, ms, ms, ms}, ms},
		{"one of many that the process was stopped in", slices.Repeat([]time.Duration{time.Second}, 10), barrierPause / barrierShare},
	} {
		if got := costs(c.took...); got != c.want {
			t.Errorf("%s counts for %v, want %v", c.name, got, c.want)
		}
	}
}
