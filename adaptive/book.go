package adaptive

import (
	"context"
	"log/slog"
	"slices"
	"sync"

	"github.com/otelpool/pool/control"
)

// keptDecisions is how many decisions a controller remembers.
const keptDecisions = 256

// book is what a controller publishes. Its lock is held for copying only, never
// for a run.
type book struct {
	mu    sync.Mutex
	stats control.Stats
}

// ControllerStats overwrites *into with what the controller did and set. It
// waits for no run.
func (ctl *Controller) ControllerStats(into *control.Stats) {
	b := &ctl.book
	b.mu.Lock()
	defer b.mu.Unlock()
	signals, classes, decisions := into.Signals[:0], into.Classes[:0], into.Decisions[:0]
	*into = b.stats
	into.Signals = append(signals, b.stats.Signals...)
	into.Classes = append(classes, b.stats.Classes...)
	into.Decisions = append(decisions, b.stats.Decisions...)
}

// letGo publishes that the controller has ended.
func (b *book) letGo(p *policy) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stats.Limit, b.stats.Kept, b.stats.Level, b.stats.Cause = p.limit, 0, p.pressure.level, p.pressure.cause
}

// enter publishes a run.
func (b *book) enter(p *policy, s *sample, v *verdict) {
	b.mu.Lock()
	defer b.mu.Unlock()
	st := &b.stats
	if st.LastRun.IsZero() || st.Level != p.pressure.level {
		st.Since = s.Now
	}
	st.Level, st.Cause = p.pressure.level, p.pressure.cause
	st.Limit, st.Idle, st.Kept, st.LastRun = p.limit, p.idle, v.decision.Kept, s.Now
	st.Runs, st.Transitions, st.ForcedGCs = p.journal.runs, p.journal.transitions, p.journal.forcedGCs
	st.Regrets, st.Efficiency = p.regrets, p.cost.efficiency()
	st.Signals = appendSignals(st.Signals[:0], &s.Reading, p.memory.limit)
	st.Classes = st.Classes[:0]
	for i := range p.pools {
		st.Classes = p.pools[i].appendClasses(st.Classes, s.Pools[i].Name)
	}
	st.Decisions = v.enter(st.Decisions)
	st.Decisions = slices.Delete(st.Decisions, 0, max(len(st.Decisions)-keptDecisions, 0))
}

func (s *poolState) appendClasses(to []control.ClassControl, name string) []control.ClassControl {
	for i := range s.classes {
		c := &s.classes[i]
		to = append(to, control.ClassControl{Pool: name, Size: c.size, IdleAge: c.age, Idle: c.idle, Regrets: c.regrets})
	}
	return to
}

// appendSignals appends the readings of memory pressure.
func appendSignals(to []control.Signal, r *Reading, limit int64) []control.Signal {
	heap, ok := heapShare(r, limit)
	to = append(to, signal("heap", heap, ok, r.Heap.Status, "no memory limit: set GOMEMLIMIT, or run in a control group that has one"))
	group, ok := groupShare(r)
	to = append(to, signal("cgroup", group, ok, r.Cgroup.Status, "no limit in the control group"))
	to = append(to, signal("psi.some", r.PSI.Some, r.PSI.OK(), r.PSI.Status, ""))
	to = append(to, signal("psi.full", r.PSI.Full, r.PSI.OK(), r.PSI.Status, ""))
	to = append(to, signal("psi.trigger", fired(r.PSI.SomeFired || r.PSI.FullFired), true, Status{Err: r.PSI.TriggerErr}, ""))
	to = append(to, signal("external", fired(r.External.Asked), true, r.External.Status, ""))
	return append(to, signal("gc.cpu", r.Heap.GCCPU, r.Heap.OK(), r.Heap.Status, ""))
}

// fired is the value of a signal that is an event.
func fired(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func signal(name string, value float64, ok bool, status Status, missing string) control.Signal {
	s := control.Signal{Name: name, Value: value, Age: status.Age, Err: status.Err}
	if !ok && s.Err == "" {
		s.Err = missing
	}
	return s
}

// logDecision logs a decision, as a warning if memory grew shorter.
func logDecision(l *slog.Logger, d *control.Decision) {
	level := slog.LevelInfo
	if d.To > d.From {
		level = slog.LevelWarn
	}
	l.LogAttrs(context.Background(), level, "pool controller",
		slog.Uint64("seq", d.Seq),
		slog.String("trigger", d.Trigger.String()),
		slog.String("from", d.From.String()),
		slog.String("to", d.To.String()),
		slog.String("cause", d.Cause.String()),
		slog.String("reason", d.Reason),
		slog.String("action", d.Action.String()),
		slog.Int64("limit_before", d.LimitBefore),
		slog.Int64("limit", d.Limit),
		slog.Int64("freed", d.Freed),
		slog.Int64("kept", d.Kept),
		slog.Bool("forced_gc", d.ForcedGC),
		slog.Float64("keep", d.Keep),
		slog.Float64("drop", d.Drop),
	)
}
