package adaptive_test

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/sim"
)

// The idle age is the one that brute force finds over all gaps.
func TestLearnedAgeIsTheCheapestOfAll(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		var l adaptive.Memory
		T := []float64{0.5, 2, 10, 60}[rng.IntN(4)]
		gaps := rng.IntN(60)
		for range gaps {
			l.See(rng.IntN(control.NumGaps), 1, 0)
		}
		absent := rng.IntN(10)
		l.See(0, 0, float32(absent))
		blurred := l.Blurred()
		cost := func(age float64) float64 {
			sum := float64(absent)*age/T + adaptive.Prior(age/T)
			for bin, n := range blurred {
				if g := control.GapLength(bin).Seconds(); g < age {
					sum += float64(n) * g / T
				} else {
					sum += float64(n) * (1 + age/T)
				}
			}
			return sum
		}
		got := l.Age(T, T/10, T*10)
		if got < T/10 || got > T*10 {
			t.Fatalf("age %v is outside of [%v, %v]", got, T/10, T*10)
		}
		for age := T / 10; age < T*10; age *= 1.03 {
			// An age within a bin is as good as the bin's beginning: what matters
			// is what other bins offer.
			if c, best := cost(age), cost(got); c < best-0.25*age/T*float64(gaps+absent)-0.05-1e-4*best {
				t.Fatalf("T %v: age %v costs %v, but %v costs %v", T, got, best, age, c)
			}
		}
	}
}

func TestUnknownClassBeginsAtAFifthOfT(t *testing.T) {
	t.Parallel()
	for _, T := range []float64{2, 10, 60} {
		var l adaptive.Memory
		if got := l.Age(T, T/10, 10*T) / T; math.Abs(math.Log2(got/0.2)) > 0.125 {
			t.Errorf("T %v: begins at %v·T, want a fifth within half a bin", T, got)
		}
	}
}

// Windows do not say to which depth a gap belongs; the policy concludes it from
// the objects out at their ends. Here every depth is followed by hand.
func TestEveryGapFindsItsDepth(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 5))
		p := sim.NewSlots(sim.Start, []int64{1}, sim.NewBudget(pool.Unlimited))
		p.SetIdleAge(0, 3*time.Second)
		var c adaptive.Class
		c.Add(&control.ClassDemand{}) // none out: depths count from there
		want := make(map[[2]int]int)  // doubling of depth, bin
		since := map[int]time.Duration{}
		var d control.Demand
		out, window, at := 0, time.Duration(0), time.Duration(0)
		for range 4000 {
			at += time.Duration(rng.ExpFloat64() * float64(60*time.Millisecond))
			for next := window + time.Second; at >= next; next += time.Second {
				window = next
				p.Demand(sim.Start.Add(next), &d)
				c.Add(&d.Classes[0])
			}
			if rng.IntN(120) < 60-out+int(40*math.Sin(at.Seconds()/9)) {
				out++
				if from, ok := since[out]; ok && from < window {
					want[[2]int{bits.Len(uint(out)) - 1, control.GapBin(at - from)}]++
				}
				p.Get(at, 0)
			} else if out > 0 {
				since[out] = at
				out--
				p.Put(at, 0)
			}
		}
		window += time.Second
		p.Demand(sim.Start.Add(window), &d)
		c.Add(&d.Classes[0])
		got := make(map[[2]int]int)
		gaps, _ := c.Depths()
		for depth, bins := range gaps {
			for bin, n := range bins {
				got[[2]int{depth, bin}] = n
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: got %v\nwant %v", seed, got, want)
		}
	}
}

// An engine does not see the short gaps of objects that stay near a P.
func TestLongGapsAreDeepWhereShortOnesAreNotKnown(t *testing.T) {
	t.Parallel()
	var c adaptive.Class
	d := control.ClassDemand{Size: 1, Idle: 20}
	c.Add(&d)
	d.Gets, d.LowWater = 17, 3
	d.Held[40] = 2
	c.Add(&d)
	gaps, _ := c.Depths()
	if len(gaps) != 5 || gaps[4][40] != 2 { // the doubling of 16 and 17
		t.Errorf("gaps by doublings of depth %v, want 2 at the fifth", gaps)
	}
}

