package magazine

import (
	"math/rand/v2"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/percpu"
	"github.com/otelpool/pool/internal/testalloc"
	"github.com/otelpool/pool/internal/testcost"
)

// aged is a pool of one class whose clock the test moves.
type aged struct {
	t *testing.T
	*Pool
	now    time.Time
	demand control.Demand
}

func newAged(t *testing.T, c Config) *aged {
	t.Helper()
	if c.Limit == 0 {
		c.Limit = pool.Unlimited
	}
	p := &aged{t: t, Pool: New(c), now: time.Unix(0, 0)}
	t.Cleanup(p.Close)
	p.tick(0)
	return p
}

// get and put do what package strategies does, on a P of the scheduler's choice.
func (p *aged) get(class int) unsafe.Pointer {
	c := p.At(percpu.Pin(), class)
	x := c.Take()
	if x != nil {
		c.Count(1)
	}
	c.Leave()
	if x == nil {
		x, _ = p.Pool.Get(class, 1)
	}
	return x
}

func (p *aged) put(class int, x unsafe.Pointer) pool.ReturnResult {
	c := p.At(percpu.Pin(), class)
	ok := c.Give(x)
	c.Leave()
	if ok {
		return pool.Pooled
	}
	return p.Pool.Put(class, x, 0)
}

// burst takes n objects and puts them back.
func (p *aged) burst(class, n int) (misses int) {
	held := make([]unsafe.Pointer, n)
	for i := range held {
		if held[i] = p.get(class); held[i] == nil {
			held[i] = unsafe.Pointer(new([16]byte))
			misses++
		}
	}
	for _, x := range held {
		p.put(class, x)
	}
	return misses
}

func (p *aged) tick(d time.Duration) *control.ClassDemand {
	p.now = p.now.Add(d)
	p.Age(p.now)
	p.Demand(p.now, &p.demand)
	return &p.demand.Classes[0]
}

func (p *aged) idle() int64 {
	objects, _ := p.Held()
	return objects
}

func TestIdleObjectsGoWithinTheirAgeAndOneTick(t *testing.T) {
	for _, size := range []int64{64, 4 << 10, 1 << 20} {
		p := newAged(t, Config{Sizes: []int64{size}})
		p.SetIdleAge(0, 5*time.Second)
		p.burst(0, 100)
		for s := 1; s <= 6; s++ {
			p.tick(time.Second)
			if idle := p.idle(); s < 5 && idle != 100 || s == 6 && idle != 0 {
				t.Errorf("%d B: %d objects idle after %d s", size, idle, s)
			}
		}
	}
}

func TestObjectsInUseKeepTheirPlaceAndTheOthersGo(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // or the goroutine could move to a P without objects
	p := newAged(t, Config{Sizes: []int64{64}})
	p.SetIdleAge(0, 5*time.Second)
	p.burst(0, 300)
	for s := range 30 {
		if misses := p.burst(0, 10); misses > 0 {
			t.Errorf("%d misses in second %d with 10 of 300 in use", misses, s)
		}
		p.tick(time.Second)
	}
	if idle := p.idle(); idle < 10 || idle > 11 {
		t.Errorf("%d objects idle where 10 are needed", idle)
	}
}

func TestNoPKeepsWhatItsGoroutinesLeft(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	p := newAged(t, Config{Sizes: []int64{64, 4096}})
	done := make(chan bool)
	for range 8 {
		go func() {
			p.burst(0, 50)
			p.burst(1, 5)
			done <- true
		}()
	}
	for range 8 {
		<-done
	}
	p.tick(time.Second)
	p.tick(time.Second)
	if in := p.inCells(); in > 0 {
		t.Errorf("%d objects are in cells of Ps that did not use them for a window", in)
	}
	if objects, _ := p.Held(); objects == 0 {
		t.Error("nothing is held")
	}
}

