package adaptive_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/sim"
)

// stub is a pool that does as it is told.
type stub struct {
	demand  func()
	classes int

	mu   sync.Mutex
	ages map[int]time.Duration
	runs []time.Time
}

func (s *stub) Stats(*pool.Stats)      {}
func (s *stub) Limit() int64           { return pool.Unlimited }
func (s *stub) SetLimit(n int64) int64 { return n }
func (s *stub) Trim(int64) int64       { return 0 }
func (s *stub) SetReserve(int64)       {}

func (s *stub) Demand(now time.Time, into *control.Demand) {
	if s.demand != nil {
		s.demand()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs = append(s.runs, now)
	into.Classes = append(into.Classes[:0], make([]control.ClassDemand, max(s.classes, 1))...)
	for i := range into.Classes {
		into.Classes[i].Size = 1 << i
	}
}

func (s *stub) SetIdleAge(class int, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ages == nil {
		s.ages = make(map[int]time.Duration)
	}
	s.ages[class] = d
}

// allowance is a budget that keeps what it is told.
type allowance struct {
	mu      sync.Mutex
	limit   int64
	pressed bool
	broken  bool
}

func (a *allowance) breakDown(broken bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.broken = broken
}

func (a *allowance) Limit() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.limit
}

func (a *allowance) SetLimit(n int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.broken {
		panic("budget")
	}
	a.limit = n
}

func (a *allowance) SetPressed(on bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pressed = on
}

func (a *allowance) Pressed() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.pressed
}

func (a *allowance) Used() int64    { return 0 }
func (a *allowance) Reclaim() int64 { return 0 }

// waker is signals that wake whenever the test says so.
type waker struct {
	reading adaptive.Reading
	read    func() // called by Read, unless it is nil
	mu      sync.Mutex
	wake    func(control.Trigger)
}

func (w *waker) Read(_ time.Time, into *adaptive.Reading) {
	if w.read != nil {
		w.read()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	*into = w.reading
}

func (w *waker) Watch(ctx context.Context, wake func(control.Trigger)) error {
	w.mu.Lock()
	w.wake = wake
	w.mu.Unlock()
	<-ctx.Done()
	return nil
}

// start runs a controller of one stub in the bubble of synctest.
func start(t *testing.T, c adaptive.Config, s *stub) (ctl *adaptive.Controller, budget *allowance, stop func() error) {
	t.Helper()
	budget = &allowance{limit: pool.Unlimited}
	c.Registry, c.Budget = new(pool.Registry), budget
	if _, err := c.Registry.Publish("stub", s, pool.Reject); err != nil {
		t.Fatal(err)
	}
	ctl, err := adaptive.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- ctl.Run(ctx) }()
	return ctl, budget, func() error {
		cancel()
		err := <-done
		ctl.Close()
		return err
	}
}

func TestRunKeepsItsPace(t *testing.T) {
	t.Parallel()
	heap := func(live int64) adaptive.Reading {
		return adaptive.Reading{Heap: adaptive.HeapReading{Live: live, Limit: 100}}
	}
	unlimited := func(goal int64) adaptive.Reading { // in a group of 100 bytes
		return adaptive.Reading{
			Heap:   adaptive.HeapReading{Live: 10, Goal: goal, Limit: adaptive.NoLimit},
			Cgroup: adaptive.CgroupReading{Version: 2, Max: 100, High: adaptive.NoLimit, TightSet: 10, TightMax: 100},
		}
	}
	for _, c := range []struct {
		name     string
		reading  adaptive.Reading
		storm    time.Duration // between wake-ups; 0 for none
		min, max int           // runs in a minute
	}{
		{"calm", heap(10), 0, 50, 70},
		{"short of memory", heap(60), 0, 200, 280},
		{"woken all the time", heap(10), time.Millisecond, 500, 601},
		{"woken at times", heap(10), 300 * time.Millisecond, 190, 210},
		{"a small heap without GOMEMLIMIT", unlimited(20), 0, 50, 70},
		{"one that may outgrow the group", unlimited(60), 0, 200, 280},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := &waker{reading: c.reading}
			s := new(stub)
			_, _, stop := start(t, adaptive.Config{Signals: w}, s)
			synctest.Wait()
			for end := time.Now().Add(time.Minute); time.Now().Before(end); {
				if c.storm == 0 {
					time.Sleep(time.Minute)
					break
				}
				time.Sleep(c.storm)
				w.wake(control.TriggerGC)
			}
			if err := stop(); err != nil {
				t.Error(err)
			}
			if n := len(s.runs); n < c.min || n > c.max {
				t.Errorf("%s: %d runs in a minute, want %d to %d", c.name, n, c.min, c.max)
			}
			for i := 1; i < len(s.runs); i++ {
				if d := s.runs[i].Sub(s.runs[i-1]); d < 99*time.Millisecond {
					t.Errorf("%s: two runs %v apart", c.name, d)
				}
			}
		})
	}
}

