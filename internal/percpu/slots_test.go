package percpu_test

import (
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"weak"

	"github.com/otelpool/pool/internal/percpu"
	"github.com/otelpool/pool/internal/testalloc"
	"github.com/otelpool/pool/internal/testcost"
)

// thing is what the tests put into slots: on the heap, and with a block of its own.
type thing struct {
	user atomic.Int64
	word int // written without synchronization by whoever has the thing
	_    *thing
}

// take is what users of Slots do.
func take(s *percpu.Slots) *thing {
	var x any
	if slot := s.At(percpu.Pin()); slot != nil {
		x = slot.Take()
	}
	percpu.Unpin()
	if x == nil {
		x = s.TakeAged()
	}
	t, _ := x.(*thing)
	return t
}

// procs sets GOMAXPROCS for a test, and with it the number of slots. No
// collections run but those of the test.
func procs(t testing.TB, n int) {
	old, percent := runtime.GOMAXPROCS(n), debug.SetGCPercent(-1)
	t.Cleanup(func() { runtime.GOMAXPROCS(old); debug.SetGCPercent(percent) })
}

// collect runs a collection after which the slots are aged.
func collect(t testing.TB, s *percpu.Slots) {
	t.Helper()
	runtime.GC()
	testcost.Until(t, "the slots are aged", func() bool { return s.At(0) == nil })
}

func TestSlotsHoldOneObjectPerP(t *testing.T) {
	procs(t, 1)
	var s percpu.Slots
	a, b := new(thing), new(thing)
	if x := take(&s); x != nil {
		t.Errorf("slots in which nothing was put gave %p", x)
	}
	if !s.Put(a) || s.Put(b) {
		t.Error("Put took a second object, or not the first")
	}
	if x := take(&s); x != a {
		t.Errorf("took %p, want %p, which was put", x, a)
	}
	if x := take(&s); x != nil {
		t.Errorf("took %p out of a slot that was empty", x)
	}
}

func TestSlotsGiveWhatWasPutBeforeTheLastCollectionOnce(t *testing.T) {
	procs(t, 1)
	var s percpu.Slots
	old, young := new(thing), new(thing)
	s.Put(old)
	collect(t, &s)
	if !s.Put(young) {
		t.Error("there was no room after a collection")
	}
	if s.At(0).Settled() {
		t.Error("a slot says that there is nothing older, and there is")
	}
	if a, b, c := take(&s), take(&s), take(&s); a != young || b != old || c != nil {
		t.Errorf("took %p, %p, %p; want young %p, old %p, nil", a, b, c, young, old)
	}
	if !s.At(0).Settled() {
		t.Error("a slot does not know that there is nothing older")
	}
}

func TestSlotsAreSearchedOnceAfterACollectionWithoutAPut(t *testing.T) {
	procs(t, 1)
	var s percpu.Slots
	x := new(thing)
	s.Put(x)
	collect(t, &s)
	if got := take(&s); got != x {
		t.Errorf("took %p, want %p, which was put before the collection", got, x)
	}
	if slot := s.At(0); slot == nil || !slot.Settled() {
		t.Error("the next Take would search what was there before the collection again")
	}
}

func TestSlotsKeepObjectsAsLongAsSyncPoolDoes(t *testing.T) {
	if percpu.Portable {
		t.Log("a sync.Pool may drop objects at once here: only that all are gone in the end is compared")
	}
	const ps = 8
	procs(t, ps)
	var s percpu.Slots
	var p sync.Pool
	held := func(objects []weak.Pointer[thing]) (n int) {
		for _, w := range objects {
			if w.Value() != nil {
				n++
			}
		}
		return n
	}
	fill := func(put func(pid int, x *thing)) (objects []weak.Pointer[thing]) {
		for pid := range ps {
			x := new(thing)
			objects = append(objects, weak.Make(x))
			put(pid, x)
		}
		return objects
	}
	first := new(thing)
	s.Put(first) // makes the slots
	take(&s)
	// Nobody else is there, so that the slots of Ps that are not ours can be used:
	// these Ps stay quiet.
	ours := fill(func(pid int, x *thing) {
		if !s.At(pid).Put(x) {
			t.Fatalf("the slot of P %d was full", pid)
		}
	})
	theirs := fill(func(_ int, x *thing) { p.Put(x) })
	collect(t, &s)
	if a, b := held(ours), held(theirs); a != ps || (b != ps && !percpu.Portable) {
		t.Errorf("after a collection the slots hold %d of %d, a sync.Pool %d; want all", a, ps, b)
	}
	runtime.GC()
	if a, b := held(ours), held(theirs); a != 0 || b != 0 {
		t.Errorf("after two collections the slots hold %d of %d, a sync.Pool %d; want none", a, ps, b)
	}
	runtime.KeepAlive(&s)
	runtime.KeepAlive(&p)
}

