package pooltest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

// NoLeaks fails the test if more objects are in use at its end than when
// NoLeaks was called, and reports how many for each pool. It looks at every
// named pool of the registries, or of pool.Default if none is given, including
// pools opened or closed meanwhile.
//
// Call it first: cleanups run in reverse order, so NoLeaks then checks after
// the test's own cleanups have given back their objects. It waits up to two
// seconds for goroutines that still have to give back.
//
// For strict pools it also reports where the missing objects were taken. A pool
// is strict with Safety: strategies.SafetyStrict in its config; -tags
// otelpool_debug makes every pool strict that can be. For other pools NoLeaks
// reports the stacks of the sampled objects.
//
// A pool whose Stats panics, now or at the end, fails the test as well, because
// the number of objects that it has handed out is unknown.
//
// If a test runs in parallel with others and looks at pool.Default, or at a
// registry that another test looks at too, it fails for the objects that it and
// the goroutines that it started have taken, as far as the pools know: strict
// pools do. Objects that may be another test's are logged. NoLeaks recognizes
// goroutines by their pprof labels, which it sets; a goroutine that sets labels
// of its own no longer belongs to the test. Better give such tests a registry
// of their own.
//
// NoLeaks does not see pools without a name, and buffers that were put without
// having been taken distort the count. Some libraries, gRPC among them,
// deliberately leave buffers to the garbage collector when a call is cut off.
func NoLeaks(t testing.TB, registries ...*pool.Registry) {
	t.Helper()
	if len(registries) == 0 {
		registries = []*pool.Registry{pool.Default}
	}
	w := watch(t, registries)
	t.Cleanup(func() {
		t.Helper()
		defer w.stop()
		for _, l := range w.await(w.family.leave(t)) {
			w.report(t, l)
		}
	})
}

// grace is the time that goroutines have to give back their objects.
const grace = 2 * time.Second

// out counts the objects that a pool has handed out and not got back.
type out struct {
	strategy       string
	objects, bytes int64
	looks          bool // the pool may know where objects were taken
	unknown        bool // its Stats panicked
}

// outOf counts by the pool's totals. InUse would not do: closing a pool resets it.
func outOf(e *pool.Entry) out {
	var s pool.Stats
	e.Stats(&s)
	objects := int64(s.HandedOut()) - int64(s.TakenBack())
	return out{s.Strategy, objects, s.InUseBytes, s.Knows.Misuse.Has(int(pool.MisuseLost)), s.Failed}
}

// leak is what a pool has handed out since a test began, and not got back.
type leak struct {
	entry *pool.Entry
	out
	shared    bool  // with other tests
	ours      int64 // objects: all of them, or of a shared pool those that the test took
	unclaimed int64 // of a shared pool: taken by nobody knows whom
}

// fails reports whether to wait for it: not where Stats of a shared pool panicked.
func (l leak) fails() bool { return l.ours > 0 || l.unknown && !l.shared }

// await waits until the test has given back everything, at most for grace, and returns
// the pools from which it, or nobody knows who, still has objects.
func (w *watched) await(shared []*pool.Registry) (left []leak) {
	for start := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		left = w.leaks(shared)
		if !slices.ContainsFunc(left, leak.fails) || time.Since(start) > grace {
			return left
		}
	}
}

// leaks returns the pools with more objects out now than before, in the registries'
// order.
func (w *watched) leaks(shared []*pool.Registry) (all []leak) {
	for _, r := range w.family.registries {
		for _, e := range r.All() {
			l := w.leak(e, slices.Contains(shared, r))
			if l.fails() || l.unknown || l.unclaimed > 0 {
				all = append(all, l)
			}
		}
	}
	return all
}

func (w *watched) leak(e *pool.Entry, shared bool) leak {
	now, before := outOf(e), w.before[e]
	now.objects -= before.objects
	now.bytes -= before.bytes
	now.unknown = now.unknown || before.unknown
	l := leak{entry: e, out: now, shared: shared, ours: now.objects}
	switch {
	case shared && l.unknown:
		l.ours = 0
	case shared:
		l.ours, l.unclaimed = w.divide(l)
	}
	return l
}

// divide finds out who took the objects missing from a shared pool.
func (w *watched) divide(l leak) (ours, unclaimed int64) {
	unclaimed = l.objects
	l.entry.Samples(func(s control.Sample) bool {
		own, theirs := w.family.has(s.Tree)
		if s.Taken.Before(w.since) || !own && !theirs {
			return true
		}
		unclaimed--
		if own {
			ours++
		}
		return true
	})
	return ours, unclaimed
}

// report fails the test for its own objects, and logs those of nobody knows whom.
func (w *watched) report(t testing.TB, l leak) {
	t.Helper()
	if l.unknown {
		t.Errorf("pooltest: pool %q: its Stats panicked, so it is unknown how much was not given back: "+
			"pool.Registry.Panics has the stack", l.entry.Name())
		return
	}
	name := fmt.Sprintf("pooltest: pool %q (%s)", l.entry.Name(), l.strategy)
	if l.ours > 0 {
		text := fmt.Sprintf("%s: %d not given back", name, l.ours)
		if l.bytes > 0 && !l.shared {
			text += fmt.Sprintf(", %d bytes", l.bytes)
		}
		t.Errorf("%s%s", text, w.where(l))
	}
	if l.unclaimed > 0 {
		t.Logf("%s: %d more in use than at first, taken by this test or one beside it. "+
			"To find out, give the test a registry of its own, or the pool Safety: strategies.SafetyStrict", name, l.unclaimed)
	}
}
