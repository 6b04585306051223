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

func TestABoundIsKeptOnceItIsAndBrokenWhenItNeverIs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		took []time.Duration // the last again and again
		want time.Duration
		ok   bool
	}{
		{[]time.Duration{time.Millisecond}, time.Millisecond, true},
		{[]time.Duration{300 * time.Millisecond, 80 * time.Millisecond, 50 * time.Millisecond}, 50 * time.Millisecond, true},
		{[]time.Duration{300 * time.Millisecond, 51 * time.Millisecond, time.Second}, 51 * time.Millisecond, false},
	} {
		var clock time.Duration
		i := 0
		got, ok := within(50*time.Millisecond, func() time.Duration {
			took := c.took[min(i, len(c.took)-1)]
			i++
			clock += took
			return took
		}, func() time.Duration { return clock })
		if got != c.want || ok != c.ok {
			t.Errorf("%v: %v, %v; want %v, %v", c.took, got, ok, c.want, c.ok)
		}
	}
}
