package adaptive_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/control"
)

const (
	none     = control.PressureNone
	elevated = control.PressureElevated
	high     = control.PressureHigh
	critical = control.PressureCritical
)

// What nobody uses goes once it has been idle for longer than what is dropped stays
// garbage, in steps of which each waits for its collection.
func TestAnIdleHoardGoesUnderPressure(t *testing.T) {
	t.Parallel()
	l := newLab(t, adaptive.Config{BreakEven: time.Minute})
	l.heap(0.3)
	l.step()
	l.fill(0, share/(64<<10))
	if l.run(time.Second); l.budget.Used() < share/2 {
		t.Fatalf("%d bytes idle before the step: too few to test with", l.budget.Used())
	}
	l.heap(0.8)
	l.step()
	l.want(high)
	for range 24 {
		l.reading.Heap.Cycles++
		l.step()
	}
	if used := l.budget.Used(); used != 0 {
		t.Errorf("%d bytes idle after 6 s without use at level high", used)
	}
}

// To drop what is used again before a collection has freed it takes its size twice,
// when there is least of it.
func TestWhatIsInUseStaysAtEveryLevel(t *testing.T) {
	t.Parallel()
	for heap, level := range map[float64]control.PressureLevel{0.6: elevated, 0.8: high, 0.95: critical} {
		l := newLab(t, adaptive.Config{})
		var reasons strings.Builder
		second := func() {
			l.fill(0, 1000)
			for range 4 {
				reasons.WriteString(l.step().Reason)
			}
		}
		for range 10 {
			second()
		}
		before := l.misses()
		for range 30 {
			l.heap(heap)
			second()
		}
		if got := l.stats().Level; got != level {
			t.Errorf("heap %v: level %v, want %v", heap, got, level)
		}
		if n := l.misses() - before; n != 0 {
			t.Errorf("%v: %d misses of what is used every second", level, n)
		}
		if !strings.Contains(reasons.String(), "kept: in use every 1.") {
			t.Errorf("%v: no decision says what was kept: %s", level, reasons.String())
		}
	}
}

// One step's drops wait for its collection before there are more.
func TestDropsComeInSteps(t *testing.T) {
	t.Parallel()
	l := newLab(t, adaptive.Config{ForceGC: adaptive.ForceGCNever, BreakEven: time.Minute})
	l.step()
	l.fill(0, 500)
	l.run(time.Second)
	l.heap(0.8)
	for l.budget.Used() == 500<<16 && l.at < time.Minute {
		l.step()
	}
	l.fill(0, 300) // they are idle from now on
	held := l.budget.Used()
	if l.run(30 * time.Second); l.budget.Used() != held {
		t.Errorf("%d of %d bytes dropped before a collection came", held-l.budget.Used(), held)
	}
	l.heap(0.8)
	if l.run(10 * time.Second); l.budget.Used() != 0 {
		t.Errorf("%d bytes idle 10 s after the collection", l.budget.Used())
	}
}

// A level that comes back soon after it was left is left later each time.
func TestPulsesMakeFewTransitions(t *testing.T) {
	t.Parallel()
	for _, top := range []float64{0.55, 0.8, 0.95} {
		l := newLab(t, adaptive.Config{})
		for range 10 {
			for _, share := range []float64{top, 0.3} {
				for range 15 {
					l.heap(share)
					l.fill(0, 100)
					l.run(time.Second)
				}
			}
		}
		if n := len(l.levels); n > 10 { // five minutes
			t.Errorf("pulses to %v: %d transitions in 5 minutes, want at most 2 a minute", top, n)
		}
		l.heap(0.3)
		l.run(5 * time.Minute)
		if got := l.stats().Level; got != none {
			t.Errorf("pulses to %v: still %v after 5 minutes of calm", top, got)
		}
	}
}

