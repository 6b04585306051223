package sim_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/sim"
	"github.com/otelpool/pool/internal/trace"
)

// random is a trace of events of a few classes, with a demand that wanders.
func random(rng *rand.Rand, events, classes int, gap time.Duration) *trace.Trace {
	var ops []trace.Operation
	out := make([]int, classes)
	at := time.Duration(0)
	for range events {
		at += time.Duration(rng.ExpFloat64() * float64(gap))
		if rng.IntN(20) == 0 {
			at += time.Duration(rng.IntN(60)) * gap
		}
		class := rng.IntN(classes)
		put := out[class] > 0 && rng.IntN(8) < out[class]
		if put {
			out[class]--
		} else {
			out[class]++
		}
		ops = append(ops, trace.Operation{At: at, Bytes: 1 << (2 * class), Put: put})
	}
	return trace.New("random", ops, trace.PowersOfTwo)
}

func forTraces(t *testing.T, n, events, classes int, fn func(rng *rand.Rand, tr *trace.Trace)) {
	t.Helper()
	for seed := range uint64(n) {
		rng := rand.New(rand.NewPCG(seed, 11))
		fn(rng, random(rng, events, classes, 100*time.Millisecond))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func TestMissCurveIsBruteForceAndConvex(t *testing.T) {
	t.Parallel()
	forTraces(t, 200, 500, 1, func(_ *rand.Rand, tr *trace.Trace) {
		curve := &sim.Curves(tr)[0]
		last := uint64(math.MaxUint64)
		for size := range 100 {
			r := sim.Replay(tr, "", sim.Capped(tr.Sizes, []int{size}), time.Second, nil)
			if got := curve.Misses(size); got != uint64(r.Misses) {
				t.Errorf("size %d: curve has %d misses, brute force %d", size, got, r.Misses)
			}
			saved := curve.Misses(size) - curve.Misses(size+1)
			if saved > last {
				t.Errorf("the object after %d saves %d misses, the one before it %d", size, saved, last)
			}
			last = saved
		}
	})
}

func TestBestConstantSizeIsBruteForce(t *testing.T) {
	t.Parallel()
	forTraces(t, 100, 300, 1, func(_ *rand.Rand, tr *trace.Trace) {
		best := sim.BestSizes(tr, time.Second)
		got := sim.Replay(tr, "", sim.Capped(tr.Sizes, best), time.Second, nil)
		for size := range 60 {
			if r := sim.Replay(tr, "", sim.Capped(tr.Sizes, []int{size}), time.Second, nil); r.Cost < got.Cost-1e-9*got.Cost {
				t.Errorf("size %d costs %v, the best, %d, %v", size, r.Cost, best, got.Cost)
			}
		}
	})
}

// cheapest is the optimum by dynamic programming: after every event the pool may
// drop any number of its free objects.
func cheapest(tr *trace.Trace, breakEven time.Duration) float64 {
	const most = 64
	cost := slices.Repeat([]float64{math.Inf(1)}, most)
	cost[0] = 0
	last := time.Duration(0)
	for _, e := range tr.Events {
		next := slices.Repeat([]float64{math.Inf(1)}, most)
		held := (e.At - last).Seconds() / breakEven.Seconds()
		last = e.At
		for idle, c := range cost {
			if c += float64(idle) * held; math.IsInf(c, 1) {
				continue
			}
			switch {
			case e.Put:
				for keep := range min(idle+2, most) {
					next[keep] = min(next[keep], c)
				}
			case idle == 0:
				next[0] = min(next[0], c+1)
			default:
				for keep := range idle {
					next[keep] = min(next[keep], c)
				}
			}
		}
		cost = next
	}
	return slices.Min(cost)
}

func TestOptimumIsDynamicProgramming(t *testing.T) {
	t.Parallel()
	forTraces(t, 300, 150, 1, func(_ *rand.Rand, tr *trace.Trace) {
		for _, T := range []time.Duration{300 * time.Millisecond, time.Second, 5 * time.Second} {
			got, want := sim.Optimum(tr, T).Cost, cheapest(tr, T)
			if math.Abs(got-want) > 1e-6*want {
				t.Errorf("T %v: optimum %v, dynamic programming %v", T, got, want)
			}
		}
	})
}

func TestNoPolicyBeatsTheOptimum(t *testing.T) {
	t.Parallel()
	const T = 2 * time.Second
	forTraces(t, 20, 3000, 4, func(_ *rand.Rand, tr *trace.Trace) {
		best := sim.Optimum(tr, T)
		for _, p := range sim.Rivals(T) {
			if r := sim.Replay(tr, p.Name, p.New(tr), T, nil); r.Cost < best.Cost*(1-1e-9) {
				t.Errorf("%s costs %v, the optimum %v", p.Name, r.Cost, best.Cost)
			}
		}
	})
}

// An object that is dropped when it has cost as much as a miss costs at most
// twice what it had to, and what the clock's ticks add.
func TestTimeoutCostsTwiceTheOptimumAtMost(t *testing.T) {
	t.Parallel()
	forTraces(t, 100, 2000, 3, func(_ *rand.Rand, tr *trace.Trace) {
		for _, T := range []time.Duration{2 * time.Second, 10 * time.Second} {
			best := sim.Optimum(tr, T)
			r := sim.Replay(tr, "", sim.Timeout(tr.Sizes, T), T, nil)
			tick := 0.25 / T.Seconds()
			_, bytes := tr.Gets()
			if r.Cost > 2*best.Cost+tick*float64(bytes) {
				t.Errorf("T %v: costs %v, the optimum %v", T, r.Cost, best.Cost)
			}
		}
	})
}

// With objects of one size nothing misses less than Belady's rule.
func TestClairvoyantMissesLeast(t *testing.T) {
	t.Parallel()
	forTraces(t, 100, 400, 1, func(_ *rand.Rand, tr *trace.Trace) {
		for budget := range int64(20) {
			best := sim.Clairvoyant(tr, budget)
			if best.PeakIdle > budget {
				t.Errorf("budget %d: %d bytes held", budget, best.PeakIdle)
			}
			if r := sim.Replay(tr, "", sim.Capped(tr.Sizes, []int{int(budget)}), time.Second, nil); r.Misses < best.Misses {
				t.Errorf("budget %d: %d misses, clairvoyant %d", budget, r.Misses, best.Misses)
			}
		}
	})
}

func TestClairvoyantIsTheOptimumWhereThereIsRoom(t *testing.T) {
	t.Parallel()
	forTraces(t, 50, 500, 4, func(_ *rand.Rand, tr *trace.Trace) {
		got, want := sim.Clairvoyant(tr, pool.Unlimited), sim.Replay(tr, "", sim.Unlimited(tr.Sizes), time.Second, nil)
		if got.MissedBytes != want.MissedBytes || got.PeakIdle > want.PeakIdle {
			t.Errorf("clairvoyant %+v, unlimited %+v", got, want)
		}
	})
}

// Whatever happens, the budget holds at every event: between two of them too,
// since nothing comes between.
func TestBudgetIsNeverExceeded(t *testing.T) {
	t.Parallel()
	forTraces(t, 50, 2000, 5, func(rng *rand.Rand, tr *trace.Trace) {
		checkBudget(t, rng, tr, 1+rng.Int64N(4000))
	})
}

func FuzzBudgetIsNeverExceeded(f *testing.F) {
	f.Add(uint64(1), int64(100))
	f.Add(uint64(7), int64(0))
	f.Fuzz(func(t *testing.T, seed uint64, bytes int64) {
		rng := rand.New(rand.NewPCG(seed, 1))
		checkBudget(t, rng, random(rng, 500, 1+rng.IntN(6), 50*time.Millisecond), max(bytes, 1)%(1<<40)+1)
	})
}

func checkBudget(t *testing.T, rng *rand.Rand, tr *trace.Trace, bytes int64) {
	t.Helper()
	var reading adaptive.Reading
	b := sim.NewBudget(pool.Unlimited)
	reg := new(pool.Registry)
	var pools [2]*sim.Slots
	for i := range pools {
		pools[i] = sim.NewSlots(sim.Start, tr.Sizes, b)
		if _, err := reg.Publish(fmt.Sprint(i), pools[i], pool.Reject); err != nil {
			t.Fatal(err)
		}
	}
	ctl, err := adaptive.New(adaptive.Config{Registry: reg, Budget: b, MaxIdleBytes: bytes, Signals: fixed{&reading}})
	if err != nil {
		t.Fatal(err)
	}
	defer ctl.Close()
	ctl.Step(sim.Start)
	for i, e := range tr.Events {
		p := pools[i%2]
		if e.Put {
			p.Put(e.At, int(e.Class))
		} else {
			p.Get(e.At, int(e.Class))
		}
		if b.Used() > b.Limit() || b.Used() > bytes || b.Used() < 0 {
			t.Fatalf("event %d: %d bytes held, limit %d, budget %d", i, b.Used(), b.Limit(), bytes)
		}
		if rng.IntN(10) == 0 {
			reading.Heap = adaptive.HeapReading{Live: rng.Int64N(100), Limit: 100, Cycles: uint64(i)}
			ctl.Step(sim.Start.Add(e.At))
		}
	}
}

type fixed struct{ reading *adaptive.Reading }

func (f fixed) Read(_ time.Time, into *adaptive.Reading) { *into = *f.reading }

func (fixed) Watch(ctx context.Context, _ func(control.Trigger)) error { return nil }
