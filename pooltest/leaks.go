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
// Figures are all it has. A pool without a name is not seen, nor is who took what
// is missing. Other tests that use the same pools at the same time, by t.Parallel,
// spoil the count, and so do buffers that are put without having been taken; give
// such tests a registry of their own. gRPC and others leave buffers to the garbage
// collector on purpose where a call is cut off.
func NoLeaks(t testing.TB, registries ...*pool.Registry) {
	t.Helper()
	if len(registries) == 0 {
		registries = []*pool.Registry{pool.Default}
	}
	before := takeOut(registries)
	t.Cleanup(func() {
		t.Helper()
		for _, leak := range settle(registries, before) {
			t.Errorf("pooltest: %s", leak)
		}
	})
}

// grace is how long goroutines have to give back what they hold.
const grace = 2 * time.Second

// settle waits until nothing is missing, and returns what still is after grace.
func settle(registries []*pool.Registry, before map[*pool.Entry]out) []string {
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
}

// takeOut is what is out of every pool. It is counted, and not read from InUse,
// which ends when a pool is closed.
func takeOut(registries []*pool.Registry) map[*pool.Entry]out {
	all := make(map[*pool.Entry]out)
	var s pool.Stats
	for _, r := range registries {
		for _, e := range r.All() {
			e.Stats(&s)
			all[e] = out{s.Strategy, int64(s.HandedOut()) - int64(s.TakenBack()), s.InUseBytes}
		}
	}
	return all
}

// leaks says in words what is out now and was not before, in the registries'
// order.
func leaks(registries []*pool.Registry, before map[*pool.Entry]out) (missing []string) {
	now := takeOut(registries)
	for _, r := range registries {
		for _, e := range r.All() {
			n := now[e].objects - before[e].objects
			if n <= 0 {
				continue
			}
			leak := fmt.Sprintf("pool %q (%s): %d not given back", e.Name(), now[e].strategy, n)
			if bytes := now[e].bytes - before[e].bytes; bytes > 0 {
				leak += fmt.Sprintf(", %d bytes", bytes)
			}
			missing = append(missing, leak)
		}
	}
	return missing
}