// Pressure that comes back soon goes as far as it went before in one change, so that a
// neighbour that takes and gives back twice in a minute makes four.
func TestPressureThatComesBackIsAsGraveAsItWas(t *testing.T) {
	t.Parallel()
	l := newLab(t, adaptive.Config{})
	for range 2 {
		for _, share := range []float64{0.5, 0.91, 0.96, 0.5} {
			l.reading.Cgroup = group(share)
			l.run(7 * time.Second)
		}
	}
	l.want(high, critical, none, critical)
	if all := l.stats().Decisions; !slices.ContainsFunc(all, func(d control.Decision) bool {
		return d.To == critical && strings.Contains(d.Reason, "cgroup 0.91 ≥ 0.90, and it was critical lately")
	}) {
		t.Errorf("no decision says why: %+v", all)
	}
	l.run(3 * time.Minute)
	l.reading.Cgroup = group(0.91)
	l.run(3 * time.Minute)
	l.want(high, critical, none, critical, none, high)
}

// Whatever comes and goes, a neighbour that takes and gives back or readings without any
// order, there are no more than four changes in any minute; the grave levels are entered
// at once for all that, and calm is in the end.
func TestTheLevelChangesFourTimesAMinuteAtMost(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 3))
		for name, readings := range map[string]func(*lab){"squeeze": squeezes(rng), "any": anything(rng)} {
			l := newLab(t, adaptive.Config{})
			for l.at < 5*time.Minute {
				readings(l)
				if l.step(); l.reading.Cgroup.TightSet >= 2*limit*9/10 && l.stats().Level < high {
					t.Fatalf("%s, seed %d: level %v with the group at %d of %d",
						name, seed, l.stats().Level, l.reading.Cgroup.TightSet, int64(2*limit))
				}
			}
			for i := 4; i < len(l.changed); i++ {
				if in := l.changed[i] - l.changed[i-4]; in < time.Minute {
					t.Errorf("%s, seed %d: five changes within %v: %v at %v", name, seed, in, l.levels[i-4:i+1], l.changed[i-4:i+1])
				}
			}
			if len(l.changed) < 3 {
				t.Errorf("%s, seed %d: %d changes in 5 minutes: too few to test with", name, seed, len(l.changed))
			}
			l.reading.Cgroup = group(0.3)
			l.heap(0.3)
			if l.run(4 * time.Minute); l.stats().Level != none {
				t.Errorf("%s, seed %d: still %v after 4 minutes of calm", name, seed, l.stats().Level)
			}
		}
	}
}

// squeezes are readings of a group that a neighbour fills step by step, holds, and
// leaves, in cycles of one length, beside a heap that grows and shrinks.
func squeezes(rng *rand.Rand) func(*lab) {
	cycle := time.Duration(4+rng.IntN(60)) * time.Second
	ramp, held := 0.02+0.3*rng.Float64(), 0.1+0.6*rng.Float64()
	top := 0.91 + 0.08*rng.Float64()
	return func(l *lab) {
		in := l.at % cycle
		share := 0.3
		if in < time.Duration(held*float64(cycle)) {
			share = min(share+ramp*in.Seconds()/0.25, top)
		}
		l.reading.Cgroup = group(share)
		l.heap(share / 1.5)
	}
}

// anything is readings that jump between the levels.
func anything(rng *rand.Rand) func(*lab) {
	return func(l *lab) {
		if rng.IntN(12) > 0 {
			return
		}
		l.reading.Cgroup = group([]float64{0.3, 0.3, 0.3, 0.87, 0.92, 0.97}[rng.IntN(6)])
		l.heap([]float64{0.3, 0.3, 0.45, 0.55, 0.65, 0.75}[rng.IntN(6)])
	}
}

func TestNoiseAtAThresholdIsTwoTransitionsAtMost(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	for _, threshold := range []float64{0.42, 0.50, 0.62, 0.70, 0.78, 0.85} {
		for _, above := range []bool{false, true} {
			l := newLab(t, adaptive.Config{})
			if above { // come from the level above
				l.heap(0.97)
				l.run(time.Second)
			}
			l.heap(threshold)
			l.run(10 * time.Second)
			before := len(l.levels)
			for range 300 {
				for range 4 {
					l.heap(threshold - 0.05 + 0.1*rng.Float64())
					l.step()
				}
			}
			if n := len(l.levels) - before; n > 2 {
				t.Errorf("noise around %v for 5 min: %d transitions, want at most 2", threshold, n)
			}
		}
	}
}

