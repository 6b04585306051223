package strategies_test

import (
	"flag"
	"runtime"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/raceflag"
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
	if wait := last.Sub(collected); wait > 50*time.Millisecond {
		t.Errorf("a cleanup of the program's waited %v after the collection, want at most 50ms", wait)
	}
	for heap() > before+(held-before)/20 {
		if time.Since(collected) > 10*time.Second {
			t.Fatalf("%d bytes before, %d while held, %d 10 s after %d pools were dropped", before, held, heap(), *drops)
		}
	}
	t.Logf("%d pools: cleanups of the program's waited %v, memory was back after %v", *drops, last.Sub(collected), time.Since(collected))
	runtime.KeepAlive(pools)
}

// The quickest of some rounds counts: the others waited for the machine.
func TestACleanupOfADroppedPoolIsShort(t *testing.T) {
	const most = 50 * time.Microsecond
	each := cleanup(t, 200)
	for try := 1; try < 20 && each > most; try++ {
		each = min(each, cleanup(t, 200))
	}
	if each > most && !raceflag.On {
		t.Errorf("the cleanup of a dropped pool took %v, want at most %v", each, most)
	}
}

// cleanup is how long one of n dropped pools takes to give its budget back what it
// charged.
func cleanup(t *testing.T, n int) time.Duration {
	budgets := make([]*pool.Budget, n)
	for i := range budgets {
		budgets[i] = pool.NewBudget(1 << 20)
	}
	used(n, budgets)
	runtime.GC()
	began := time.Now()
	for _, b := range budgets {
		for b.Used() > 0 {
			if time.Since(began) > 10*time.Second {
				t.Fatal("a dropped pool has not given its budget back what it charged")
			}
			runtime.Gosched()
		}
	}
	return time.Since(began) / time.Duration(n)
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
		objects: *strategies.Must(strategies.NewBounded(strategies.BoundedConfig[int]{Name: "objects", Registry: r, New: func() *int { return new(int) }})),
		others:  *strategies.Must(strategies.NewSync(strategies.SyncConfig[int]{Name: "others", Registry: r})),
		slots:   *strategies.Must(strategies.NewFixed(strategies.FixedConfig{Name: "slots", Registry: r, Size: 64, Count: 2})),
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
	for deadline := time.Now().Add(10 * time.Second); ; collect() {
		open := 0
		for _, e := range r.All() {
			if e.Source() != nil {
				open++
			}
		}
		if open == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d pools are open with no copy left", open)
		}
	}
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
