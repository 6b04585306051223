package gcpool_test

import (
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"weak"

	"github.com/otelpool/pool/internal/gcpool"
	"github.com/otelpool/pool/internal/percpu"
	"github.com/otelpool/pool/internal/raceflag"
	"github.com/otelpool/pool/internal/testalloc"
	"github.com/otelpool/pool/internal/testcost"
)

// thing is what the tests put into pools: on the heap, and with a block of its own.
type thing struct {
	user atomic.Int64
	word int // written without synchronization by whoever has the thing
	_    *thing
}

// counted is a pool with a tally of its own.
type counted struct {
	gcpool.Pool
	gcpool.Tally
}

func newPool() *counted {
	p := new(counted)
	p.Of(&p.Pool)
	return p
}

func take(p *counted) *thing {
	t, _ := p.Take().(*thing)
	return t
}

// put is what users do.
func put(p *counted, x *thing) {
	slot := p.At(percpu.Pin())
	kept := slot != nil && slot.Put(x)
	percpu.Unpin()
	if !kept {
		p.Put(slot, x)
	}
}

// procs sets GOMAXPROCS for a test, and with it the number of slots. No
// collections run but those of the test.
func procs(t testing.TB, n int) {
	old, percent := runtime.GOMAXPROCS(n), debug.SetGCPercent(-1)
	t.Cleanup(func() { runtime.GOMAXPROCS(old); debug.SetGCPercent(percent) })
}

// collect runs a collection after which the pool begins a new generation.
func collect(t testing.TB, p *counted) {
	t.Helper()
	runtime.GC()
	testcost.Until(t, "a new generation has begun", func() bool { return p.At(0) == nil })
}

func TestObjectsComeBackInWhateverNumber(t *testing.T) {
	procs(t, 1)
	p := newPool()
	if x := take(p); x != nil {
		t.Errorf("a pool in which nothing was put gave %p", x)
	}
	all := make(map[*thing]bool)
	for range 100 {
		x := new(thing)
		all[x] = true
		put(p, x)
	}
	for x := take(p); x != nil; x = take(p) {
		if !all[x] {
			t.Fatalf("took %p twice, or never put it", x)
		}
		delete(all, x)
	}
	if len(all) > 0 && !raceflag.On { // where a sync.Pool drops at random
		t.Errorf("%d of 100 were not found", len(all))
	}
	if c := p.Counts(); c.Pooled != 100 || c.Hits != uint64(100-len(all)) || c.Idle() != uint64(len(all)) {
		t.Errorf("%+v", c)
	}
}

func TestWhatWasPutBeforeTheLastCollectionIsFoundOnce(t *testing.T) {
	if raceflag.On {
		t.Skip("under the race detector a sync.Pool forgets what is put")
	}
	procs(t, 1)
	p := newPool()
	old, shared, young := new(thing), new(thing), new(thing)
	put(p, old)
	put(p, shared)
	collect(t, p)
	put(p, young)
	if a, b, c, d := take(p), take(p), take(p), take(p); a != young || b != shared || c != old || d != nil {
		t.Errorf("took %p, %p, %p, %p; want %p, %p, %p, nil", a, b, c, d, young, shared, old)
	}
	if c := p.Counts(); c.Pooled != 3 || c.Hits != 3 || c.Collected != 0 {
		t.Errorf("%+v", c)
	}
}

// What collections drop is known to the object, whoever took how many of them meanwhile.
func TestWhatCollectionsDropIsCounted(t *testing.T) {
	const ps, each = 4, 250
	procs(t, ps)
	for _, taken := range []int{0, 1, 7, 500} {
		p := newPool()
		var fill sync.WaitGroup
		for range ps {
			fill.Go(func() {
				for range each {
					put(p, new(thing))
				}
			})
		}
		fill.Wait()
		for range 3 {
			p.Warm(new(thing))
		}
		collect(t, p)
		var took uint64
		for range taken {
			if take(p) != nil {
				took++
			}
		}
		if c := p.Counts(); c.Collected != 0 || c.Idle() != ps*each+3-took {
			t.Errorf("after a collection: %+v, %d taken", c, took)
		}
		runtime.GC()
		testcost.Until(t, "what was dropped is counted", func() bool { return p.Counts().Collected != 0 })
		if c := p.Counts(); c.Collected != ps*each+3-took || c.Idle() != 0 || c.Hits != took || c.Warmed != 3 {
			t.Errorf("after two: %+v, %d taken", c, took)
		}
		runtime.KeepAlive(p)
	}
}