func TestEverySignalHasItsLevelAndCause(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		set   func(*adaptive.Reading)
		level control.PressureLevel
		cause control.Cause
		why   string
	}{
		{"heap", func(r *adaptive.Reading) { r.Heap.Live = limit * 6 / 10 }, elevated, control.CauseHeap, "heap 0.60 ≥ 0.50"},
		{"stacks count", func(r *adaptive.Reading) { r.Heap.Stacks = limit / 2 }, high, control.CauseHeap, "heap 0.75 ≥ 0.70"},
		{"cgroup", func(r *adaptive.Reading) { r.Cgroup = group(0.92) }, high, control.CauseCgroup, "cgroup 0.92 ≥ 0.90"},
		{"cgroup critical", func(r *adaptive.Reading) { r.Cgroup = group(0.96) }, critical, control.CauseCgroup, "cgroup 0.96 ≥ 0.95"},
		{"psi", func(r *adaptive.Reading) { r.PSI.Own, r.PSI.Some = true, 0.2 }, high, control.CausePSI, "psi some 0.20 ≥ 0.10"},
		{"psi full", func(r *adaptive.Reading) { r.PSI.Own, r.PSI.Full = true, 0.06 }, critical, control.CausePSI, "psi full 0.06 ≥ 0.05"},
		{"psi trigger", func(r *adaptive.Reading) { r.PSI.Own, r.PSI.FullFired = true, true }, critical, control.CausePSI,
			"psi full trigger"},
		{"throttled", func(r *adaptive.Reading) { r.Cgroup = group(0.5); r.Cgroup.HighEvents = 8 }, high, control.CauseEvents,
			"memory.events high"},
		{"killed", func(r *adaptive.Reading) { r.Cgroup = group(0.5); r.Cgroup.OOMEvents = 8 }, critical, control.CauseEvents,
			"memory.events max or oom"},
		{"hit the limit", func(r *adaptive.Reading) { r.Cgroup = group(0.88); r.Cgroup.MaxEvents = 8 }, critical,
			control.CauseEvents, "memory.events max or oom"},
		{"limiter", func(r *adaptive.Reading) { r.Heap.LimiterCycle = r.Heap.Cycles }, critical, control.CauseLimiter, "GC CPU limiter on"},
		{"asked", func(r *adaptive.Reading) { r.External.Asked = true }, high, control.CauseExternal, "asked to release memory"},
	} {
		l := newLab(t, adaptive.Config{})
		l.reading.Cgroup = group(0.5)
		l.reading.Heap.Limit = limit
		l.step()
		c.set(&l.reading)
		l.reading.Heap.Cycles++
		l.reading.Heap.LimiterCycle *= 1
		d := l.step()
		if d.To != c.level || d.Cause != c.cause || !strings.Contains(d.Reason, c.why) {
			t.Errorf("%s: %v by %v, %q; want %v by %v, %q", c.name, d.To, d.Cause, d.Reason, c.level, c.cause, c.why)
		}
		if n := l.stats().Transitions[c.level][c.cause]; n != 1 {
			t.Errorf("%s: counted %d times", c.name, n)
		}
	}
}

// The machine's stalls may be anybody's: they confirm a level that our own readings
// would not let end, and are none by themselves.
func TestStallsOfTheMachineOnlyCorroborate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		heap float64 // which ends elevated below 0.42, high below 0.62, critical below 0.78
		want []control.PressureLevel
	}{
		{0.30, nil},
		{0.45, []control.PressureLevel{elevated}},
		{0.55, []control.PressureLevel{elevated}},
		{0.65, []control.PressureLevel{high}},
		{0.80, []control.PressureLevel{critical}},
	} {
		l := newLab(t, adaptive.Config{})
		l.step()
		l.heap(c.heap)
		l.reading.PSI = adaptive.PSIReading{Some: 0.5, Full: 0.2, SomeFired: true, FullFired: true}
		l.run(10 * time.Second)
		l.want(c.want...)
	}
}

