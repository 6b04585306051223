package reach

import (
	"math"
	"testing"
	"time"
)

func TestBinsFollowEachOther(t *testing.T) {
	last := 0
	for depth := int64(-2); depth < 1<<17; depth++ {
		b := bin(depth)
		if b != last && (b != last+1 || start(b) != depth) {
			t.Fatalf("depth %d is in bin %d, which starts at %d; the one before was in %d", depth, b, start(b), last)
		}
		last = b
	}
	if b := bin(math.MaxInt64); b != bins-1 {
		t.Errorf("the deepest is in bin %d of %d", b, bins)
	}
}

func TestNothingIsKnownButHowLongItLay(t *testing.T) {
	for _, idle := range []time.Duration{0, time.Second, time.Hour} {
		if wait := new(Reach).Wait(3, idle); wait != idle {
			t.Errorf("waits %v, want %v", wait, idle)
		}
	}
}

// play has a class reach each depth at its interval in seconds.
func play(r *Reach, seconds int, drift int64, depths map[int64]int) {
	for s := range seconds {
		out := drift * int64(s)
		most := out
		for depth, every := range depths {
			if s%every == 0 {
				most = max(most, out+depth)
			}
		}
		r.Learn(out, most, time.Second)
	}
}

func TestWhatIsReachedEveryTenSecondsWaitsForTen(t *testing.T) {
	for _, drift := range []int64{0, 3, -3} { // objects that never come back, or are others' that do
		var r Reach
		const seconds = 1000
		play(&r, seconds, drift, map[int64]int{8: 1, 100: 10})
		out := drift * (seconds - 1)
		shallow, deep, beyond := r.Wait(out+8, 0), r.Wait(out+64, 0), r.Wait(out+3000, 0)
		if shallow > 2*time.Second || deep < 5*time.Second || deep > 15*time.Second || beyond < 2*time.Minute {
			t.Errorf("drift %d: waits %v for a depth reached each second, %v for one each ten, %v for one never reached",
				drift, shallow, deep, beyond)
		}
	}
}

func TestTheLongerItLayTheLongerItWaits(t *testing.T) {
	var r Reach
	play(&r, 500, 0, map[int64]int{3: 1, 10: 4, 50: 30, 400: 200})
	for depth := int64(1); depth < 2000; depth++ {
		if wait, deeper := r.Wait(depth, 0), r.Wait(depth+1, 0); deeper < wait {
			t.Fatalf("depth %d, just used, waits %v, and the one below it %v", depth, wait, deeper)
		}
		for idle := time.Duration(0); idle < time.Hour; idle = 2*idle + time.Second {
			if wait, longer := r.Wait(depth, idle), r.Wait(depth, 2*idle+time.Second); longer < wait {
				t.Fatalf("depth %d waits %v, and %v when it has been idle for longer", depth, wait, longer)
			}
		}
	}
	if wait := r.Wait(3, time.Hour); wait < 50*time.Minute || wait > 70*time.Minute {
		t.Errorf("what was wanted every second and not for an hour waits %v", wait)
	}
}

// The wait is the inverse of the hazard rate of the mixture that the package's
// comment names.
func TestTheWaitIsAHazardRates(t *testing.T) {
	var r Reach
	play(&r, 500, 0, map[int64]int{10: 5})
	rate := r.rate(10)
	survival := func(seconds float64) float64 {
		return (math.Exp(-rate*seconds) + ended/(1+rate*seconds)) / (1 + ended)
	}
	for _, idle := range []float64{0.1, 1, 5, 20, 100, 1000} {
		const step = 1e-4
		hazard := (survival(idle-step) - survival(idle+step)) / (2 * step) / survival(idle)
		got := r.Wait(10, time.Duration(idle*float64(time.Second))).Seconds()
		if math.Abs(got*hazard-1) > 1e-4 {
			t.Errorf("idle for %v s: waits %v s, 1/hazard rate is %v", idle, got, 1/hazard)
		}
	}
}

func TestWhatWasIsForgotten(t *testing.T) {
	var r Reach
	play(&r, 600, 0, map[int64]int{100: 1})
	before := r.Wait(64, 0)
	play(&r, 1200, 0, map[int64]int{4: 1})
	if after := r.Wait(64, 0); after < 100*before {
		t.Errorf("a depth not reached for 20 minutes waits %v, %v when it was", after, before)
	}
}

func TestWhatComesLateIsNotTakenForFrequent(t *testing.T) {
	var r Reach
	play(&r, 300, 0, nil)
	late := After(300 * time.Second)
	for _, r := range []*Reach{&r, &late} {
		r.Learn(0, 8, time.Second)
	}
	if a, b := r.Wait(8, 0), late.Wait(8, 0); a < time.Minute || math.Abs(float64(a-b)) > 0.02*float64(a) {
		t.Errorf("waits %v after five minutes of nothing, and %v if nobody looked", a, b)
	}
}

func BenchmarkWait(b *testing.B) {
	var r Reach
	play(&r, 500, 0, map[int64]int{3: 1, 10: 4, 50: 30})
	for i := range b.N {
		r.Wait(int64(i&63), time.Second)
	}
}

func BenchmarkSee(b *testing.B) {
	var r Reach
	for i := range b.N {
		r.Learn(int64(i&7), int64(i&63), time.Second)
	}
}