// Objects that never come back raise the count of those that are out for ever;
// the depths are counted from the fewest there were of late.
func TestLeaksDoNotBlurTheDepths(t *testing.T) {
	t.Parallel()
	for _, leak := range []int64{0, 1 << 20, -1 << 20} {
		var c adaptive.Class
		for range 3 {
			d := control.ClassDemand{Size: 1, Gets: 1, InUse: leak + 4}
			c.Add(&d)
			d.InUse = leak
			d.Held[20] = 4
			c.Add(&d)
		}
		gaps, _ := c.Depths()
		if len(gaps) > 4 {
			t.Errorf("leak %d: %d doublings of depth", leak, len(gaps))
		}
	}
}

// turnOf is a demand of one object whose gaps are short for a while and then long, and
// the ages found at the end of both.
func turnOf(t *testing.T, before, after int) (first, last time.Duration) {
	t.Helper()
	var l adaptive.Learned
	age := func(windows, bin int) (age time.Duration) {
		for range windows {
			age = l.See(10*time.Second, bin)
		}
		return age
	}
	return age(720, before), age(40, after)
}

// Two hours of a demand are not in the way of what came after it: the short memory
// is followed when it has saved a miss. Where nothing changes it is the long one.
func TestAfterATurnTheShortMemoryIsFollowed(t *testing.T) {
	t.Parallel()
	short, long := control.GapBin(4*time.Second), control.GapBin(40*time.Second)
	if first, last := turnOf(t, short, long); first < 4*time.Second || last > time.Second {
		t.Errorf(
			"T = 10 s: gaps of 4 s: age %v; then for 400 s of 40 s: age %v, want to hold through the first and drop the others",
			first,
			last,
		)
	}
	if first, last := turnOf(t, long, short); first > time.Second || last < 4*time.Second {
		t.Errorf(
			"T = 10 s: gaps of 40 s: age %v; then for 400 s of 4 s: age %v, want to drop the first and hold through the others",
			first,
			last,
		)
	}
}

// A gap now and then that is unlike the others is no turn.
func TestWithoutATurnTheLongMemoryIsFollowed(t *testing.T) {
	t.Parallel()
	var l adaptive.Learned
	for i := range 1000 {
		bin := control.GapBin(4 * time.Second)
		if i%10 == 0 {
			bin = control.GapBin(40 * time.Second)
		}
		l.See(10*time.Second, bin)
		if i > 100 && !l.Long() {
			t.Fatalf("gap %d: the short memory is followed", i)
		}
	}
}

// An object that has been idle for longer than all of many gaps, and some time, is not in
// use, though it has not been idle for as long as it would be garbage. The gaps of a burst
// end together, and are known of one time only.
func TestManyShortGapsAreTrusted(t *testing.T) {
	t.Parallel()
	const stay = 2.5
	for _, c := range []struct {
		gap          time.Duration
		times, burst int
		from, to     float64
	}{
		{time.Second, 100, 1, 1.5, 1.8},
		{time.Second, 4, 100, 1.5, 1.8},
		{time.Second, 2, 1000, stay, stay}, // too few times
		{time.Second, 10, 1, stay, stay},   // too few
		{10 * time.Second, 10, 100, stay, stay},
	} {
		var m adaptive.Memory
		for range c.times {
			m.See(control.GapBin(c.gap), c.burst, 0)
		}
		if got := m.Unsafe(stay); got < c.from || got > c.to {
			t.Errorf("%d times %d gaps of %v: idle ages from %.2f s on are safe, want %.1f to %.1f",
				c.times, c.burst, c.gap, got, c.from, c.to)
		}
	}
}
