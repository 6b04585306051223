package adaptive

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"github.com/otelpool/pool/control"
)

// apart is the least time between two runs, however often there is reason for
// one; a control group that fills up is reason for one sooner.
const apart = 100 * time.Millisecond

// Run controls the pools until ctx ends, and returns nil then. It returns an
// error if it cannot go on: it runs already, or a run panicked. Either way it
// leaves the pools to their own idle ages, under the whole budget.
//
// The caller owns the goroutine; beside it one more watches the signals, and has
// ended when Run returns.
func (ctl *Controller) Run(ctx context.Context) (err error) {
	if !ctl.running.CompareAndSwap(false, true) {
		return errors.New("adaptive: Run of this controller is running already: call it once")
	}
	defer ctl.running.Store(false)
	defer func() { // the end may be a broken pool's doing, which then panics here too
		err = errors.Join(err, guarded("leaving the pools to themselves panicked, some may keep their idle ages of now", ctl.letGo))
	}()
	watching, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { ctl.watch(watching) })
	defer wg.Wait()
	defer stop()
	for trigger, ok := control.TriggerTick, true; ok; trigger, ok = ctl.wait(ctx) {
		err := guarded("a run of the controller panicked, pools keep to their own idle ages", func() { ctl.run(time.Now(), trigger) })
		if err != nil {
			ctl.log(func(l *slog.Logger) { l.Error("pool controller: stopped", slog.Any("error", err)) })
			return err
		}
	}
	return nil
}

// onPanic is for defer: it ends a panic and hands its value to do.
func onPanic(do func(value any)) {
	if r := recover(); r != nil {
		do(r)
	}
}

// guarded calls f and turns a panic into an error, which says what it means.
func guarded(meaning string, f func()) (err error) {
	defer onPanic(func(r any) { err = fmt.Errorf("adaptive: %s: %v\n%s", meaning, r, debug.Stack()) })
	f()
	return nil
}

// watch passes wake-ups on until ctx ends.
func (ctl *Controller) watch(ctx context.Context) {
	defer onPanic(func(r any) { ctl.warn("watching the signals panicked, readings go on", slog.Any("panic", r)) })
	if err := ctl.c.Signals.Watch(ctx, ctl.wake); err != nil {
		ctl.warn("signals cannot be watched, only read", slog.Any("error", err))
	}
}

// wake makes Run go on. It neither waits nor allocates.
func (ctl *Controller) wake(t control.Trigger) {
	ctl.wakes.Or(1 << t)
	select {
	case ctl.woken <- struct{}{}:
	default:
	}
}

// wait returns when it is time for a run, and what made it so. ok is false when
// ctx has ended.
func (ctl *Controller) wait(ctx context.Context) (t control.Trigger, ok bool) {
	began := time.Now()
	due := ctl.interval()
	timer := time.NewTimer(due)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return 0, false
		case <-timer.C:
			return mostUrgent(ctl.wakes.Swap(0)), true
		case <-ctl.woken:
			timer.Reset(min(due, spacing(ctl.wakes.Load())) - time.Since(began))
		}
	}
}

// spacing is the least time between two runs of which the second has such reasons.
func spacing(wakes uint32) time.Duration {
	if wakes>>control.TriggerUsage&1 != 0 {
		return apart / 5 // others may take the rest of the group in the meantime
	}
	return apart
}

// interval is the time to the next run, a tenth more or less, so that the
// controllers of many processes do not act at once. It is at most twice the last one:
// pools measure gaps from the beginning of a window to the beginning of another, so
// what is put in a short window and used in a long one seems to have lain for less.
func (ctl *Controller) interval() time.Duration {
	ctl.mu.Lock() // or Configure might be changing them
	d := ctl.c.Interval
	if ctl.policy.urgent() {
		d = ctl.c.PressureInterval
	}
	if last := ctl.policy.elapsed; last > 0 {
		d = min(d, max(2*last, apart))
	}
	ctl.mu.Unlock()
	return time.Duration(float64(d) * (0.9 + 0.2*rand.Float64()))
}

// mostUrgent is the trigger of a set that says most.
func mostUrgent(set uint32) control.Trigger {
	for _, t := range [...]control.Trigger{control.TriggerUsage, control.TriggerPSI, control.TriggerExternal, control.TriggerGC} {
		if set>>t&1 != 0 {
			return t
		}
	}
	return control.TriggerTick
}

// letGo leaves the pools to themselves: fixed mode.
func (ctl *Controller) letGo() {
	defer ctl.takePending()
	ctl.mu.Lock()
	defer ctl.mu.Unlock()
	if !ctl.policy.started {
		return
	}
	ctl.each((*round).letGo)
	ctl.policy.letGo()
	ctl.c.Recorder.write(record{LetGo: true})
	ctl.c.Budget.SetLimit(ctl.policy.limit)
	ctl.c.Budget.SetPressed(false)
	ctl.book.letGo(ctl.policy)
}