func TestObjectsLiveAsLongAsInASyncPool(t *testing.T) {
	if percpu.Portable {
		t.Log("a sync.Pool may drop objects at once here: only that all are gone in the end is compared")
	}
	const ps = 8
	procs(t, ps)
	ours := newPool()
	var theirs sync.Pool
	fill := func(put func(x *thing)) (objects []weak.Pointer[thing]) {
		for range 2 * ps { // in slots and in what is shared
			x := new(thing)
			objects = append(objects, weak.Make(x))
			put(x)
		}
		return objects
	}
	put(ours, new(thing))
	take(ours) // the slots are made
	in := fill(func(x *thing) { put(ours, x) })
	like := fill(func(x *thing) { theirs.Put(x) })
	collect(t, ours)
	if a, b := held(in), held(like); a != b && !percpu.Portable || a == 0 {
		t.Errorf("after a collection the pool holds %d of %d, a sync.Pool %d", a, len(in), b)
	}
	runtime.GC()
	if a, b := held(in), held(like); a != 0 || b != 0 {
		t.Errorf("after two collections the pool holds %d of %d, a sync.Pool %d; want none", a, len(in), b)
	}
	runtime.KeepAlive(ours)
	runtime.KeepAlive(&theirs)
}

func held(objects []weak.Pointer[thing]) (n int) {
	for _, w := range objects {
		if w.Value() != nil {
			n++
		}
	}
	return n
}

func TestDropDropsAll(t *testing.T) {
	procs(t, 1)
	p := newPool()
	for range 10 {
		put(p, new(thing))
	}
	collect(t, p)
	for range 10 {
		put(p, new(thing))
	}
	p.Drop()
	if x := take(p); x != nil {
		t.Errorf("took %p, which was dropped", x)
	}
}

func TestAPoolThatIsDroppedIsCollectedAtOnce(t *testing.T) {
	p := newPool()
	put(p, new(thing))
	w := weak.Make(p)
	runtime.KeepAlive(p)
	runtime.GC()
	if w.Value() != nil {
		t.Error("something holds a pool that the program has dropped")
	}
}

func TestPsThatCameLaterShare(t *testing.T) {
	procs(t, 1)
	p := newPool()
	put(p, new(thing))
	runtime.GOMAXPROCS(4)
	if p.At(3) != nil {
		t.Error("there is a slot for a P that came later")
	}
	for range 100 { // on whatever P
		take(p)
		put(p, new(thing))
	}
	collect(t, p)
	put(p, new(thing))
	if p.At(3) == nil {
		t.Error("after a collection there is no slot for each P")
	}
}

func TestGetAndPutDoNotAllocate(t *testing.T) {
	procs(t, 1)
	p := newPool()
	x := new(thing)
	put(p, x)
	if n := testalloc.PerRun(1000, func() {
		if x := take(p); x != nil {
			put(p, x)
		}
	}); n != 0 {
		t.Errorf("%v allocations for Take and Put, want 0", n)
	}
	collect(t, p)
	runtime.GC()
	if n := testalloc.PerRun(1, func() { take(p) }); n != 0 {
		t.Errorf("%v allocations for Take where nothing has been for two collections, want 0", n)
	}
}

// Every object has one user, none stays behind, and each that the collector took is
// counted once, whatever collections and Ps do.
func TestObjectsHaveOneUserAndTheCountsEndExactConcurrentSafe(t *testing.T) {
	procs(t, 4)
	p := newPool()
	var made, collected, shared atomic.Int64
	storm(func(me int64) {
		var mine [3]*thing
		for i := range mine {
			if mine[i] = take(p); mine[i] == nil {
				mine[i] = new(thing)
				runtime.AddCleanup(mine[i], func(n *atomic.Int64) { n.Add(1) }, &collected)
				made.Add(1)
			}
			if !mine[i].user.CompareAndSwap(0, me) {
				shared.Add(1)
			}
			mine[i].word++
		}
		runtime.Gosched()
		for _, x := range mine {
			if x.user.Swap(0) != me {
				shared.Add(1)
			}
			put(p, x)
		}
		if c := p.Counts(); int64(c.Idle()) < 0 {
			shared.Add(1 << 32)
		}
	})
	if n := shared.Load(); n > 0 {
		t.Errorf("%d times an object had two users, and %d times fewer than none was idle", n%(1<<32), n>>32)
	}
	c := p.Counts()
	if c.Hits == 0 || c.Collected == 0 {
		t.Errorf("%+v: the test shows nothing", c)
	}
	t.Logf("%d made, %+v", made.Load(), c)
	testcost.Until(t, "all objects are collected, and counted", func() bool {
		runtime.GC()
		return collected.Load() == made.Load() && p.Counts().Idle() == 0
	})
	if c := p.Counts(); c.Collected != uint64(made.Load()) {
		t.Errorf("%d made and collected, but %+v", made.Load(), c)
	}
	runtime.KeepAlive(p)
}

// storm calls f on four goroutines, with a number above 0 for each, while
// collections run and GOMAXPROCS changes.
func storm(f func(me int64)) {
	var done atomic.Bool
	var wg sync.WaitGroup
	for i := range int64(4) {
		wg.Go(func() {
			for !done.Load() {
				f(i + 1)
			}
		})
	}
	for _, n := range []int{1, 4, 2, 6, 3} {
		runtime.GOMAXPROCS(n)
		for range 4 {
			runtime.GC()
		}
	}
	done.Store(true)
	wg.Wait()
}

func BenchmarkPair(b *testing.B) {
	p := newPool()
	x := new(thing)
	for b.Loop() {
		put(p, x)
		x = take(p)
	}
}