// A gap between two windows is told by their beginnings, so of two that are unlike it
// would seem shorter than it is.
func TestNoWindowIsMuchLongerThanTheOneBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, s := new(waker), new(stub)
		_, _, stop := start(t, adaptive.Config{Signals: w, Interval: 10 * time.Second}, s)
		synctest.Wait()
		for range 3 {
			w.wake(control.TriggerUsage)
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		if err := stop(); err != nil {
			t.Error(err)
		}
		short, window := false, time.Duration(0)
		for i := range s.runs[1:] {
			before := window
			window = s.runs[i+1].Sub(s.runs[i])
			short = short || window < 50*time.Millisecond
			if most := max(2*before, 100*time.Millisecond); before > 0 && window > most*11/10 {
				t.Errorf("window %d is of %v, the one before of %v", i, window, before)
			}
		}
		if !short || window < 9*time.Second {
			t.Errorf("some of under 50 ms: %v; the last is of %v, want 9 s and more", short, window)
		}
	})
}

func TestDecisionNamesItsTrigger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &waker{reading: adaptive.Reading{Heap: adaptive.HeapReading{Live: 10, Limit: 100}}}
		ctl, _, stop := start(t, adaptive.Config{Signals: w}, new(stub))
		synctest.Wait()
		w.mu.Lock()
		w.reading.PSI.Own, w.reading.PSI.SomeFired = true, true
		w.mu.Unlock()
		w.wake(control.TriggerGC)
		w.wake(control.TriggerPSI)
		time.Sleep(150 * time.Millisecond)
		if err := stop(); err != nil {
			t.Error(err)
		}
		var st control.Stats
		ctl.ControllerStats(&st)
		if last := st.Decisions[len(st.Decisions)-1]; last.Trigger != control.TriggerPSI || last.To != high {
			t.Errorf("decision %+v, want high by PSI", last)
		}
	})
}

// wantFixed fails unless the pool is left to itself.
func wantFixed(t *testing.T, s *stub, b *allowance, limit int64) {
	t.Helper()
	if len(s.ages) == 0 {
		t.Error("no idle age was ever set")
	}
	for class, age := range s.ages {
		if age != 0 {
			t.Errorf("class %d keeps an idle age of %v", class, age)
		}
	}
	if b.Limit() != limit || b.Pressed() {
		t.Errorf("budget is %d, pressed %v; want %d, not pressed", b.Limit(), b.Pressed(), limit)
	}
}

func TestEndOfRunLeavesPoolsToThemselves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &waker{reading: adaptive.Reading{Heap: adaptive.HeapReading{Live: 9000, Limit: 10000}}}
		s := &stub{classes: 3}
		_, b, stop := start(t, adaptive.Config{Signals: w}, s)
		time.Sleep(time.Second)
		if b.Limit() != 5000 || !b.Pressed() {
			t.Fatalf("budget is %d, pressed %v, while critical", b.Limit(), b.Pressed())
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		wantFixed(t, s, b, 5000)
	})
}

func TestPanicInARunLeavesPoolsToThemselvesAndIsReported(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		w := &waker{reading: adaptive.Reading{Heap: adaptive.HeapReading{Live: 10, Limit: 8000}}}
		s := new(stub)
		n := 0
		w.read = func() {
			if n++; n == 5 {
				panic("the readings are broken")
			}
		}
		ctl, b, stop := start(t, adaptive.Config{Signals: w, Logger: slog.New(slog.NewTextHandler(&log, nil))}, s)
		time.Sleep(time.Minute)
		err := stop()
		for _, want := range []string{"a run of the controller panicked", "the readings are broken", "loop_test.go"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %s", err, want)
			}
		}
		if !strings.Contains(log.String(), "pool controller: stopped") {
			t.Errorf("log: %s", log.String())
		}
		wantFixed(t, s, b, 4000)
		var st control.Stats
		ctl.ControllerStats(&st) // still answers
		if st.LastRun.IsZero() {
			t.Error("the runs before are forgotten")
		}
	})
}

func TestAPoolThatPanicsIsLeftToItselfAndTheOthersAreSized(t *testing.T) {
	t.Parallel()
	l := newLab(t, adaptive.Config{})
	broken := &stub{demand: func() { panic("pool is broken") }}
	r := l.registry
	if _, err := r.Publish("broken", broken, pool.Reject); err != nil {
		t.Fatal(err)
	}
	l.fill(0, 100)
	l.run(20 * time.Second)
	if used := l.budget.Used(); used != 0 {
		t.Errorf("%d bytes idle after 20 s without use: the other pool is not sized", used)
	}
	n, last := r.Panics()
	if n != 1 || !strings.Contains(last, "broken") || !strings.Contains(last, "pool is broken") {
		t.Errorf("%d panics, the last: %s", n, last)
	}
}

func TestPanicInTheObserverStopsTheObserverOnly(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	calls := 0
	l := newLab(t, adaptive.Config{
		Logger:     slog.New(slog.NewTextHandler(&log, nil)),
		OnDecision: func(control.Decision) { calls++; panic("observer is broken") },
	})
	l.step()
	l.heap(0.8)
	l.step()
	l.want(high)
	if n := len(l.stats().Decisions); calls != 1 || n != 2 {
		t.Errorf("%d calls, %d decisions, want 1 and 2", calls, n)
	}
	if !strings.Contains(log.String(), "OnDecision panicked and is not called again") ||
		!strings.Contains(log.String(), "to=high cause=heap") {
		t.Errorf("log: %s", log.String())
	}
}

func TestRunTwiceIsAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctl, _, stop := start(t, adaptive.Config{Signals: new(waker)}, new(stub))
		synctest.Wait()
		if err := ctl.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "running already: call it once") {
			t.Errorf("second Run: %v", err)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestStatsDoNotWaitForARun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		runs := 0
		signals := &waker{read: func() {
			if runs++; runs > 1 {
				<-release
			}
		}}
		ctl, _, stop := start(t, adaptive.Config{Signals: signals}, new(stub))
		time.Sleep(5 * time.Second) // the second run hangs
		var st control.Stats
		ctl.ControllerStats(&st)
		if st.Limit == 0 || len(st.Classes) != 1 || st.Classes[0].Pool != "stub" {
			t.Errorf("stats during a run: %+v", st)
		}
		close(release)
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestMemoryLimitIsSetOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	for _, ask := range []bool{false, true} {
		var log bytes.Buffer
		l := newLab(t, adaptive.Config{ManageMemoryLimit: ask, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		var set []int64
		l.ctl.SetCalls(func() {}, func(n int64) int64 {
			set = append(set, n)
			l.reading.Heap.Limit = n // what is in force is read
			return 0
		})
		l.reading.Heap.Limit = adaptive.NoLimit
		l.reading.Cgroup = adaptive.CgroupReading{Version: 2, Max: 1000 * mib, High: adaptive.NoLimit}
		l.run(2 * time.Second)
		l.reading.Cgroup.Max = 2000 * mib // it may change while we run
		l.run(2 * time.Second)
		warned := strings.Count(log.String(), "GOMEMLIMIT is off")
		if ask && (len(set) != 2 || set[0] != 900*mib || set[1] != 1800*mib || warned != 0) {
			t.Errorf("asked: set %v, warned %d times", set, warned)
		}
		if !ask && (len(set) != 0 || warned != 1) {
			t.Errorf("not asked: set %v, warned %d times", set, warned)
		}
	}
}

func TestControllerConcurrentSafe(t *testing.T) {
	t.Parallel()
	reg := new(pool.Registry)
	ctl, err := adaptive.New(adaptive.Config{
		Registry: reg, Budget: sim.NewBudget(pool.Unlimited), Interval: 10 * time.Millisecond, PressureInterval: 10 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- ctl.Run(ctx) }()
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			var st control.Stats
			for range 100 {
				ctl.Step(time.Now())
				ctl.ControllerStats(&st)
			}
		})
		wg.Go(func() { // pools come and go
			for range 100 {
				pub, err := reg.Publish("p", new(stub), pool.Suffix)
				if err != nil {
					t.Error(err)
					return
				}
				pub.Close()
				pub.Release()
			}
		})
	}
	wg.Wait()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	ctl.Close()
}

// What panics may panic again where the controller tells of it or lets go.
func TestWhatStaysBrokenEndsRunAndNotTheProgram(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config adaptive.Config
		stub   *stub
		ends   string // what Run's error says; "" for nothing: it goes on
	}{
		"budget": {adaptive.Config{}, new(stub), "leaving the pools to themselves panicked"},
		// the pool is left out, the log not called again
		"log":    {adaptive.Config{Logger: slog.New(brokenHandler{})}, &stub{demand: func() { panic("pool") }}, ""},
		"record": {adaptive.Config{Recorder: adaptive.NewRecorder(&brokenWriter{after: 2})}, new(stub), ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			c.config.Signals = &waker{reading: adaptive.Reading{Heap: adaptive.HeapReading{Live: 10, Limit: 8000}}}
			ctl, budget, stop := start(t, c.config, c.stub)
			time.Sleep(time.Minute)
			budget.breakDown(name == "budget")
			time.Sleep(time.Minute)
			budget.breakDown(false) // or Close would panic, as its caller deserves
			err := stop()
			if c.ends == "" && err != nil || c.ends != "" && (err == nil || !strings.Contains(err.Error(), c.ends)) {
				t.Errorf("%s: Run returned %v, want %q", name, err, c.ends)
			}
			if rec := c.config.Recorder; rec != nil && (rec.Err() == nil || !strings.Contains(rec.Err().Error(), "writer panicked: full")) {
				t.Errorf("recorder: %v", rec.Err())
			}
			var st control.Stats
			ctl.ControllerStats(&st) // no lock is held
		})
	}
}

type brokenHandler struct{ slog.Handler }

func (brokenHandler) Enabled(context.Context, slog.Level) bool { panic("log") }

// brokenWriter panics from a write on.
type brokenWriter struct{ after int }

func (w *brokenWriter) Write(p []byte) (int, error) {
	if w.after--; w.after < 0 {
		panic("full")
	}
	return len(p), nil
}
