package chaos_test

import (
	"context"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/strategies"
)

// condition is something that goes wrong.
type condition struct {
	name string
	// begin makes it so and returns what ends it; nil if it cannot happen to the
	// pool.
	begin func(t *testing.T, p *patient) (end func())
	// requests and returns are the results under which what happens meanwhile is
	// counted; none is that nothing is counted.
	requests []pool.RequestResult
	returns  []pool.ReturnResult
	forGood  bool
}

var (
	hitOrMiss = []pool.RequestResult{pool.Hit, pool.Miss}
	missOnly  = []pool.RequestResult{pool.Miss}
	pooled    = []pool.ReturnResult{pool.Pooled, pool.Full} // full only where the pool is small
)

var conditions = []condition{
	{name: "nothing", begin: func(*testing.T, *patient) func() { return func() {} }, requests: hitOrMiss, returns: pooled},
	{
		name: "closed", forGood: true,
		begin:    func(_ *testing.T, p *patient) func() { p.close(); return func() {} },
		requests: []pool.RequestResult{pool.RequestClosed}, returns: []pool.ReturnResult{pool.ReturnClosed},
	},
	{
		name: "limit 0", requests: missOnly, returns: []pool.ReturnResult{pool.Full},
		begin: func(_ *testing.T, p *patient) func() {
			r, ok := p.Source.(control.Resizable)
			if !ok {
				return nil
			}
			limit := r.Limit()
			r.SetLimit(0)
			return func() { r.SetLimit(limit) }
		},
	},
	{name: "over budget", begin: overBudget(false), requests: missOnly, returns: []pool.ReturnResult{pool.Full}},
	{name: "pressure", begin: overBudget(true), requests: missOnly, returns: []pool.ReturnResult{pool.ReturnPressure}},
	{name: "mode count", begin: mode(control.ModeCount), requests: missOnly, returns: []pool.ReturnResult{pool.Refused}},
	{name: "mode off", begin: mode(control.ModeOff)},
	{name: "controller ended", begin: deadController(false), requests: hitOrMiss, returns: pooled},
	{name: "controller panicked", begin: deadController(true), requests: hitOrMiss, returns: pooled},
	{name: "controller hangs", begin: hangingController, requests: hitOrMiss, returns: pooled},
	{name: "clock jumps", begin: jumpingClock, requests: hitOrMiss, returns: pooled},
	{
		name: "GC off", requests: hitOrMiss, returns: pooled,
		begin: func(*testing.T, *patient) func() {
			percent := debug.SetGCPercent(-1)
			return func() { debug.SetGCPercent(percent) }
		},
	},
	{
		name: "memory limit hit", requests: hitOrMiss, returns: pooled,
		begin: func(*testing.T, *patient) func() {
			limit := debug.SetMemoryLimit(1)
			return func() { debug.SetMemoryLimit(limit) }
		},
	},
	{
		name: "more Ps", requests: hitOrMiss, returns: pooled,
		begin: func(*testing.T, *patient) func() {
			procs := runtime.GOMAXPROCS(2*runtime.GOMAXPROCS(0) + 3)
			return func() { runtime.GOMAXPROCS(procs) }
		},
	},
	{
		name: "one P", requests: hitOrMiss, returns: pooled,
		begin: func(*testing.T, *patient) func() {
			procs := runtime.GOMAXPROCS(1)
			return func() { runtime.GOMAXPROCS(procs) }
		},
	},
}

func overBudget(pressed bool) func(*testing.T, *patient) func() {
	return func(_ *testing.T, p *patient) func() {
		if _, ok := p.core().(control.Tunable); !ok {
			return nil // is charged to no budget
		}
		b := p.registry.Budget()
		b.SetPressed(pressed)
		b.SetLimit(0)
		b.Reclaim()
		return func() { b.SetLimit(pool.Unlimited); b.SetPressed(false) }
	}
}

func mode(m control.Mode) func(*testing.T, *patient) func() {
	return func(_ *testing.T, p *patient) func() {
		s, ok := p.Source.(control.Switchable)
		if !ok {
			return nil
		}
		s.SetMode(m)
		return func() { s.SetMode(control.ModeOn) }
	}
}

// signals are of a process that is not short of memory, until read says otherwise.
type signals struct{ read func() }

func (s *signals) Read(_ time.Time, into *adaptive.Reading) {
	into.Heap = adaptive.HeapReading{Limit: 1 << 30, Live: 1 << 20}
	into.Cgroup.Err = "none here"
	s.read()
}

func (*signals) Watch(ctx context.Context, _ func(control.Trigger)) error {
	<-ctx.Done()
	return nil
}

func controller(t *testing.T, p *patient, read func()) *adaptive.Controller {
	t.Helper()
	ctl, err := adaptive.New(adaptive.Config{
		Registry: p.registry, Signals: &signals{read}, Interval: 10 * time.Millisecond, PressureInterval: 10 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return ctl
}

// deadController has run, and does not any more.
func deadController(panics bool) func(*testing.T, *patient) func() {
	return func(t *testing.T, p *patient) func() {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		runs := 0
		ctl := controller(t, p, func() {
			if runs++; runs < 5 {
				return
			}
			if panics {
				panic("broken")
			}
			cancel()
		})
		if err := ctl.Run(ctx); (err != nil) != panics {
			t.Errorf("Run returned %v", err)
		}
		return ctl.Close
	}
}

// hangingController is in the middle of a run as long as the condition lasts.
func hangingController(t *testing.T, p *patient) func() {
	reached, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	ctl := controller(t, p, func() { once.Do(func() { close(reached) }); <-release })
	done := make(chan struct{})
	go func() { defer close(done); ctl.Step(time.Now()) }()
	<-reached
	return func() { close(release); <-done; ctl.Close() }
}

// jumpingClock runs a controller whose clock jumps back and forth by hours while the
// pool is in use.
func jumpingClock(t *testing.T, p *patient) func() {
	ctl := controller(t, p, func() {})
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				ctl.Step(time.Now().Add(time.Duration(i%3-1) * time.Hour))
				runtime.Gosched()
			}
		}
	}()
	return func() { close(stop); <-done; ctl.Close() }
}

