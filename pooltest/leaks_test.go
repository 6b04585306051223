package pooltest_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/testcost"
	"github.com/otelpool/pool/pooltest"
	"github.com/otelpool/pool/strategies"
)

// recorder is a testing.TB that records errors.
type recorder struct {
	testing.TB
	cleanups   []func()
	errors     []string
	logs       []string
	isParallel bool // as testing.T's, for NoLeaks to see
}

func (*recorder) Helper()            {}
func (*recorder) Name() string       { return "recorder" }
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(format string, a ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, a...))
}
func (r *recorder) Logf(format string, a ...any) { r.logs = append(r.logs, fmt.Sprintf(format, a...)) }

func (r *recorder) end() {
	for _, cleanup := range slices.Backward(r.cleanups) {
		cleanup()
	}
}

// run runs test as a test of its own that calls NoLeaks first.
func run(t *testing.T, r *pool.Registry, test func(*recorder)) (errors []string) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		tb := new(recorder)
		pooltest.NoLeaks(tb, r)
		test(tb)
		tb.end()
		errors = tb.errors
	})
	return errors
}

func open(t *testing.T, r *pool.Registry, name string) *strategies.SizeClasses {
	t.Helper()
	p, err := strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: name, Registry: r})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func TestWhatIsNotGivenBackIsNamedAndCounted(t *testing.T) {
	t.Parallel()
	var r pool.Registry
	old := open(t, &r, "old")
	old.Get(100) // before the test: none of its business
	tidy := open(t, &r, "tidy")
	got := run(t, &r, func(*recorder) {
		tidy.Put(tidy.Get(10))
		old.Get(1000)
		old.Get(1000)
		closed := open(t, &r, "closed")
		closed.Get(300)
		closed.Close()
		files := strategies.Must(strategies.NewBounded(strategies.BoundedConfig[int64]{
			Name: "files", Registry: &r, New: func() *int64 { return new(int64) },
		}))
		t.Cleanup(files.Close)
		files.Get()
	})
	want := []string{
		`pooltest: pool "old" (sizeclasses): 2 not given back, 2048 bytes`,
		`pooltest: pool "closed" (sizeclasses): 1 not given back`,
		`pooltest: pool "files" (bounded): 1 not given back, 8 bytes`,
	}
	var first []string
	for _, e := range got {
		line, _, _ := strings.Cut(e, "\n")
		first = append(first, line)
	}
	if !slices.Equal(first, want) {
		t.Errorf("got  %q\nwant %q", first, want)
	}
}

func openStrict(t *testing.T, r *pool.Registry) *strategies.SizeClasses {
	p := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{
		Name: "strict", Registry: r, Safety: strategies.SafetyStrict,
	}))
	t.Cleanup(p.Close)
	return p
}

//go:noinline
func takeAndForget(p *strategies.SizeClasses, n int) (held [][]byte) {
	for range n {
		held = append(held, p.Get(100))
	}
	return held
}

func TestAStrictPoolTellsWhereItWasTaken(t *testing.T) {
	t.Parallel()
	var r pool.Registry
	p := openStrict(t, &r)
	var held [][]byte
	got := run(t, &r, func(*recorder) {
		p.Put(p.Get(5000))
		held = takeAndForget(p, 3)
	})
	runtime.KeepAlive(held)
	if len(got) != 1 || !strings.Contains(got[0], "3 not given back") || !strings.Contains(got[0], "\n3 taken by\n") ||
		!strings.Contains(got[0], ".takeAndForget\n") || !strings.Contains(got[0], "leaks_test.go:") ||
		strings.Contains(got[0], "To see where") {
		t.Errorf("errors %q", got)
	}
}

func TestWhatTheCollectorTookInTheMeantimeIsTold(t *testing.T) {
	t.Parallel()
	var r pool.Registry
	p := openStrict(t, &r)
	tb := new(recorder)
	pooltest.NoLeaks(tb, &r)
	takeAndForget(p, 1)
	var s pool.Stats
	testcost.Until(t, "what is lost is found", func() bool { runtime.GC(); p.Stats(&s); return s.Misuse[pool.MisuseLost] > 0 })
	synctest.Test(t, func(*testing.T) { tb.cleanups[0]() })
	if len(tb.errors) != 1 || !strings.Contains(tb.errors[0], "\n1 taken by\n") || !strings.Contains(tb.errors[0], ".takeAndForget\n") {
		t.Errorf("errors %q", tb.errors)
	}
}

func TestAnOrdinaryPoolTellsHowToSeeWhere(t *testing.T) {
	t.Parallel()
	var got []string
	for range 5 { // what it takes may be one of the few that are sampled
		var r pool.Registry
		p := open(t, &r, "ordinary")
		got = run(t, &r, func(*recorder) { takeAndForget(p, 1) })
		if len(got) == 1 && (debug || strings.HasSuffix(got[0], "in the pool's config.")) {
			return
		}
	}
	t.Errorf("errors %q", got)
}

func TestCleanupsAndGoroutinesMayGiveBackLate(t *testing.T) {
	t.Parallel()
	var r pool.Registry
	p := open(t, &r, "late")
	if errors := run(t, &r, func(tb *recorder) {
		b, c := p.Get(100), p.Get(100)
		tb.Cleanup(func() { p.Put(b) })
		go func() {
			time.Sleep(time.Second)
			p.Put(c)
		}()
	}); len(errors) != 0 {
		t.Errorf("errors %q, want none", errors)
	}
}

// Without arguments NoLeaks looks at pool.Default.
func TestNoLeaksLooksAtTheDefaultRegistry(t *testing.T) {
	p, err := strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "pooltest.default"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	tb := new(recorder)
	pooltest.NoLeaks(tb)
	b := p.Get(1)
	synctest.Test(t, func(*testing.T) { tb.cleanups[0]() })
	if len(tb.errors) != 1 {
		t.Errorf("errors %q, want one", tb.errors)
	}
	p.Put(b)
	tb.errors = nil
	tb.cleanups[0]()
	if len(tb.errors) != 0 {
		t.Errorf("errors %q, want none", tb.errors)
	}
}

// fickle is a pool that has handed out as many objects as it says, and whose Stats
// panics while broken.
type fickle struct {
	taken  uint64
	broken bool
}

func (f *fickle) Stats(into *pool.Stats) {
	if f.broken {
		panic("no figures")
	}
	into.Reset()
	into.Requests[pool.Hit] = f.taken
}

func TestAPoolWhoseStatsPanicsHidesNoLeak(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ before, after bool }{{true, false}, {false, true}, {true, true}} {
		var r pool.Registry
		f := &fickle{taken: 3, broken: c.before}
		if _, err := r.Publish("fickle", f, pool.Reject); err != nil {
			t.Fatal(err)
		}
		errors := run(t, &r, func(*recorder) { f.broken = c.after })
		if len(errors) != 1 || !strings.Contains(errors[0], `pool "fickle": its Stats panicked`) {
			t.Errorf("%+v: errors %q", c, errors)
		}
	}
}

func TestARequestThatFailedHasTakenNothing(t *testing.T) {
	t.Parallel()
	var r pool.Registry
	errors := run(t, &r, func(tb *recorder) {
		p := strategies.Must(strategies.NewBounded(strategies.BoundedConfig[int64]{
			Name: "failing", Registry: &r, NewE: func() (*int64, error) { return nil, fmt.Errorf("no") },
		}))
		tb.Cleanup(p.Close)
		if x := p.Get(); x != nil {
			t.Errorf("got %v", x)
		}
	})
	if len(errors) != 0 {
		t.Errorf("errors %q, want none", errors)
	}
}
