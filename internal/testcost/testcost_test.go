package testcost

import (
	"math/rand/v2"
	"testing"
	"time"
)

// The clock is moved by the calls, so what is measured does not depend on the machine.
func measured(cost func(i int) time.Duration) float64 {
	var clock time.Duration
	one, two := doubling(1000, func(int) []func(int) {
		call := func(i int) { clock += cost(i) }
		return []func(int){call, call}
	}, func() time.Duration { return clock })
	return float64(two) / float64(one)
}

func TestPausesAreNotGrowth(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	if got := measured(func(int) time.Duration {
		if r.IntN(1000) == 0 {
			return time.Duration(r.IntN(200)) * time.Millisecond
		}
		return time.Microsecond
	}); got < 1.5 || got > 2.5 {
		t.Errorf("twice as many calls, a few of which are held up, cost %.2f times as much", got)
	}
}

func TestCallsThatSearchAllBeforeThemGrow(t *testing.T) {
	t.Parallel()
	if got := measured(func(i int) time.Duration { return 10*time.Microsecond + time.Duration(i)*time.Microsecond }); got < 3.5 {
		t.Errorf("twice as many calls cost %.2f times as much, want nearly 4", got)
	}
}
