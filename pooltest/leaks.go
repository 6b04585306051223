package pooltest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/otelpool/pool"
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
	before, watched := takeOut(registries), watch(registries)
	family := join(t, registries)
	t.Cleanup(func() {
		t.Helper()
		defer watched.stop()
		shared := family.leave(t)
		own := slices.DeleteFunc(slices.Clone(registries), func(r *pool.Registry) bool { return slices.Contains(shared, r) })
		for _, leak := range awaitReturns(own, before) {
			t.Errorf("pooltest: %s%s", leak.text, watched.where(leak))
		}
		for _, leak := range family.await(shared, before, watched.since) {
			leak.report(t)
		}
	})
}

// grace is the time that goroutines have to give back their objects.
const grace = 2 * time.Second

// awaitReturns waits until nothing is missing, at most for grace, and returns
// the leaks that are left.
func awaitReturns(registries []*pool.Registry, before map[*pool.Entry]out) (missing []leak) {
	await(func() bool {
		missing = leaks(registries, before)
		return len(missing) == 0
	})
	return missing
}

// await calls done until it returns true, at most for grace.
func await(done func() bool) {
	for start := time.Now(); !done() && time.Since(start) <= grace; {
		time.Sleep(5 * time.Millisecond)
	}
}

// out counts the objects that a pool has handed out and not got back.
type out struct {
	strategy       string
	objects, bytes int64
	looks          bool // the pool may know where objects were taken
	unknown        bool // its Stats panicked
}

// leak describes a pool with objects missing.
type leak struct {
	entry    *pool.Entry
	strategy string
	objects  int64
	looks    bool
	text     string
}

// takeOut counts the objects that every pool has handed out and not got back.
// InUse would not do: closing a pool resets it.
func takeOut(registries []*pool.Registry) map[*pool.Entry]out {
	all := make(map[*pool.Entry]out)
	for _, e := range entriesOf(registries) {
		all[e] = outOf(e)
	}
	return all
}

// entriesOf returns the entries of all registries, in their order.
func entriesOf(registries []*pool.Registry) (all []*pool.Entry) {
	for _, r := range registries {
		all = append(all, r.All()...)
	}
	return all
}

func outOf(e *pool.Entry) out {
	var s pool.Stats
	e.Stats(&s)
	objects := int64(s.HandedOut()) - int64(s.TakenBack())
	return out{s.Strategy, objects, s.InUseBytes, s.Knows.Misuse.Has(int(pool.MisuseLost)), s.Failed}
}

// leaks describes the objects that are out now and were not before, in the
// registries' order.
func leaks(registries []*pool.Registry, before map[*pool.Entry]out) (missing []leak) {
	now := takeOut(registries)
	for _, e := range entriesOf(registries) {
		if broken(before[e], now[e]) || now[e].objects > before[e].objects {
			missing = append(missing, newLeak(e, now[e], before[e]))
		}
	}
	return missing
}

// broken reports whether a pool's Stats panicked, before or now.
func broken(before, now out) bool { return before.unknown || now.unknown }

func newLeak(e *pool.Entry, now, before out) leak {
	if broken(before, now) {
		const why = "its Stats panicked, so it is unknown how much was not given back: pool.Registry.Panics has the stack"
		return leak{entry: e, text: fmt.Sprintf("pool %q: %s", e.Name(), why)}
	}
	n := now.objects - before.objects
	text := fmt.Sprintf("pool %q (%s): %d not given back", e.Name(), now.strategy, n)
	if bytes := now.bytes - before.bytes; bytes > 0 {
		text += fmt.Sprintf(", %d bytes", bytes)
	}
	return leak{e, now.strategy, n, now.looks, text}
}