func TestABudgetThatIsLoweredIsDividedAnew(t *testing.T) {
	alone(t)
	budget := pool.NewBudget(pool.Unlimited)
	p := newAged(t, Config{Sizes: []int64{1024}, Budget: budget})
	budget.SetLimit(16 << 10)
	p.tick(time.Second)
	p.burst(0, 14)
	for _, s := range p.shards.of {
		if s != nil && s.cells[0].quota > 9<<10 {
			t.Errorf("a P has bound %d of 16384 bytes: want no more than half, and the top", s.cells[0].quota)
		}
	}
}

func TestReserveIsLeftByAgeAndBudget(t *testing.T) {
	budget := pool.NewBudget(1 << 20)
	p := newAged(t, Config{Sizes: []int64{1024}, Budget: budget})
	p.SetReserve(10 << 10)
	p.SetIdleAge(0, time.Second)
	p.burst(0, 100)
	for range 5 {
		p.tick(time.Second)
	}
	if idle := p.idle(); idle != 10 {
		t.Errorf("%d KiB idle, of which 10 are reserved", idle)
	}
	budget.SetLimit(0)
	budget.Reclaim()
	if idle := p.idle(); idle != 10 {
		t.Errorf("%d KiB idle after a budget of 0, of which 10 are reserved", idle)
	}
}

func TestDemandTellsWhatTheWindowSaw(t *testing.T) {
	p := newAged(t, Config{Sizes: []int64{64}})
	p.SetIdleAge(0, 2*time.Second)
	p.burst(0, 10) // 10 cold misses
	d := p.tick(time.Second)
	if d.Gets != 10 || d.Misses != 10 || d.Regrets != 0 || d.Idle != 10 || d.InUse != 0 || p.demand.Window != time.Second {
		t.Errorf("after 10 cold misses: %+v", d)
	}
	for range 5 { // all are dropped
		p.tick(time.Second)
	}
	if p.idle() != 0 {
		t.Fatalf("%d idle", p.idle())
	}
	p.burst(0, 4)
	d = p.tick(time.Second)
	if d.Gets != 4 || d.Misses != 4 || d.Regrets != 4 {
		t.Errorf("after 4 misses of 10 that were dropped: %+v", d)
	}
	if gap := control.GapBin(6 * time.Second); d.Gone[gap] != 4 {
		t.Errorf("gaps %v, want 4 of 6 s", d.Gone)
	}
	var c control.Curve
	p.Curve(&c)
	if s := c.Classes[0].Saved; s[0] != 1 || s[1] != 2 || s[2] != 1 {
		t.Errorf("misses saved by 1, 2, 4 … more: %v, want 1 2 1", s)
	}
}

func TestGapsOfHitsFromTheDepotAreKept(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // or the goroutine could move to a P without objects
	p := newAged(t, Config{Sizes: []int64{64}})
	p.burst(0, 8)
	for range 10 {
		p.tick(time.Second)
	}
	if misses := p.burst(0, 8); misses != 0 {
		t.Fatalf("%d misses", misses)
	}
	d := p.tick(time.Second)
	if bin := control.GapBin(10 * time.Second); d.Held[bin] != 8 {
		t.Errorf("gaps %v, want 8 of 10 s", d.Held)
	}
}

func TestAFullLimitGivesTheLongestIdleUp(t *testing.T) {
	budget := pool.NewBudget(64 << 10)
	old := newAged(t, Config{Sizes: []int64{4096}, Budget: budget})
	young := newAged(t, Config{Sizes: []int64{4096}, Budget: budget})
	old.burst(0, 16)
	for range 3 {
		old.tick(time.Second)
		young.tick(time.Second)
	}
	young.burst(0, 8)
	if old.idle() > 8 || young.idle() != 8 {
		t.Errorf("%d and %d objects idle of a budget for 16: the 8 put last have to be among them", old.idle(), young.idle())
	}
	if budget.Used() > budget.Limit() {
		t.Errorf("%d used of a budget of %d", budget.Used(), budget.Limit())
	}
	var s pool.Stats
	old.Stats(&s)
	if s.Evictions[pool.EvictBudget] == 0 || s.Evicted() != s.Evictions[pool.EvictBudget] {
		t.Errorf("evictions %v", s.Evictions)
	}
}

