package adaptive_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/control"
)

// everything calls all that a hook may want of a controller.
func everything(t *testing.T, ctl *adaptive.Controller) {
	if err := ctl.Configure(adaptive.Config{BreakEven: 3 * time.Second}); err != nil {
		t.Error(err)
	}
	var s control.Stats
	ctl.ControllerStats(&s)
}

// handler is a log handler that calls a function.
type handler struct{ called func() }

func (handler) Enabled(context.Context, slog.Level) bool { return true }
func (h handler) Handle(context.Context, slog.Record) error {
	h.called()
	return nil
}
func (h handler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h handler) WithGroup(string) slog.Handler      { return h }

// writer is a recorder's file that calls a function.
type writer struct{ called func() }

func (w writer) Write(p []byte) (int, error) {
	w.called()
	return len(p), nil
}

func TestHooksMayCallTheController(t *testing.T) {
	t.Parallel()
	var l *lab
	calls := map[string]int{}
	hook := func(name string) func() {
		return func() {
			calls[name]++
			if l != nil {
				everything(t, l.ctl)
			}
		}
	}
	decided := hook("OnDecision")
	steps := 0
	made := newLab(t, adaptive.Config{
		OnDecision: func(control.Decision) {
			if decided(); l != nil && steps == 0 { // a step of its own, once
				steps++
				l.ctl.Step(time.Now())
			}
		},
		Logger:   slog.New(handler{hook("Logger")}),
		Recorder: adaptive.NewRecorder(writer{hook("Recorder")}),
	})
	l = made
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.heap(0.8)
		l.run(5 * time.Second)
		l.heap(0.1)
		l.run(10 * time.Second)
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("a hook that calls the controller hangs it")
	}
	for _, name := range []string{"OnDecision", "Logger", "Recorder"} {
		if calls[name] < 2 {
			t.Errorf("%s was called %d times", name, calls[name])
		}
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestAControllerThatCouldNotBeMadeLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	ctl, err := adaptive.New(adaptive.Config{Registry: r, Recorder: adaptive.NewRecorder(failing{})})
	if err == nil || ctl != nil {
		t.Errorf("a recorder that cannot write: controller %v, error %v", ctl, err)
	}
	if got := r.Controller(); got != nil {
		t.Errorf("it is registered: %v", got)
	}
	ctl, err = adaptive.New(adaptive.Config{Registry: r})
	if err != nil {
		t.Fatal(err)
	}
	ctl.Close()
}

func TestTheManagedMemoryLimitFollowsTheGroups(t *testing.T) {
	t.Parallel()
	l := newLab(t, adaptive.Config{ManageMemoryLimit: true})
	inForce := adaptive.NoLimit
	l.ctl.SetCalls(func() {}, func(n int64) int64 { inForce = n; return n })
	read := func(groupLimit int64) {
		l.reading.Heap.Limit = inForce
		l.reading.Cgroup = adaptive.CgroupReading{Version: 2, Max: groupLimit, High: adaptive.NoLimit, TightMax: groupLimit}
		l.step()
	}
	for _, c := range []struct{ group, want int64 }{
		{limit, limit * 9 / 10}, {limit / 2, limit / 2 * 9 / 10}, {adaptive.NoLimit, adaptive.NoLimit}, {limit, limit * 9 / 10},
	} {
		if read(c.group); inForce != c.want {
			t.Errorf("the group's limit is %d, the runtime's %d, want %d", c.group, inForce, c.want)
		}
	}
	inForce = adaptive.NoLimit // somebody calls debug.SetMemoryLimit
	for range 3 {
		read(limit)
	}
	if inForce != adaptive.NoLimit {
		t.Errorf("a limit that somebody else took away was set to %d again", inForce)
	}
}