func group(share float64) adaptive.CgroupReading {
	set := int64(share * 2 * limit)
	return adaptive.CgroupReading{
		Version: 2, Max: 2 * limit, High: adaptive.NoLimit, WorkingSet: set, TightSet: set, TightMax: 2 * limit,
		HighEvents: 5, MaxEvents: 5, OOMEvents: 5,
	}
}

// A program that reads files hits its group's limits all the time: the kernel
// takes file pages back in passing.
func TestHittingALimitWithFilePagesIsNoPressure(t *testing.T) {
	t.Parallel()
	l := newLab(t, adaptive.Config{})
	l.reading.Heap.Limit = limit
	l.reading.Cgroup = group(0.5)
	l.reading.Cgroup.High = 2 * limit
	for range 20 {
		l.reading.Cgroup.HighEvents += 100
		l.reading.Cgroup.MaxEvents += 100
		l.step()
	}
	l.want()
}

// A process with a memory limit lets garbage grow up to it: that is no pressure.
func TestGarbageUnderAMemoryLimitIsNoPressure(t *testing.T) {
	t.Parallel()
	l := newLab(t, adaptive.Config{})
	l.reading.Cgroup = adaptive.CgroupReading{
		Version: 2, Max: limit * 10 / 9, TightMax: limit * 10 / 9, TightSet: limit, High: adaptive.NoLimit,
	}
	l.reading.Heap.Footprint = limit
	l.run(5 * time.Second)
	l.want()
	l.reading.Heap.Footprint = limit / 2 // others have the rest, and the runtime would grow into it
	l.step()
	l.want(high)
	l = newLab(t, adaptive.Config{})
	l.reading.Cgroup = adaptive.CgroupReading{
		Version: 2, Max: limit * 10 / 9, TightMax: limit * 10 / 9, TightSet: limit, High: adaptive.NoLimit,
	}
	l.reading.Heap.Footprint = limit
	l.reading.Heap.Limit = adaptive.NoLimit // nothing bounds the garbage now
	l.step()
	l.want(high)
}

func TestAnAbsentSignalIsNoPressure(t *testing.T) {
	t.Parallel()
	l := newLab(t, adaptive.Config{})
	l.reading = adaptive.Reading{
		Heap:   adaptive.HeapReading{Status: adaptive.Status{Err: "gone"}, Live: limit, Limit: 1},
		Cgroup: adaptive.CgroupReading{Status: adaptive.Status{Err: "unreadable"}, Max: 1, TightMax: 1, TightSet: 1, OOMEvents: 9},
		PSI:    adaptive.PSIReading{Status: adaptive.Status{Err: "off"}, Some: 1, Full: 1, TriggerErr: "off"},

		External: adaptive.ExternalReading{Status: adaptive.Status{Err: "not set"}},
	}
	l.run(5 * time.Second)
	l.want()
	for _, s := range l.stats().Signals {
		if s.Err == "" {
			t.Errorf("signal %s is shown as %v", s.Name, s.Value)
		}
	}
}

// The budget does not change because for a while nobody can tell the limit.
func TestALimitThatCannotBeReadIsKept(t *testing.T) {
	t.Parallel()
	l := newLab(t, adaptive.Config{})
	l.reading.Cgroup = adaptive.CgroupReading{Version: 2, Max: limit / 2, High: adaptive.NoLimit}
	l.reading.Heap.Limit = adaptive.NoLimit
	l.reading.Heap.Live = 0
	l.step()
	before := l.budget.Limit()
	l.reading.Cgroup = adaptive.CgroupReading{Status: adaptive.Status{Err: "unreadable"}}
	l.run(3 * time.Second)
	if after := l.budget.Limit(); before != limit/2*95/100/2 || after != before {
		t.Errorf("budget %d, then %d, want %d", before, after, limit/2*95/100/2)
	}
}

