package reach

import (
	"testing"
	"time"
)

func TestAgesAreByDoublingOfDepthFromTheBase(t *testing.T) {
	var none *Ages
	if got := none.At(7, time.Minute); got != time.Minute {
		t.Errorf("without ages: %v, want the other", got)
	}
	var a Ages
	a.Set(100, []time.Duration{1, 2, 3})
	for depth, want := range map[int64]time.Duration{-5: 1, 100: 1, 101: 1, 102: 2, 103: 2, 104: 3, 107: 3, 108: 3, 1 << 40: 3} {
		if got := a.At(depth, time.Minute); got != want {
			t.Errorf("depth %d: %d, want %d", depth, got, want)
		}
	}
	a.Set(0, make([]time.Duration, 99)) // more than there is room for
	if got := a.At(1, time.Minute); got != 0 {
		t.Errorf("%v after others were set", got)
	}
	a.Set(0, nil)
	if got := a.At(1, time.Minute); got != time.Minute {
		t.Errorf("%v after they were taken away", got)
	}
}
