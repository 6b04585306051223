package poolz

import (
	"fmt"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

// controllerView is the controller, ready to print.
type controllerView struct {
	Level, Color, Cause, Since string
	Signals                    []signalView
	Idle, Limit                string
	Fill                       int // per cent of the limit, −1 without
	LastRun                    string
	Efficiency                 string
	Runs                       []fact
	Decisions                  []decisionView // newest first
	More                       int            // decisions left out
	Full                       bool           // on its own page
	Classes                    []classControl
}

type signalView struct {
	Name, Value, Age, Err, Color string
	Bar                          int
}

type decisionView struct {
	Seq                                             uint64
	Time, Ago, Trigger, Level, Color, Cause, Reason string
	Action, Limit, Freed, Keep, Drop, Outcome       string
	ForcedGC, Changed                               bool
}

type classControl struct{ Pool, ID, Size, IdleAge, Idle, Regrets string }

// levelColors are those of the palette.
var levelColors = [control.NumPressureLevels]string{"hit", "miss", "drop", "leak"}

// fewDecisions is how many fit beside the pools.
const fewDecisions = 3

func controllerOf(c *control.Stats, now time.Time, full bool) *controllerView {
	if c == nil {
		return nil
	}
	v := &controllerView{
		Level: c.Level.String(), Color: levelColors[min(int(c.Level), len(levelColors)-1)], Cause: c.Cause.String(), Since: ago(now, c.Since),
		Idle: byteSize(c.Idle), Limit: byteSize(c.Limit), Fill: -1, LastRun: agoText(now, c.LastRun), Efficiency: unknown, Full: full,
	}
	if c.Limit != pool.Unlimited && c.Limit > 0 {
		v.Fill = int(min(100*float64(c.Idle)/float64(c.Limit), 100))
	}
	if c.Efficiency > 0 {
		v.Efficiency = percent(c.Efficiency)
	}
	for _, s := range c.Signals {
		v.Signals = append(v.Signals, signalOf(s))
	}
	for a, n := range c.Runs {
		v.Runs = append(v.Runs, fact{control.Action(a).String(), groups(n)})
	}
	v.Runs = append(v.Runs, fact{"forced GCs", groups(c.ForcedGCs)}, fact{"regrets", groups(c.Regrets)})
	shown := len(c.Decisions)
	if !full {
		shown = min(shown, fewDecisions)
	}
	for i := range shown {
		v.Decisions = append(v.Decisions, decisionOf(&c.Decisions[len(c.Decisions)-1-i], now))
	}
	v.More = len(c.Decisions) - shown
	if full {
		v.Classes = classControls(c)
	}
	return v
}

// maxClasses bounds the page of a controller with very many pools; JSON has no
// such bound per pool.
const maxClasses = 200

func classControls(c *control.Stats) (rows []classControl) {
	for i := range min(len(c.Classes), maxClasses) {
		class := &c.Classes[i]
		rows = append(rows, classControl{
			Pool: clip(label(class.Pool), 60), ID: identify(class.Pool), Size: sizeText(class.Size),
			IdleAge: duration(class.IdleAge), Idle: byteSize(class.Idle), Regrets: groups(class.Regrets),
		})
	}
	return rows
}

func sizeText(n int64) string {
	if n == 0 {
		return "all"
	}
	return byteSize(n)
}

func signalOf(s control.Signal) signalView {
	v := signalView{Name: label(s.Name), Value: unknown, Age: duration(s.Age), Err: label(s.Err), Bar: -1, Color: "hit"}
	if s.Err != "" {
		return v
	}
	v.Value, v.Bar = fmt.Sprintf("%.2f", s.Value), int(100*min(max(s.Value, 0), 1))
	switch {
	case s.Value >= 1:
		v.Color = "leak"
	case s.Value >= 0.85:
		v.Color = "drop"
	case s.Value >= 0.7:
		v.Color = "miss"
	}
	return v
}

func decisionOf(d *control.Decision, now time.Time) decisionView {
	v := decisionView{
		Seq: d.Seq, Time: d.Time.UTC().Format(time.RFC3339), Ago: agoText(now, d.Time), Trigger: d.Trigger.String(),
		Level: d.To.String(), Color: levelColors[min(int(d.To), len(levelColors)-1)], Changed: d.From != d.To,
		Cause: d.Cause.String(), Reason: label(d.Reason), Action: d.Action.String(), Limit: byteSize(d.Limit), Freed: freed(d.Freed),
		Keep: cost(d.Keep), Drop: cost(d.Drop), Outcome: label(d.Outcome), ForcedGC: d.ForcedGC,
	}
	if d.From != d.To || d.Cause != control.CauseCalm {
		v.Reason = v.Cause + ": " + v.Reason
	}
	if d.From != d.To {
		v.Level = d.From.String() + " → " + d.To.String()
	}
	if d.Limit != d.LimitBefore {
		v.Limit = byteSize(d.LimitBefore) + " → " + byteSize(d.Limit)
	}
	return v
}

func freed(n int64) string {
	if n == 0 {
		return ""
	}
	return byteSize(n)
}

// cost is missed bytes, an estimate that may be out of all bounds.
func cost(v float64) string {
	if !(v > 0) {
		return unknown
	}
	return byteSize(int64(min(v, 1<<60)))
}

func (c *controllerView) FillOf() bar { return bar{"held", c.Fill} }
func (s signalView) BarOf() bar       { return bar{s.Color, s.Bar} }
