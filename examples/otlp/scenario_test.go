package main

import (
	"slices"
	"testing"
	"time"
)

func schedule(name string, seed uint64, until time.Duration) (at []time.Duration) {
	a := newArrivals(100, name, seed)
	for t := a.next(); t < until; t = a.next() {
		at = append(at, t)
	}
	return at
}

func TestASeedGivesTheSameLoadEveryTime(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"steady", "burst", "diurnal", "leak"} {
		one, again, other := schedule(name, 7, 2*day), schedule(name, 7, 2*day), schedule(name, 8, 2*day)
		if !slices.Equal(one, again) {
			t.Errorf("%s: one seed, two schedules", name)
		}
		if slices.Equal(one, other) {
			t.Errorf("%s: two seeds, one schedule", name)
		}
		if rate := float64(len(one)) / (2 * day).Seconds(); rate < 75 || rate > 125 {
			t.Errorf("%s: %.0f requests/s on average, want about 100", name, rate)
		}
	}
}

func TestScenariosHaveTheirShape(t *testing.T) {
	t.Parallel()
	perSecond := func(name string) []int {
		n := make([]int, 61)
		for _, at := range schedule(name, 1, day) {
			n[int(at.Seconds())]++
		}
		return n[:60]
	}
	if d := perSecond("diurnal"); d[0]+d[1] > 80 || d[29]+d[30] < 300 {
		t.Errorf("diurnal: night %v, noon %v", d[:2], d[29:31])
	}
	if b := perSecond("burst"); slices.Max(b) < 250 || slices.Min(b) > 50 {
		t.Errorf("burst: %v", b)
	}
	if s := perSecond("steady"); slices.Max(s) > 150 || slices.Min(s) < 50 {
		t.Errorf("steady: %v", s)
	}
}

func TestLatencyQuantilesAreAtMostAnEighthTooHigh(t *testing.T) {
	t.Parallel()
	for d := time.Microsecond; d < time.Hour; d = d*21/20 + 1 {
		var l latencies
		l.add(d)
		if got := l.counts().quantile(0.99); got < d.Truncate(time.Microsecond) || got > d*9/8+2*time.Microsecond {
			t.Fatalf("%v is in the bucket that ends at %v", d, got)
		}
	}
	var l latencies
	for i := range 100 {
		l.add(time.Duration(i+1) * time.Millisecond)
	}
	before := l.counts()
	l.add(time.Second)
	if p50 := before.quantile(0.5); p50 < 50*time.Millisecond || p50 > 57*time.Millisecond {
		t.Errorf("p50 of 1..100 ms is %v", p50)
	}
	if got := l.counts().since(before).quantile(0.5); got < time.Second {
		t.Errorf("the one since is 1s, got %v", got)
	}
	if got := (latencyCounts{}).quantile(0.5); got != 0 {
		t.Errorf("quantile of nothing: %v", got)
	}
}