func TestBudgetGrowsBackByATenthASecond(t *testing.T) {
	t.Parallel()
	l := newLab(t, adaptive.Config{})
	l.heap(0.3)
	l.step()
	l.heap(0.95)
	l.run(time.Second)
	l.heap(0.3)
	last := l.budget.Limit()
	for range 80 {
		l.step()
		if now := l.budget.Limit(); now-last > share/40+1 {
			t.Fatalf("from %d to %d in 250 ms: more than a tenth of %d a second", last, now, share)
		}
		last = l.budget.Limit()
	}
	if last != share {
		t.Errorf("budget is %d after 20 s, want %d", last, share)
	}
}

func TestADecisionSaysWhatTheBudgetGrowsTo(t *testing.T) {
	t.Parallel()
	l := newLab(t, adaptive.Config{})
	for _, memory := range []int64{limit, limit / 2, limit} {
		l.reading.Heap.Limit, l.reading.Heap.Live = memory, memory/4
		l.run(20 * time.Second)
	}
	var told []string
	for _, d := range l.stats().Decisions {
		told = append(told, d.Reason)
	}
	want := []string{"first run", "the memory limit fell", "growing to 512 MiB by 10 %/s", "grown to the budget"}
	if !slices.Equal(told, want) {
		t.Errorf("reasons %q, want %q", told, want)
	}
}

// What was in use all together is not refused: it would be garbage at once.
func TestTheBudgetByDefaultTakesBackWhatWasInUse(t *testing.T) {
	t.Parallel()
	l := newLab(t, adaptive.Config{}, 1<<20)
	l.step()
	for range 20 {
		l.fill(0, limit*2/5>>20)
		l.heap(0.45)
		l.run(time.Second)
	}
	if got := l.misses(); got != limit*2/5>>20 {
		t.Errorf("%d misses, want those of the first time, %d", got, limit*2/5>>20)
	}
}

func TestALimitOfZeroIsALimit(t *testing.T) {
	t.Parallel()
	l := newLab(t, adaptive.Config{})
	l.reading.Cgroup = adaptive.CgroupReading{Version: 2, High: adaptive.NoLimit, TightSet: mib}
	l.step()
	l.want(critical)
	if got := l.budget.Limit(); got != 0 {
		t.Errorf("the budget is %d under a limit of 0", got)
	}
}

func TestReserveIsKeptUnderPressure(t *testing.T) {
	t.Parallel()
	l := newLab(t, adaptive.Config{Reserved: map[string]int64{"lab": mib}})
	l.step()
	l.fill(0, 64)
	l.run(time.Second)
	l.heap(0.97)
	l.run(8 * time.Second)
	if used := l.budget.Used(); used != mib {
		t.Errorf("%d bytes idle while critical, want the %d reserved", used, mib)
	}
}

func TestCollectionIsForcedAfterALargeTrimWithoutMemoryLimit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		force    adaptive.ForceGC
		memLimit int64
		objects  int
		want     uint64
	}{
		{adaptive.ForceGCAuto, adaptive.NoLimit, 1000, 1},
		{adaptive.ForceGCAuto, adaptive.NoLimit, 5, 0}, // too little to matter
		{adaptive.ForceGCAuto, limit, 1000, 0},
		{adaptive.ForceGCNever, adaptive.NoLimit, 1000, 0},
		{adaptive.ForceGCAlways, limit, 1000, 1},
		{adaptive.ForceGCAuto, 2 * limit, 1000, 1}, // above what its control group has by now
	} {
		l := newLab(t, adaptive.Config{ForceGC: c.force, MemoryLimit: limit})
		l.reading.Heap.Limit = c.memLimit
		l.reading.Cgroup = adaptive.CgroupReading{Version: 1, Max: 3 * limit / 2, High: adaptive.NoLimit, TightMax: adaptive.NoLimit}
		l.step()
		l.fill(0, c.objects)
		l.step()
		l.heap(0.9)
		l.run(9 * time.Second) // no collection comes of itself
		s := l.stats()
		if s.ForcedGCs != c.want {
			t.Errorf("%+v: %d collections forced", c, s.ForcedGCs)
		}
	}
}

