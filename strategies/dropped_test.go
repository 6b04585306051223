package strategies_test

import (
	"flag"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/raceflag"
	"github.com/otelpool/pool/internal/testcost"
	"github.com/otelpool/pool/strategies"
)

var drops = flag.Int("drops", 10_000, "how many pools TestDroppedPoolsHoldUpNobody drops")

// used returns n pools that were used, each with the budget that there is for it.
func used(n int, budgets []*pool.Budget) []*strategies.SizeClasses {
	all := make([]*strategies.SizeClasses, n)
	for i := range all {
		var c strategies.SizeClassesConfig
		if budgets != nil {
			c.Budget = budgets[i]
		}
		all[i] = strategies.Must(strategies.NewSizeClasses(c))
		for range 4 {
			all[i].Put(all[i].Get(300))
		}
	}
	return all
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Nobody needs to be told of a pool that shares no budget, is not published and
// discards nothing, and of others in no time.
func TestDroppedPoolsHoldUpNobody(t *testing.T) {
	testcost.Within(t, "the last of the program's cleanups", 50*time.Millisecond, func() time.Duration { return dropped(t) })
}

// dropped drops pools, waits for their memory and returns how long after the
// collection the last of the program's own cleanups ran.
func dropped(t *testing.T) time.Duration {
	before := heap()
	pools := used(*drops, nil)
	held := heap()
	type own struct{ _ *own }
	ran := make(chan time.Time, 100)
	for range cap(ran) {
		runtime.AddCleanup(new(own), func(ran chan time.Time) { ran <- time.Now() }, ran)
	}
	clear(pools)
	runtime.GC()
	collected := time.Now()
	var last time.Time
	for range cap(ran) {
		last = <-ran
	}
	for now := held; now > before+(held-before)/20; now = heap() {
		if time.Since(collected) > time.Minute {
			t.Fatalf("%d bytes before, %d while held, %d a minute after %d pools were dropped", before, held, now, *drops)
		}
	}
	t.Logf("%d pools: cleanups of the program's waited %v, memory was back after %v", *drops, last.Sub(collected), time.Since(collected))
	runtime.KeepAlive(pools)
	return last.Sub(collected)
}

func TestACleanupOfADroppedPoolIsShort(t *testing.T) {
	const n = 1000
	most := 50 * time.Microsecond
	if raceflag.On { // most of the time is the detector's
		most = time.Minute
	}
	testcost.Within(t, "the cleanups of 1,000 dropped pools", n*most, func() time.Duration {
		budgets := make([]*pool.Budget, n)
		for i := range budgets {
			budgets[i] = pool.NewBudget(1 << 20)
		}
		used(n, budgets)
		runtime.GC()
		began := time.Now()
		for _, b := range budgets {
			for b.Used() > 0 {
				if time.Since(began) > time.Minute {
					t.Fatal("a dropped pool has not given its budget back what it charged")
				}
				runtime.Gosched()
			}
		}
		return time.Since(began)
	})
}

// go vet does not see the copy that is made of what Must returns.
func TestACopyWorksWhereTheOriginalIsGarbage(t *testing.T) {
	type service struct {
		classes strategies.SizeClasses
		objects strategies.Bounded[int]
		others  strategies.Sync[int]
		slots   strategies.Fixed
	}
	r := new(pool.Registry)
	s := &service{
		classes: *strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "classes", Registry: r})),
		objects: *strategies.Must(strategies.NewBounded(strategies.BoundedConfig[int]{
			Name: "objects", Registry: r, New: func() *int { return new(int) },
		})),
		others: *strategies.Must(strategies.NewSync(strategies.SyncConfig[int]{Name: "others", Registry: r})),
		slots:  *strategies.Must(strategies.NewFixed(strategies.FixedConfig{Name: "slots", Registry: r, Size: 64, Count: 2})),
	}
	for range 5 {
		collect()
		s.classes.Put(s.classes.Get(100))
		s.objects.Put(s.objects.Get())
		s.others.Put(s.others.Get())
		s.slots.Put(s.slots.Get())
	}
	var stats pool.Stats
	for _, e := range r.All() {
		if e.Stats(&stats); stats.Closed || stats.Returns[pool.Pooled] != 5 {
			t.Errorf("the copy of %s is closed: %v, and pooled %d of 5", e.Name(), stats.Closed, stats.Returns[pool.Pooled])
		}
	}
	runtime.KeepAlive(s)
	s = nil
	testcost.Until(t, "no pool is open with no copy left", func() bool {
		collect()
		return !slices.ContainsFunc(r.All(), func(e *pool.Entry) bool { return e.Source() != nil })
	})
}

// collect collects, and gives cleanups the time to run.
func collect() {
	runtime.GC()
	done := make(chan struct{})
	type own struct{ _ *own }
	runtime.AddCleanup(new(own), func(done chan struct{}) { close(done) }, done)
	runtime.GC()
	<-done
}
