package pool_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/testalloc"
	"github.com/otelpool/pool/internal/testcost"
)

// counting is a Source with hits, one class and something idle.
type counting struct {
	strategy string
	hits     atomic.Uint64
}

func (c *counting) Stats(into *pool.Stats) {
	into.Reset()
	into.Strategy = c.strategy
	into.Knows = pool.Knowledge{Rows: pool.KnowsIdle, Requests: pool.SetOf(pool.Hit)}
	into.Requests[pool.Hit] = c.hits.Load()
	into.Idle, into.IdleBytes = 3, 300
	into.InUse = 1
	into.Classes = append(into.Classes, pool.Class{Size: 64})
	into.Classes[0].Requests[pool.Hit] = into.Requests[pool.Hit]
	into.Classes[0].Idle = 3
}

func mustPublish(tb testing.TB, r *pool.Registry, name string, src pool.Source) *pool.Publication {
	tb.Helper()
	p, err := r.Publish(name, src, pool.Reject)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func statsOf(e *pool.Entry) (s pool.Stats) {
	e.Stats(&s)
	return s
}

func TestRegistryRejectsANameThatIsTaken(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	mustPublish(t, r, "a", new(counting))
	if _, err := r.Publish("a", new(counting), pool.Reject); err == nil || !strings.Contains(err.Error(), `"a"`) {
		t.Errorf("a second pool of the name: %v, want an error that says which", err)
	}
	if n := len(r.All()); n != 1 {
		t.Errorf("%d entries, want 1", n)
	}
}

func TestRegistryRejectsAnEmptyName(t *testing.T) {
	t.Parallel()
	if _, err := new(pool.Registry).Publish("", new(counting), pool.Suffix); err == nil {
		t.Error("a pool without a name was published")
	}
}

func TestRegistrySuffixesANameThatIsTaken(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	first := mustPublish(t, r, "a", new(counting))
	mustPublish(t, r, "a-2", new(counting))
	p, err := r.Publish("a", new(counting), pool.Suffix)
	if err != nil || p.Name() != "a-3" {
		t.Errorf("got %q, %v; want a-3", p.Name(), err)
	}
	first.Close()
	if p, err = r.Publish("a", new(counting), pool.Suffix); err != nil || p.Name() != "a" {
		t.Errorf("got %q, %v; want a, which is free again", p.Name(), err)
	}
}

func TestRegistryCountsNeverGoDownAcrossCloseReopenAndRelease(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	first, second := &counting{strategy: "one"}, &counting{strategy: "two"}
	p := mustPublish(t, r, "a", first)
	e := r.All()[0]
	expect := func(what string, hits uint64, closed bool, strategy string) {
		t.Helper()
		s := statsOf(e)
		if s.Requests[pool.Hit] != hits || s.Closed != closed || s.Strategy != strategy || s.Name != "a" {
			t.Errorf("%s: %d hits, closed %t, %s %q; want %d, %t, %s \"a\"", what, s.Requests[pool.Hit], s.Closed, s.Strategy,
				s.Name, hits, closed, strategy)
		}
		if len(s.Classes) != 1 || s.Classes[0].Requests[pool.Hit] != hits {
			t.Errorf("%s: classes %v, want one with %d hits", what, s.Classes, hits)
		}
		if idle := int64(3); closed && s.Idle != 0 || !closed && s.Idle != idle {
			t.Errorf("%s: %d idle: only an open pool holds something, and only its own", what, s.Idle)
		}
		if closed && s.Knows.Has(pool.KnowsIdle) {
			t.Errorf("%s: knows what it holds idle", what)
		}
	}
	first.hits.Add(5)
	expect("open", 5, false, "one")
	p.Close()
	p.Close()
	expect("closed", 5, true, "one")
	first.hits.Add(1)
	expect("used after Close", 6, true, "one")
	q := mustPublish(t, r, "a", second)
	second.hits.Add(10)
	expect("opened again", 16, false, "two")
	p.Close()
	expect("the first closed once more", 16, false, "two")
	p.Release()
	p.Release()
	expect("the first released", 16, false, "two")
	q.Release()
	expect("both released", 16, true, "two")
	if len(r.All()) != 1 || r.All()[0] != e {
		t.Error("the name has another entry than before")
	}
}

func TestRegistryLetsGoOfAReleasedPool(t *testing.T) {
	r := new(pool.Registry)
	var gone atomic.Bool
	func() {
		src := new(counting)
		src.hits.Store(7)
		runtime.AddCleanup(src, func(b *atomic.Bool) { b.Store(true) }, &gone)
		mustPublish(t, r, "a", src).Release()
	}()
	testcost.Until(t, "the registry does not hold a released pool", func() bool { runtime.GC(); return gone.Load() })
	if s := statsOf(r.All()[0]); s.Requests[pool.Hit] != 7 {
		t.Errorf("%d hits, want 7", s.Requests[pool.Hit])
	}
}

// handle and core are how every pool is made: the registry holds the core.
type handle struct{ pub *pool.Publication }

func TestRegistryWithdrawsAPoolThatIsDropped(t *testing.T) {
	r := new(pool.Registry)
	func() {
		h := &handle{pub: mustPublish(t, r, "a", new(counting))}
		runtime.AddCleanup(h, (*pool.Publication).Release, h.pub)
	}()
	testcost.Until(t, "a dropped pool is withdrawn", func() bool { runtime.GC(); return r.All()[0].Source() == nil })
	mustPublish(t, r, "a", new(counting))
}

func TestRegistryForgetsTheOldestClosedNames(t *testing.T) {
	t.Parallel()
	const limit = 1000
	r := new(pool.Registry)
	open := mustPublish(t, r, "open", new(counting))
	for n := range limit + 5 {
		mustPublish(t, r, fmt.Sprint(n), new(counting)).Close()
	}
	all := r.All()
	if len(all) != limit+1 {
		t.Fatalf("%d entries, want the open one and %d", len(all), limit)
	}
	if all[0].Name() != "open" || all[1].Name() != "5" {
		t.Errorf("%s and %s come first, want open and 5: the oldest closed ones are forgotten", all[0].Name(), all[1].Name())
	}
	mustPublish(t, r, "5", new(counting)) // open again: not to be forgotten
	for n := range limit + 5 {
		mustPublish(t, r, fmt.Sprint("more", n), new(counting)).Close()
	}
	names := make(map[string]bool)
	for _, e := range r.All() {
		names[e.Name()] = true
	}
	if !names["5"] || !names["open"] {
		t.Error("an open pool was forgotten")
	}
	open.Close()
}

func TestRegistrySnapshotDoesNotAllocate(t *testing.T) {
	r := new(pool.Registry)
	mustPublish(t, r, "a", new(counting))
	mustPublish(t, r, "b", new(counting)).Close()
	mustPublish(t, r, "b", new(counting))
	into := make([]pool.Stats, 2)
	allocs := testalloc.PerRun(100, func() { r.All()[0].Stats(&into[0]) })
	if allocs != 0 {
		t.Errorf("%v allocations a snapshot, want 0", allocs)
	}
}

func TestRegistryListDoesNotChangeUnderItsReader(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	mustPublish(t, r, "a", new(counting))
	before := r.All()
	mustPublish(t, r, "b", new(counting))
	if len(before) != 1 || before[0].Name() != "a" || len(r.All()) != 2 {
		t.Errorf("the list read before has %d entries, the one after %d; want 1 and 2", len(before), len(r.All()))
	}
}

func TestRegistryConcurrentSafe(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	stop := make(chan struct{})
	var readers, writers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			var s pool.Stats
			last := make(map[*pool.Entry]uint64)
			for {
				select {
				case <-stop:
					return
				default:
				}
				for _, e := range r.All() {
					e.Stats(&s)
					if s.Requests[pool.Hit] < last[e] {
						t.Errorf("%s: hits fell from %d to %d", e.Name(), last[e], s.Requests[pool.Hit])
					}
					last[e] = s.Requests[pool.Hit]
				}
				runtime.Gosched()
			}
		})
	}
	for g := range 4 {
		writers.Go(func() {
			for n := range 200 {
				src := new(counting)
				p, err := r.Publish(fmt.Sprint(n%7), src, pool.Suffix)
				if err != nil {
					t.Error(err)
					return
				}
				src.hits.Add(uint64(g + 1))
				p.Close()
				src.hits.Add(1)
				p.Release()
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
	var hits uint64
	for _, e := range r.All() {
		s := statsOf(e)
		hits += s.Requests[pool.Hit]
	}
	if want := uint64(200 * (1 + 2 + 3 + 4 + 4)); hits != want {
		t.Errorf("%d hits, want %d: none may be lost", hits, want)
	}
}

type idleController struct{}

func (*idleController) ControllerStats(into *control.Stats) { *into = control.Stats{} }

func TestRegistryHasOneController(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	one := new(idleController)
	remove, err := r.AddController(one)
	if err != nil || r.Controller() != control.Controller(one) {
		t.Fatalf("the controller is %v, %v", r.Controller(), err)
	}
	if _, err := r.AddController(new(idleController)); err == nil {
		t.Error("a second controller was taken")
	}
	remove()
	if r.Controller() != nil {
		t.Error("the controller is still there")
	}
	if _, err := r.AddController(new(idleController)); err != nil {
		t.Error(err)
	}
	remove() // the first one's
	if r.Controller() == nil {
		t.Error("one controller's removal removed another")
	}
}

func TestRegistryTellsItsObserversOfWaits(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	p := mustPublish(t, r, "a", new(counting))
	var got []string
	observe := func(who string) func(pool string, d time.Duration) {
		return func(name string, d time.Duration) { got = append(got, fmt.Sprint(who, name, d)) }
	}
	p.ObserveWait(time.Second)
	removeOne := r.OnWait(observe("one "))
	r.OnWait(observe("two "))
	p.ObserveWait(2 * time.Second)
	removeOne()
	removeOne()
	p.ObserveWait(3 * time.Second)
	if s := strings.Join(got, ", "); s != "one a2s, two a2s, two a3s" {
		t.Errorf("observers were told %s", s)
	}
}

func TestRegistryOfAPoolWithoutANameDoesNothing(t *testing.T) {
	t.Parallel()
	var p *pool.Publication
	p.ObserveWait(time.Second)
	p.Close()
	p.Release()
	if p.Name() != "" {
		t.Errorf("it has the name %q", p.Name())
	}
}

// Panics of functions that a program gave are caught, told, and keep nobody else
// from being told.
func TestPanicsOfObserversAreCaughtAndTold(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	told := 0
	r.OnMisuse(func(pool.Misuse) { panic("first") })
	r.OnMisuse(func(pool.Misuse) { told++ })
	r.OnWait(func(string, time.Duration) { panic("second") })
	r.OnWait(func(string, time.Duration) { told++ })
	if n, last := r.Panics(); n != 0 || last != "" {
		t.Errorf("%d panics, %q, before there were any", n, last)
	}
	r.ObserveMisuse(pool.Misuse{})
	if n, last := r.Panics(); n != 1 || !strings.HasPrefix(last, "first\n") || !strings.Contains(last, "registry_test.go") {
		t.Errorf("%d panics, the last %q", n, last)
	}
	r.ObserveWait("p", time.Second)
	if n, last := r.Panics(); n != 2 || !strings.HasPrefix(last, "second\n") || told != 2 {
		t.Errorf("%d panics, the last %q, %d told", n, last, told)
	}
}

// values is a pool that cannot be compared.
type values []uint64

func (v values) Stats(into *pool.Stats) {
	into.Reset()
	into.Requests[pool.Hit] = v[0]
}

func TestAPoolNeedNotBeComparable(t *testing.T) {
	t.Parallel()
	var r pool.Registry
	pub, err := r.Publish("values", values{7}, pool.Reject)
	if err != nil {
		t.Fatal(err)
	}
	pub.Close()
	pub.Release()
	var s pool.Stats
	r.All()[0].Stats(&s)
	if s.Requests[pool.Hit] != 7 || !s.Closed {
		t.Errorf("%d hits, closed %v; want 7, true", s.Requests[pool.Hit], s.Closed)
	}
}