func TestSlotsDropAllTheyHave(t *testing.T) {
	procs(t, 1)
	var s percpu.Slots
	s.Put(new(thing))
	collect(t, &s)
	s.Put(new(thing))
	s.Drop()
	if x := take(&s); x != nil {
		t.Errorf("took %p, which was dropped", x)
	}
}

func TestSlotsThatAreDroppedAreCollectedAtOnce(t *testing.T) {
	s := &struct{ percpu.Slots }{}
	s.Put(new(thing))
	w := weak.Make(s)
	runtime.KeepAlive(s)
	s = nil
	runtime.GC()
	if w.Value() != nil {
		t.Error("something holds slots that the program has dropped")
	}
}

func TestSlotsDoWithoutThoseOfPsThatCameLater(t *testing.T) {
	procs(t, 1)
	var s percpu.Slots
	s.Put(new(thing))
	runtime.GOMAXPROCS(4)
	if s.At(3) != nil {
		t.Error("there is a slot for a P that came later")
	}
	for range 100 { // on whatever P
		take(&s)
		s.Put(new(thing))
	}
	collect(t, &s)
	s.Put(new(thing))
	if s.At(3) == nil {
		t.Error("after a collection there is no slot for each P")
	}
}

func TestSlotsDoNotAllocate(t *testing.T) {
	procs(t, 1)
	var s percpu.Slots
	x := new(thing)
	s.Put(x)
	if n := testalloc.PerRun(1000, func() {
		if x := take(&s); x != nil {
			s.Put(x)
		}
	}); n != 0 {
		t.Errorf("%v allocations for Take and Put, want 0", n)
	}
	collect(t, &s)
	collect(t, &s)
	if n := testalloc.PerRun(1, func() { take(&s) }); n != 0 {
		t.Errorf("%v allocations for Take where nothing has been for two collections, want 0", n)
	}
}

// Every object has one user, and none stays behind, whatever collections and Ps do.
func TestSlotsConcurrentSafeWhileCollectionsRunAndPsComeAndGo(t *testing.T) {
	procs(t, 4)
	var s percpu.Slots
	var made, collected, taken, shared atomic.Int64
	storm(func(me int64) {
		x := take(&s)
		if x != nil {
			taken.Add(1)
		} else {
			x = new(thing)
			runtime.AddCleanup(x, func(n *atomic.Int64) { n.Add(1) }, &collected)
			made.Add(1)
		}
		if !x.user.CompareAndSwap(0, me) {
			shared.Add(1)
		}
		x.word++
		runtime.Gosched()
		if x.user.Swap(0) != me {
			shared.Add(1)
		}
		s.Put(x) // or, if another goroutine has been here meanwhile, it is lost
	})
	if n := shared.Load(); n > 0 {
		t.Errorf("%d times an object had two users", n)
	}
	if taken.Load() == 0 {
		t.Error("nothing was ever taken: the test shows nothing")
	}
	t.Logf("%d made, %d taken", made.Load(), taken.Load())
	testcost.Until(t, "all objects are collected", func() bool {
		runtime.GC()
		return collected.Load() == made.Load()
	})
	runtime.KeepAlive(&s)
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

func BenchmarkSlots(b *testing.B) {
	var s percpu.Slots
	var x any = new(thing)
	s.Put(x)
	for b.Loop() {
		pid := percpu.Pin()
		if slot := s.At(pid); slot != nil {
			if x := slot.Take(); x != nil {
				slot.Put(x)
			}
		}
		percpu.Unpin()
	}
}
