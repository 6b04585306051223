package poolz

import (
	"fmt"
	"slices"
	"time"

	"github.com/otelpool/pool/control"
)

// controllerView is the controller as every format shows it.
type controllerView struct {
	Level      string            `json:"level"`
	Since      moment            `json:"since,omitzero"`
	Cause      string            `json:"cause"`
	Signals    []signalView      `json:"signals"`
	Limit      sizeLimit         `json:"limit,omitzero"`
	Idle       size              `json:"idle"`
	LastRun    moment            `json:"last_run,omitzero"`
	Runs       map[string]uint64 `json:"runs"`
	ForcedGCs  events            `json:"forced_gcs"`
	Regrets    events            `json:"regrets"`
	Efficiency figure[ratio]     `json:"efficiency,omitzero"`
	Decisions  []decisionView    `json:"decisions"`

	stats *control.Stats
	Full  bool `json:"-"` // on its own page
}

type signalView struct {
	Name  string  `json:"name"`
	Value use     `json:"value"`
	Age   seconds `json:"age"`
	Error string  `json:"error,omitempty"`
}

type decisionView struct {
	Seq         uint64    `json:"seq"`
	Time        moment    `json:"time"`
	Trigger     string    `json:"trigger"`
	From        string    `json:"from"`
	To          string    `json:"to"`
	Cause       string    `json:"cause"`
	Reason      string    `json:"reason"`
	Action      string    `json:"action"`
	LimitBefore sizeLimit `json:"limit_before,omitzero"`
	Limit       sizeLimit `json:"limit,omitzero"`
	Freed       size      `json:"freed"`
	Kept        size      `json:"kept"`
	UsedEvery   seconds   `json:"used_every"`
	ForcedGC    bool      `json:"forced_gc"`
	Keep        cost      `json:"keep"`
	Drop        cost      `json:"drop"`
	Outcome     string    `json:"outcome"`
	decision    *control.Decision
}

func controllerOf(c *control.Stats, now time.Time, full bool) *controllerView {
	if c == nil {
		return nil
	}
	v := &controllerView{
		Level: c.Level.String(), Cause: c.Cause.String(), Since: moment{c.Since, now}, LastRun: moment{c.LastRun, now},
		Signals: make([]signalView, len(c.Signals)), Limit: sizeLimit(c.Limit), Idle: size(c.Idle), Runs: map[string]uint64{},
		ForcedGCs: events(c.ForcedGCs), Regrets: events(c.Regrets), Decisions: make([]decisionView, len(c.Decisions)),
		Efficiency: known(c.Efficiency > 0, ratio(finite(c.Efficiency))), stats: c, Full: full,
	}
	for i, n := range c.Runs {
		v.Runs[control.Action(i).String()] = n
	}
	for i, s := range c.Signals {
		v.Signals[i] = signalView{s.Name, use(s.Value), seconds(s.Age), s.Err}
	}
	for i := range c.Decisions {
		v.Decisions[i] = decisionOf(&c.Decisions[i], now)
	}
	return v
}

func decisionOf(d *control.Decision, now time.Time) decisionView {
	return decisionView{
		Seq: d.Seq, Time: moment{d.Time, now}, Trigger: d.Trigger.String(),
		From: d.From.String(), To: d.To.String(), Cause: d.Cause.String(), Reason: d.Reason,
		Action: d.Action.String(), LimitBefore: sizeLimit(d.LimitBefore), Limit: sizeLimit(d.Limit),
		Freed: size(d.Freed), Kept: size(d.Kept), UsedEvery: seconds(d.UsedEvery), ForcedGC: d.ForcedGC, Keep: cost(d.Keep),
		Drop: cost(d.Drop), Outcome: d.Outcome, decision: d,
	}
}

// levelColors are names of the palette.
var levelColors = [control.NumPressureLevels]string{"hit", "miss", "drop", "leak"}

func levelColor(l control.PressureLevel) string { return levelColors[min(int(l), len(levelColors)-1)] }

func (v *controllerView) Color() string { return levelColor(v.stats.Level) }

// Fill is the share of the limit that lies idle.
func (v *controllerView) Fill() bar {
	if v.Limit.IsZero() || v.Limit <= 0 {
		return bar{}
	}
	return bar{"held", int(min(100*float64(v.Idle)/float64(v.Limit), 100))}
}

// RunFacts are the runs by action, and their effects.
func (v *controllerView) RunFacts() (facts []fact) {
	for a, n := range v.stats.Runs {
		facts = append(facts, fact{control.Action(a).String(), groups(n)})
	}
	return append(facts, fact{"forced GCs", v.ForcedGCs.String()}, fact{"regrets", v.Regrets.String()})
}

// Latest are the last decisions, newest first: all of them on the controller's
// own page, else few.
func (v *controllerView) Latest(few int) []decisionView {
	latest := slices.Clone(v.Decisions)
	slices.Reverse(latest)
	if !v.Full {
		latest = latest[:min(few, len(latest))]
	}
	return latest
}

// Earlier is how many decisions Latest leaves out.
func (v *controllerView) Earlier(few int) int { return len(v.Decisions) - len(v.Latest(few)) }

// maxClasses bounds the page of a controller with very many pools; JSON has no
// such bound per pool.
const maxClasses = 200

type classControl struct {
	Pool, ID, Size string
	IdleAge        seconds
	Idle           size
	Regrets        events
}

// Classes are the idle ages that the controller has set.
func (v *controllerView) Classes() (rows []classControl) {
	for _, c := range v.stats.Classes[:min(len(v.stats.Classes), maxClasses)] {
		name := "all"
		if c.Size != 0 {
			name = byteSize(c.Size)
		}
		rows = append(rows, classControl{
			clip(label(c.Pool), 60), identify(c.Pool), name, seconds(c.IdleAge), size(c.Idle), events(c.Regrets),
		})
	}
	return rows
}

func (s signalView) Label() string { return label(s.Name) }
func (s signalView) Err() string   { return label(s.Error) }

// Bar shows how close the signal is to its limit.
func (s signalView) Bar() bar {
	b := bar{"hit", int(100 * min(max(finite(float64(s.Value)), 0), 1))}
	switch {
	case s.Value >= 1:
		b.Color = "leak"
	case s.Value >= 0.85:
		b.Color = "drop"
	case s.Value >= 0.7:
		b.Color = "miss"
	}
	return b
}

// Color is the color of the level that was reached.
func (d decisionView) Color() string { return levelColor(d.decision.To) }

// Changed reports whether the level changed.
func (d decisionView) Changed() bool { return d.decision.From != d.decision.To }

// Level and Budget, the limit of all pools, are printed with what they were before,
// if that was different.
func (d decisionView) Level() string  { return change(d.decision.From, d.decision.To) }
func (d decisionView) Budget() string { return change(d.LimitBefore, d.Limit) }

func change[T interface {
	comparable
	fmt.Stringer
}](before, after T) string {
	if before == after {
		return after.String()
	}
	return before.String() + " → " + after.String()
}

// Why is the reason, after its cause where there was one.
func (d decisionView) Why() string {
	if d.Changed() || d.decision.Cause != control.CauseCalm {
		return d.Cause + ": " + label(d.Reason)
	}
	return label(d.Reason)
}

// Result is the outcome, printable.
func (d decisionView) Result() string { return label(d.Outcome) }
