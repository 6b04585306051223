package adaptive_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/sim"
)

// trap hangs the calls of one method until it is opened, and counts them.
type trap struct {
	method string
	opened chan struct{}
	calls  atomic.Int64
}

func (h *trap) enter(method string) {
	if h.method == method {
		h.calls.Add(1)
		<-h.opened
	}
}

// learner is a pool that the controller learns from, and simple one that it can only
// trim. A method of each hangs.
type (
	learner struct{ *trap }
	simple  struct{ *trap }
)

func (l learner) Age(time.Time)                 { l.enter("Age") }
func (l learner) SetReserve(int64)              { l.enter("SetReserve") }
func (l learner) Stats(into *pool.Stats)        { into.Reset() }
func (l learner) Limit() int64                  { return pool.Unlimited }
func (l learner) SetLimit(n int64) int64        { return n }
func (l learner) Trim(int64) int64              { return 0 }
func (l learner) SetIdleAge(int, time.Duration) { l.enter("SetIdleAge") }
func (l learner) SetIdleAges(int, int64, []time.Duration) {
	l.enter("SetIdleAges")
}

func (l learner) Demand(_ time.Time, into *control.Demand) {
	l.enter("Demand")
	into.Classes = append(into.Classes[:0], control.ClassDemand{Size: 64, Idle: 9, Gets: 1})
}

func (s simple) Limit() int64           { return pool.Unlimited }
func (s simple) SetLimit(n int64) int64 { return n }

func (s simple) Stats(into *pool.Stats) {
	s.enter("Stats")
	into.Reset()
	into.IdleBytes = 1 << 20
}

func (s simple) Trim(n int64) int64 {
	s.enter("Trim")
	return n
}

// One of the pools hangs in a method: the others are sized as before, no run takes
// longer than the wait for that one, which is asked again when it has returned.
func TestAPoolThatHangsIsLeftToItselfAndTheOthersAreSized(t *testing.T) {
	for _, method := range []string{"Age", "Demand", "SetReserve", "SetIdleAge", "SetIdleAges", "Stats", "Trim"} {
		t.Run(method, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { hangIn(t, method) }) })
	}
}

func hangIn(t *testing.T, method string) {
	var log bytes.Buffer
	l := newLab(t, adaptive.Config{
		Reserved: map[string]int64{"hangs": 1},
		Logger:   slog.New(slog.NewTextHandler(&log, nil)),
	})
	h := &trap{method: method, opened: make(chan struct{})}
	var source pool.Source = learner{trap: h}
	if method == "Stats" || method == "Trim" {
		source = simple{h}
	}
	if _, err := l.registry.Publish("hangs", source, pool.Reject); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	l.fill(0, 100)
	l.run(20 * time.Second)
	l.heap(0.9)
	l.run(10 * time.Second)
	if took := time.Since(start); took == 0 || took > 3*time.Second {
		t.Errorf("the runs waited %v for the pool", took)
	}
	if used := l.budget.Used(); used != 0 {
		t.Errorf("%d bytes idle: the other pool is not sized", used)
	}
	if h.calls.Load() != 1 {
		t.Errorf("called %d times while it hung", h.calls.Load())
	}
	if n := strings.Count(log.String(), "does not return"); n != 1 || !strings.Contains(log.String(), "pool=hangs") {
		t.Errorf("told %d times: %s", n, log.String())
	}
	close(h.opened)
	synctest.Wait()
	l.run(10 * time.Second)
	if h.calls.Load() < 2 {
		t.Error("it was not asked again")
	}
}

// held is a budget in which the pool that is to give way hangs.
type held struct {
	*sim.Budget
	*trap
}

func (b held) Used() int64 { return pool.Unlimited }

func (b held) Reclaim() int64 {
	b.enter("Reclaim")
	return 1 << 20
}

func TestABudgetThatHangsKeepsNoRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &trap{method: "Reclaim", opened: make(chan struct{})}
		ctl, err := adaptive.New(adaptive.Config{
			Registry: new(pool.Registry), Budget: held{sim.NewBudget(pool.Unlimited), h}, Signals: sim.Calm{},
		})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for i := range 10 {
			ctl.Step(sim.Start.Add(time.Duration(i) * time.Second))
		}
		if took := time.Since(start); took > 3*time.Second || h.calls.Load() != 1 {
			t.Errorf("10 runs waited %v, and called it %d times", took, h.calls.Load())
		}
		close(h.opened)
		synctest.Wait()
		if d := ctl.Step(sim.Start.Add(time.Minute)); d.Freed != 1<<20 {
			t.Errorf("it was not asked again: %+v", d)
		}
		ctl.Close()
	})
}