// What is wanted every few seconds stays, though it has been idle for longer than
// what was wanted once.
func TestAFullLimitGivesUpWhatIsWantedRarely(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // or the goroutine could move to a P without objects
	for _, of := range []string{"limit", "budget"} {
		c := Config{Sizes: []int64{64 << 10, 64 << 10, 64 << 10}, Limit: 16 * 64 << 10}
		if of == "budget" {
			c.Budget, c.Limit = pool.NewBudget(c.Limit), pool.Unlimited
		}
		p := newAged(t, c)
		const often, once, now = 0, 1, 2
		for s := range 100 {
			if s%5 == 0 {
				p.burst(often, 8)
			}
			if s == 97 {
				p.burst(once, 8)
			}
			p.tick(time.Second)
		}
		p.burst(now, 8)
		if misses := p.burst(often, 8); misses > 0 {
			t.Errorf("a full %s: %d of 8 objects that are wanted every 5 s were dropped, and not those wanted once", of, misses)
		}
	}
}

func TestReclaimTakesTheLongestIdleOfAllPools(t *testing.T) {
	budget := pool.NewBudget(pool.Unlimited)
	var pools []*aged
	for range 3 {
		p := newAged(t, Config{Sizes: []int64{1024}, Budget: budget})
		p.burst(0, 100)
		for _, q := range append(pools, p) {
			q.tick(time.Second)
		}
		pools = append(pools, p)
	}
	budget.SetLimit(budget.Used() - 150<<10)
	if freed := budget.Reclaim(); freed < 150<<10 || budget.Used() > budget.Limit() {
		t.Errorf("%d bytes freed, %d used, limit %d", freed, budget.Used(), budget.Limit())
	}
	if a, b, c := pools[0].idle(), pools[1].idle(), pools[2].idle(); a > 10 || b > 60 || c < 90 {
		t.Errorf("%d, %d and %d objects left of 100 each, the oldest first", a, b, c)
	}
	budget.SetPressed(true)
	budget.SetLimit(0)
	budget.Reclaim()
	if budget.Used() != 0 {
		t.Errorf("%d bytes used of a budget of 0", budget.Used())
	}
	if r := pools[0].put(0, unsafe.Pointer(new([16]byte))); r != pool.ReturnPressure {
		t.Errorf("a Put under pressure is counted as %v", r)
	}
}

func TestAClockThatJumpsLosesNothing(t *testing.T) {
	p := newAged(t, Config{Sizes: []int64{64}})
	p.burst(0, 50)
	p.tick(time.Second)
	p.tick(-time.Hour)
	if p.demand.Window != 0 || p.idle() != 50 {
		t.Errorf("back an hour: window %v, %d idle", p.demand.Window, p.idle())
	}
	p.tick(time.Hour + time.Second)
	p.tick(time.Hour)
	p.tick(time.Second)
	if p.idle() != 0 {
		t.Errorf("on for an hour: %d idle", p.idle())
	}
	p.burst(0, 50)
	var s pool.Stats
	p.Stats(&s)
	if s.InUse != 0 || s.Idle != p.idle() {
		t.Errorf("%d in use, %d idle of %d", s.InUse, s.Idle, p.idle())
	}
}

func TestWithoutAControllerCollectionsAge(t *testing.T) {
	p := New(Config{Sizes: []int64{64}, Limit: pool.Unlimited})
	t.Cleanup(p.Close)
	a := &aged{t: t, Pool: p}
	a.burst(0, 20)
	for range 6 {
		p.ageAlone(time.Now())
		p.aging.mu.Lock()
		p.aging.windows.ended = p.aging.windows.ended.Add(-OwnIdleAge) // as if it were then
		p.aging.windows.alone = p.aging.windows.ended
		p.aging.mu.Unlock()
	}
	if idle := a.idle(); idle != 0 {
		t.Errorf("%d objects idle after six times the idle age", idle)
	}
}

