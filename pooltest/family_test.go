package pooltest_test

import (
	"context"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/pooltest"
	"github.com/otelpool/pool/strategies"
)

// beside runs two tests, in parallel if told so, of which the first ends before the other
// has given anything back. Both look at the registry.
func beside(t *testing.T, r *pool.Registry, parallel bool, first, second func()) (a, b *recorder) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		a, b = &recorder{isParallel: parallel}, &recorder{isParallel: parallel}
		taken, ended := make(chan bool), make(chan bool)
		go func() {
			defer close(ended)
			pooltest.NoLeaks(a, r)
			<-taken
			first()
			a.end()
		}()
		synctest.Wait()
		var all sync.WaitGroup
		all.Go(func() {
			pooltest.NoLeaks(b, r)
			second()
			close(taken)
			<-ended
			b.end()
		})
		all.Wait()
	})
	return a, b
}

func TestAParallelTestFailsForWhatItsGoroutinesTookAlone(t *testing.T) {
	t.Parallel()
	if !readsLabels {
		t.Skip("built without linkname: a pool does not know who took what")
	}
	var r pool.Registry
	p := openStrict(t, &r)
	slab := strategies.Must(strategies.NewFixed(strategies.FixedConfig{
		Name: "slab", Registry: &r, Size: 8, Count: 8, Safety: strategies.SafetyStrict,
	}))
	t.Cleanup(slab.Close)
	var one, two [][]byte
	a, b := beside(t, &r, true, func() {
		var all sync.WaitGroup
		all.Go(func() { all.Go(func() { one = takeAndForget(p, 1); slab.Get() }) })
		all.Wait()
	}, func() { two = takeAndForget(p, 2) })
	runtime.KeepAlive(one)
	runtime.KeepAlive(two)
	if len(a.errors) != 2 || len(a.logs) != 0 || !strings.Contains(a.errors[0], ".takeAndForget\n") ||
		!strings.HasPrefix(a.errors[0], `pooltest: pool "strict" (sizeclasses): 1 not given back`) ||
		!strings.HasPrefix(a.errors[1], `pooltest: pool "slab" (fixed): 1 not given back`) {
		t.Errorf("the first: errors %q, logs %q", a.errors, a.logs)
	}
	if len(b.errors) != 1 || len(b.logs) != 0 || !strings.Contains(b.errors[0], ": 2 not given back") {
		t.Errorf("the second: errors %q, logs %q", b.errors, b.logs)
	}
}

func TestWhatCannotBeAttributedIsSaid(t *testing.T) {
	t.Parallel()
	var r pool.Registry
	p := strategies.Must(strategies.NewSync(strategies.SyncConfig[int]{Name: "ints", Registry: &r}))
	t.Cleanup(p.Close)
	strict := openStrict(t, &r)
	a, b := beside(t, &r, true, func() {
		defer pprof.SetGoroutineLabels(context.Background())
		pprof.SetGoroutineLabels(context.Background()) // a goroutine that is nobody's
		takeAndForget(strict, 1)
	}, func() { p.Get() })
	for _, tb := range []*recorder{a, b} {
		said := strings.Join(tb.logs, "\n")
		if len(tb.errors) != 0 || len(tb.logs) != 2 || !strings.Contains(said, `pool "ints" (sync): 1 more in use than at first`) ||
			!strings.Contains(said, `pool "strict" (sizeclasses): 1 more in use than at first`) {
			t.Errorf("errors %q, logs %q", tb.errors, tb.logs)
		}
	}
}

// Tests that do not run in parallel, and those with a registry of their own, need no
// attribution: whatever is missing fails them.
func TestWhatNobodySharesIsTheTests(t *testing.T) {
	t.Parallel()
	var r, own pool.Registry
	p := open(t, &r, "ordinary")
	if a, _ := beside(t, &r, false, func() { takeAndForget(p, 1) }, func() {}); len(a.errors) != 1 || len(a.logs) != 0 {
		t.Errorf("not parallel: errors %q, logs %q", a.errors, a.logs)
	}
	q := open(t, &own, "own")
	synctest.Test(t, func(*testing.T) {
		tb := &recorder{isParallel: true}
		pooltest.NoLeaks(tb, &own)
		takeAndForget(q, 1)
		tb.end()
		if len(tb.errors) != 1 || len(tb.logs) != 0 {
			t.Errorf("its own registry: errors %q, logs %q", tb.errors, tb.logs)
		}
	})
}

// A test's parts are no neighbours of it.
func TestASubtestIsNoNeighbour(t *testing.T) {
	t.Parallel()
	if !readsLabels {
		t.Skip("built without linkname: a test does not know whose part it is")
	}
	var r pool.Registry
	p := open(t, &r, "ordinary")
	synctest.Test(t, func(*testing.T) {
		outer, inner := &recorder{isParallel: true}, &recorder{isParallel: true}
		pooltest.NoLeaks(outer, &r)
		done := make(chan bool)
		go func() {
			pooltest.NoLeaks(inner, &r)
			takeAndForget(p, 1)
			inner.end()
			close(done)
		}()
		<-done
		outer.end()
		if len(inner.errors) != 1 || len(outer.errors) != 1 {
			t.Errorf("inner: %q, %q, outer: %q, %q", inner.errors, inner.logs, outer.errors, outer.logs)
		}
	})
}

func TestWhetherATestRunsInParallelIsKnown(t *testing.T) {
	if pooltest.Parallel(t) {
		t.Error("this one does not")
	}
	t.Run("group", func(t *testing.T) {
		t.Parallel()
		t.Run("part", func(t *testing.T) {
			if !pooltest.Parallel(t) {
				t.Error("the test that it is part of does")
			}
		})
		if !pooltest.Parallel(t) {
			t.Error("this one does")
		}
	})
}

// Nobody knows what it has handed out, to whomever.
func TestASharedPoolThatPanicsFailsParallelTestsToo(t *testing.T) {
	t.Parallel()
	var r pool.Registry
	if _, err := r.Publish("broken", panicking{}, pool.Suffix); err != nil {
		t.Fatal(err)
	}
	a, b := beside(t, &r, true, func() {}, func() {})
	for _, tb := range []*recorder{a, b} {
		if len(tb.errors) != 1 || !strings.Contains(tb.errors[0], `pool "broken": its Stats panicked`) {
			t.Errorf("errors %q", tb.errors)
		}
	}
}

type panicking struct{}

func (panicking) Stats(*pool.Stats) { panic("on purpose") }