// Whatever goes wrong, Get and Put work, do not wait, and are counted as what they
// were; afterwards the figures add up and the pool hits again.
func TestPoolsWorkAndCountWhateverGoesWrong(t *testing.T) { // not in parallel: it turns the runtime's knobs
	const uses = 400
	for _, c := range conditions {
		for strategy, open := range patients {
			p := open(new(pool.Registry))
			p.use(uses)
			held := p.take() // across what happens
			before := p.stats()
			end := c.begin(t, p)
			if end == nil {
				continue
			}
			t.Run(c.name+"/"+strategy, func(t *testing.T) {
				withinTime(t, func() { p.use(uses) })
				during := p.stats()
				during.Sub(before)
				end()
				held()
				c.checkCounts(t, during, uses)
				if c.forGood {
					p.checkLaws(t)
					return
				}
				p.recovers(t, strategy)
			})
		}
	}
}

// withinTime fails if f waits for something.
func withinTime(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(2 * time.Minute):
		t.Fatal("Get or Put has been waiting for two minutes")
	}
}

func (c *condition) checkCounts(t *testing.T, s *pool.Stats, uses uint64) {
	t.Helper()
	requests, returns := c.requests, c.returns
	if c.requests == nil {
		uses = 0
	}
	if s.Gets() != uses || s.Puts() != uses {
		t.Errorf("%d gets, %d puts counted, want %d", s.Gets(), s.Puts(), uses)
	}
	for r, n := range s.Requests {
		if n > 0 && !slices.Contains(requests, pool.RequestResult(r)) {
			t.Errorf("%d requests are %v, want %v", n, pool.RequestResult(r), requests)
		}
	}
	for r, n := range s.Returns {
		if n > 0 && returns != nil && !slices.Contains(returns, pool.ReturnResult(r)) {
			t.Errorf("%d returns are %v, want %v", n, pool.ReturnResult(r), returns)
		}
	}
}

// recovers checks that all is as it was.
func (p *patient) recovers(t *testing.T, strategy string) {
	t.Helper()
	p.use(100) // what was let go is made again
	before := p.stats()
	p.use(1000)
	s := p.stats()
	s.Sub(before)
	// A sync.Pool drops a quarter under the race detector, and all at collections.
	least := map[string]float64{"sync": 0.4}
	want, ok := least[strategy]
	if !ok {
		want = 0.99
	}
	if s.HitRatio() < want {
		t.Errorf("afterwards %.0f %% of requests are hits, want %.0f %%", 100*s.HitRatio(), 100*want)
	}
	p.checkLaws(t)
}

// Only callers that close, trim or resize wait for a slow Discard function.
func TestAHangingDiscardHoldsUpNoGetOrPut(t *testing.T) {
	t.Parallel()
	for name, letGo := range map[string]func(p *strategies.Bounded[[1000]byte]){
		"Trim":     func(p *strategies.Bounded[[1000]byte]) { p.Trim(1 << 20) },
		"SetLimit": func(p *strategies.Bounded[[1000]byte]) { p.SetLimit(0) },
		"SetMode":  func(p *strategies.Bounded[[1000]byte]) { p.SetMode(control.ModeCount) },
		"Close":    func(p *strategies.Bounded[[1000]byte]) { p.Close() },
	} {
		reached, release := make(chan struct{}), make(chan struct{})
		var hung atomic.Bool // the first only: later ones are the users' own
		p := strategies.Must(strategies.NewBounded(strategies.BoundedConfig[[1000]byte]{
			New: func() *[1000]byte { return new([1000]byte) },
			Discard: func(*[1000]byte) {
				if !hung.Swap(true) {
					close(reached)
					<-release
				}
			},
			Prewarm: 4,
		}))
		done := make(chan struct{})
		go func() { defer close(done); letGo(p) }()
		<-reached
		withinTime(t, func() {
			for range 100 {
				p.Put(p.Get())
			}
			var s pool.Stats
			p.Stats(&s)
			if s.Gets() != 100 || s.InUse != 0 {
				t.Errorf("%s: %d gets, %d in use", name, s.Gets(), s.InUse)
			}
		})
		close(release)
		<-done
	}
}

// A name outlives its pools: the registry's counts for it never fall, whichever
// pools had it, and callers can still use a closed pool that they hold.
func TestCountsOfAWithdrawnNameGoOn(t *testing.T) {
	t.Parallel()
	for strategy, open := range patients {
		r := new(pool.Registry)
		var held []func()
		var old []*patient
		for generation := range 3 {
			p := open(r)
			p.use(100)
			held = append(held, p.take())
			p.close()
			for _, p := range append(old, p) {
				p.use(100) // withdrawn, and still in somebody's hands
			}
			old = append(old, p)
			if len(r.All()) != 1 || r.All()[0].Source() != nil {
				t.Fatalf("%s: generation %d is still open", strategy, generation)
			}
		}
		for _, back := range held {
			back()
		}
		var s pool.Stats
		r.All()[0].Stats(&s)
		if want := uint64(3*100 + 6*100 + 3); s.Gets() != want || s.HandedOut() != s.TakenBack() || !s.Closed {
			t.Errorf("%s: %d gets, want %d; %d handed out, %d taken back", strategy, s.Gets(), want, s.HandedOut(), s.TakenBack())
		}
		runtime.KeepAlive(old)
	}
}