func TestAPoolWithoutAControllerLooksAfterEachCollection(t *testing.T) {
	p := New(Config{Sizes: []int64{64}, Limit: pool.Unlimited})
	t.Cleanup(p.Close)
	a := &aged{t: t, Pool: p}
	a.burst(0, 20)
	looked := func() bool {
		p.aging.mu.Lock()
		defer p.aging.mu.Unlock()
		return p.aging.windows != nil && !p.aging.windows.ended.IsZero()
	}
	testcost.Until(t, "a collection made the pool look at its age", func() bool { runtime.GC(); return looked() })
}

// TestGhostsAreTheMissCurve compares with pools of every size that run beside.
func TestGhostsAreTheMissCurve(t *testing.T) {
	const most = 200
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		size := r.IntN(20)
		var g ghosts
		var idle, missed [most]int
		saved := make([]int, most)
		out := 0
		for range 3000 {
			if out > 0 && r.IntN(100) < 40+r.IntN(20) {
				out--
				if idle[size] == size {
					g.refused(0)
				}
				for c := range idle {
					idle[c] = min(idle[c]+1, c)
				}
				continue
			}
			out++
			if idle[size] == 0 {
				if depth, _, ok := g.missed(); ok && depth < most {
					saved[depth]++
				}
			}
			for c := range idle {
				if idle[c] == 0 {
					missed[c]++
				}
				idle[c] = max(idle[c]-1, 0)
			}
		}
		for more := 1; size+more < most; more++ {
			if got := missed[size+more-1] - missed[size+more]; got != saved[more-1] {
				t.Fatalf("seed %d: room for %d and not %d saves %d misses, the ghosts say %d", seed, size+more, size+more-1, got,
					saved[more-1])
			}
		}
	}
}

func TestGhostsOfDroppedObjectsAreMetInTheOrderOfTheStack(t *testing.T) {
	var g ghosts
	for i := range int64(5000) { // the first are forgotten
		g.dropped(i << 26)
	}
	if g.n != maxGhosts {
		t.Errorf("%d ghosts, at most %d are remembered", g.n, maxGhosts)
	}
	for i := int64(4999); i >= 5000-maxGhosts; i-- {
		if _, stamp, ok := g.missed(); !ok || stamp != i<<26 {
			t.Fatalf("met the ghost of %d, want %d", stamp>>26, i)
		}
	}
	if _, _, ok := g.missed(); ok {
		t.Error("a ghost was met that is not there")
	}
}

func TestDemandAllocatesNothing(t *testing.T) {
	if percpu.Portable {
		t.Skip("in race builds, which are portable, sync.Pools forget on purpose")
	}
	p := newAged(t, Config{Sizes: []int64{64, 1024, 4096}})
	p.burst(0, 100)
	if n := testalloc.PerRun(50, func() {
		p.tick(time.Second)
	}); n > 0 {
		t.Errorf("%v allocations a tick", n)
	}
}

func TestWithoutAControllerWhatDemandDoesNotReachGoes(t *testing.T) {
	alone(t)
	p := New(Config{Sizes: []int64{64}, Limit: pool.Unlimited})
	t.Cleanup(p.Close)
	a := &aged{t: t, Pool: p}
	a.burst(0, 300)
	for range 12 {
		p.ageAlone(time.Now())
		a.burst(0, 10)
		p.aging.mu.Lock()
		p.aging.windows.ended = p.aging.windows.ended.Add(-OwnIdleAge / 2) // as if it were then
		p.aging.windows.alone = p.aging.windows.ended
		p.aging.mu.Unlock()
	}
	if idle := a.idle(); idle < 10 || idle > 11 {
		t.Errorf("%d objects idle where 10 are needed", idle)
	}
}