// Without a memory limit the runtime collects when the heap has doubled, which
// the kernel may not live to see, whatever the level.
func TestCollectionIsForcedBeforeTheHeapOutgrowsTheLimit(t *testing.T) {
	t.Parallel()
	const objectSize = 64 << 10
	for name, c := range map[string]struct {
		heapLimit, goal int64
		dropped         int64 // in each second
		want            uint64
	}{
		"much, again and again":      {adaptive.NoLimit, limit * 9 / 10, limit / 4, 5},
		"some: not for each":         {adaptive.NoLimit, limit * 9 / 10, limit / 64, 1},
		"next to nothing":            {adaptive.NoLimit, limit * 9 / 10, mib, 0},
		"the runtime collects first": {adaptive.NoLimit, limit * 6 / 10, limit / 4, 0},
		"it has a limit":             {limit, limit * 9 / 10, limit / 4, 0},
	} {
		l := newLab(t, adaptive.Config{MemoryLimit: limit})
		l.reading.Heap.Limit, l.reading.Heap.Live = c.heapLimit, limit*2/5
		l.step()
		l.fill(0, share/objectSize)
		for range 5 {
			l.reading.Heap.Goal = c.goal
			l.fill(0, int(share+c.dropped)/objectSize)
			l.run(time.Second)
		}
		if s := l.stats(); s.ForcedGCs != c.want || s.Level != control.PressureNone {
			t.Errorf("%s: %d collections forced at level %v, want %d", name, s.ForcedGCs, s.Level, c.want)
		}
	}
}

// Where others need the memory, what was allocated since the last collection is looked
// through for garbage, whoever's, but not again and again.
func TestGarbageOfTheProgramGoesBackWhereOthersNeedIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		others, young int64
		spent         time.Duration // for a collection
		want          uint64
	}{
		"others need it":       {limit, 64 * mib, time.Millisecond, 3},
		"a collection is dear": {limit, 64 * mib, time.Second, 1},
		"little was allocated": {limit, 4 * mib, time.Millisecond, 0},
		"there are no others":  {0, 64 * mib, time.Millisecond, 0},
	} {
		synctest.Test(t, func(t *testing.T) { // in which a collection takes what it is said to
			l := newLab(t, adaptive.Config{BreakEven: time.Minute})
			l.ctl.SetCalls(func() { time.Sleep(c.spent) }, nil)
			l.reading.Heap.Limit = 2 * limit // the group's: nothing of it is others' by design
			l.fill(0, 1600)
			l.run(time.Second)
			l.reading.Cgroup = group(0.92)
			l.reading.Heap.Live = l.reading.Cgroup.TightSet - c.others - c.young
			l.reading.Heap.Footprint = l.reading.Heap.Live + c.young
			var reasons strings.Builder
			for range 120 {
				l.fill(0, 1600) // all is in use
				reasons.WriteString(l.step().Reason)
			}
			if n := l.stats().ForcedGCs; n != c.want {
				t.Errorf("%s: %d collections asked for in 30 s, want %d", name, n, c.want)
			}
			if told := strings.Contains(reasons.String(), "what is garbage of 64.0 MiB allocated lately goes back"); told != (c.want > 0) {
				t.Errorf("%s: reasons %q", name, reasons.String())
			}
		})
	}
}

