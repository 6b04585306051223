package pooltest

import (
	"fmt"
	"testing"
	"time"

	"github.com/otelpool/pool"
)

// NoLeaks fails the test if it ends with more objects out of a pool than there
// were when NoLeaks was called, and says of which pools and how many. It looks at
// every named pool of the registries, or of pool.Default if none is given; those
// opened and those closed meanwhile count too.
//
// Call it first: cleanups run in reverse order, so what the test's own cleanups
// give back is then seen. Goroutines that still give back get two seconds.
//
// Of pools that are strict it also says where what is missing was taken: those with
// Safety: strategies.SafetyStrict in their config, and in a program that is built
// with -tags otelpool_debug all that can. Of others it says where some were taken,
// if they happened to be sampled.
//
// A pool without a name is not seen. Other tests that use the same pools at the same time, by t.Parallel,
// spoil the count, and so do buffers that are put without having been taken; give
// such tests a registry of their own. gRPC and others leave buffers to the garbage
// collector on purpose where a call is cut off.
func NoLeaks(t testing.TB, registries ...*pool.Registry) {
	t.Helper()
	if len(registries) == 0 {
		registries = []*pool.Registry{pool.Default}
	}
	before, watched := takeOut(registries), watch(registries)
	t.Cleanup(func() {
		t.Helper()
		for _, leak := range settle(registries, before) {
			t.Errorf("pooltest: %s%s", leak.text, watched.where(leak))
		}
		watched.stop()
	})
}

// grace is how long goroutines have to give back what they hold.
const grace = 2 * time.Second

// settle waits until nothing is missing, and returns what still is after grace.
func settle(registries []*pool.Registry, before map[*pool.Entry]out) []leak {
	for start := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		missing := leaks(registries, before)
		if len(missing) == 0 || time.Since(start) > grace {
			return missing
		}
	}
}

// out is what a pool has handed out and not got back.
type out struct {
	strategy       string
	objects, bytes int64
	looks          bool // the pool may know where something was taken
}

// leak is a pool that misses something.
type leak struct {
	entry   *pool.Entry
	objects int64
	looks   bool
	text    string
}

// takeOut is what is out of every pool. It is counted, and not read from InUse,
// which ends when a pool is closed.
func takeOut(registries []*pool.Registry) map[*pool.Entry]out {
	all := make(map[*pool.Entry]out)
	var s pool.Stats
	for _, r := range registries {
		for _, e := range r.All() {
			e.Stats(&s)
			all[e] = out{s.Strategy, int64(s.HandedOut()) - int64(s.TakenBack()), s.InUseBytes, s.Knows.Misuse.Has(int(pool.MisuseLost))}
		}
	}
	return all
}

// leaks says in words what is out now and was not before, in the registries'
// order.
func leaks(registries []*pool.Registry, before map[*pool.Entry]out) (missing []leak) {
	now := takeOut(registries)
	for _, r := range registries {
		for _, e := range r.All() {
			n := now[e].objects - before[e].objects
			if n <= 0 {
				continue
			}
			text := fmt.Sprintf("pool %q (%s): %d not given back", e.Name(), now[e].strategy, n)
			if bytes := now[e].bytes - before[e].bytes; bytes > 0 {
				text += fmt.Sprintf(", %d bytes", bytes)
			}
			missing = append(missing, leak{e, n, now[e].looks, text})
		}
	}
	return missing
}