func TestDeepObjectsGoAtAnAgeOfTheirOwn(t *testing.T) {
	p := newAged(t, Config{Sizes: []int64{1 << 10}})
	p.burst(0, 100)
	p.SetIdleAge(0, time.Minute)
	p.SetIdleAges(0, 10, []time.Duration{time.Hour, time.Hour, time.Hour, time.Hour, 2 * time.Second}) // from 10 + 2^4 on
	for range 20 {
		p.tick(time.Second)
	}
	if got := p.idle(); got != 25 {
		t.Errorf("%d objects idle, want the 25 that are not old", got)
	}
	p.SetIdleAge(0, 2*time.Second)
	p.tick(time.Second)
	if got := p.idle(); got != 0 {
		t.Errorf("%d objects idle: the class's age did not end those of the depths", got)
	}
}

// Room that Ps have charged is room that others cannot use: where there is none left
// they give it back when the window ends, and get a sixteenth of it from then on.
func TestAFullPoolTakesRoomBackFromItsPs(t *testing.T) {
	alone(t)
	const limit = 1 << 20
	budget := pool.NewBudget(limit)
	p := newAged(t, Config{Sizes: []int64{1 << 10}, Budget: budget})
	other := newAged(t, Config{Sizes: []int64{2 << 10}, Budget: budget})
	p.burst(0, 40) // charges more than that
	if before := p.Charged(); before <= 40<<10 {
		t.Fatalf("%d bytes charged for %d: no room is left over", before, 40<<10)
	}
	share := p.depots[0].share.Load()
	other.burst(0, limit/(2<<10)) // does not fit
	p.tick(time.Second)
	if _, bytes := p.Held(); p.Charged() != bytes {
		t.Errorf("%d bytes are held, %d charged", bytes, p.Charged())
	}
	if got := p.depots[0].share.Load(); got != share/16 {
		t.Errorf("a P may charge %d bytes, want a sixteenth of %d", got, share)
	}
	for range fullFor/time.Second + 1 {
		p.tick(time.Second)
	}
	if got := p.depots[0].share.Load(); got != share {
		t.Errorf("a P may charge %d bytes after %v with room to spare, want %d again", got, fullFor, share)
	}
}

// Of what was used in the running window nothing is known but how often it is wanted.
func TestWhatWasJustUsedMakesWayIfItIsWantedRarely(t *testing.T) {
	const size = 64 << 10
	p := newAged(t, Config{Sizes: []int64{size, size + 1}, Limit: 10 * size})
	for i := range 120 {
		p.burst(0, 5)
		if i%40 == 0 {
			p.burst(1, 4)
		}
		p.tick(time.Second)
	}
	p.burst(1, 5)
	p.burst(0, 5)
	var st pool.Stats
	p.Stats(&st)
	if often, rarely := st.Classes[0].Idle, st.Classes[1].Idle; often != 5 || rarely >= 5 {
		t.Errorf("%d of 5 are left that are wanted every second, and %d of 5 that are wanted every 40", often, rarely)
	}
	if p.burst(1, 5); p.classIdle(0) != 5 {
		t.Errorf("%d of 5 are left that are wanted every second: they made way for what is wanted every 40", p.classIdle(0))
	}
}

func (p *aged) classIdle(class int) int64 {
	var st pool.Stats
	p.Stats(&st)
	return st.Classes[class].Idle
}

func TestWhatIsWantedRarelyIsNotTakenInForWhatIsWantedOften(t *testing.T) {
	const size = 64 << 10
	p := newAged(t, Config{Sizes: []int64{size, size + 1}, Limit: 5*size + 1})
	p.burst(1, 1)
	p.tick(time.Second) // it is known that there was demand once
	for range 100 {
		p.burst(0, 5)
		p.tick(time.Second)
	}
	p.burst(0, 5)
	if p.burst(1, 1); p.classIdle(0) != 5 || p.classIdle(1) != 0 {
		t.Errorf("%d of 5 are left that are wanted every second, and %d that was wanted 100 s ago", p.classIdle(0), p.classIdle(1))
	}
}