// Who gives objects back may refer to them a while longer.
func TestACollectionThatLeftTheHeapAsItWasIsAskedForOnceMore(t *testing.T) {
	t.Parallel()
	for left, want := range map[int64]uint64{limit / 2: 2, limit / 10: 1} {
		l := newLab(t, adaptive.Config{MemoryLimit: limit, BreakEven: time.Minute}) // nothing grows old meanwhile
		l.reading.Heap.Limit, l.reading.Heap.Live, l.reading.Heap.Goal = adaptive.NoLimit, limit*2/5, limit*9/10
		l.step()
		l.fill(0, (share+limit/4)>>16)
		l.step()      // asks
		for range 5 { // before what is left grows old
			l.reading.Heap.Cycles, l.reading.Heap.Live = l.reading.Heap.Cycles+1, left
			l.step()
		}
		if s := l.stats(); s.ForcedGCs != want {
			t.Errorf("%d bytes left: %d collections forced, want %d", left, s.ForcedGCs, want)
		}
	}
}

func TestOutcomeIsToldAfterTheNextCollection(t *testing.T) {
	t.Parallel()
	l := newLab(t, adaptive.Config{BreakEven: time.Minute})
	l.step()
	l.fill(0, 1000)
	l.run(8 * time.Second)
	l.heap(0.75)
	d := l.step()
	if d.Freed == 0 || d.Keep <= d.Drop {
		t.Errorf("freed %d, expected cost of keeping %.0f, of dropping %.0f", d.Freed, d.Keep, d.Drop)
	}
	outcome := func() string { all := l.stats().Decisions; return all[d.Seq-1].Outcome }
	if got := outcome(); got != "" {
		t.Errorf("outcome before the collection: %q", got)
	}
	l.heap(0.40)
	l.reading.Heap.Released += 64 << 20
	l.step()
	if got, want := outcome(), "live heap 768 MiB → 410 MiB after collection 3, 64.0 MiB returned to the system"; got != want {
		t.Errorf("outcome %q, want %q", got, want)
	}
}

// When the program itself fills the heap, pools that hold next to nothing stay as
// they are, and the journal says why.
func TestPoolsThatAreNotTheCauseAreLeftAlone(t *testing.T) {
	t.Parallel()
	l := newLab(t, adaptive.Config{ForceGC: adaptive.ForceGCAlways})
	l.step()
	for range 20 {
		l.heap(0.90)
		l.fill(0, 100)
		l.step()
	}
	if l.budget.Used() == 0 {
		t.Error("nothing is kept of what is in use")
	}
	if n := l.stats().ForcedGCs; n != 0 {
		t.Errorf("%d collections were asked for", n)
	}
	var reasons strings.Builder
	for _, d := range l.stats().Decisions {
		reasons.WriteString(d.Reason)
	}
	if !strings.Contains(reasons.String(), "futile: pools hold") {
		t.Errorf("reasons %q", reasons.String())
	}
}

// Under pressure what is idle is dropped by its age, though the budget is far from
// full.
func TestADecisionSaysWhatWasDroppedForItsAge(t *testing.T) {
	t.Parallel()
	l := newLab(t, adaptive.Config{}, 64<<10, 4<<10)
	l.step()
	var told strings.Builder
	for i := range 40 {
		l.heap(0.80)
		switch i { // what is dropped last is dropped when the pools are seen to hold little
		case 0:
			l.fill(0, 400)
		case 1:
			l.fill(1, 10)
		}
		told.WriteString(l.step().Reason + "\n")
	}
	if why := told.String(); !strings.Contains(why, "dropped what lay unused") || strings.Contains(why, "more was held") {
		t.Errorf("of a budget that is not full: %s", why)
	}
}

func TestClockJumpsLoseNothing(t *testing.T) {
	t.Parallel()
	l := newLab(t, adaptive.Config{BreakEven: time.Hour, HalfLife: 24 * time.Hour})
	l.fill(0, 10)
	l.run(5 * time.Second)
	for _, jump := range []time.Duration{-time.Hour, time.Hour, -time.Hour} {
		l.at += jump
		l.run(5 * time.Second)
		if used := l.budget.Used(); used != 10*64<<10 {
			t.Errorf("after a jump of %v: %d bytes idle", jump, used)
		}
		if got := l.stats().Limit; got != share {
			t.Errorf("after a jump of %v: limit %d", jump, got)
		}
	}
}
