package main

import (
	"fmt"
	"strconv"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

// controlTotals is a controller's figures by their names in metrics, for the
// summary.
type controlTotals struct {
	Level       string                        `json:"level"`
	Limit       *int64                        `json:"limit,omitempty"` // none if it is unlimited
	Idle        int64                         `json:"idle_bytes"`
	Kept        int64                         `json:"kept_bytes"`
	Runs        map[string]uint64             `json:"runs"`        // by what they did
	Transitions map[string]uint64             `json:"transitions"` // "level cause": those that happened
	ForcedGCs   uint64                        `json:"forced_gcs"`
	Regrets     uint64                        `json:"regrets"`
	Efficiency  float64                       `json:"efficiency,omitempty"` // 0 is unknown
	Signals     map[string]signalTotals       `json:"signals"`
	Absent      map[string]string             `json:"absent_signals"` // and why
	IdleAges    map[string]map[string]float64 `json:"idle_ages"`      // seconds, by pool and size
}

type signalTotals struct {
	Value float64 `json:"value"`
	Age   float64 `json:"age_seconds"`
}

func controlTotalsOf(s *control.Stats) *controlTotals {
	if s == nil {
		return nil
	}
	t := &controlTotals{
		Level: s.Level.String(), Limit: known(s.Limit != pool.Unlimited, s.Limit), Idle: s.Idle, Kept: s.Kept,
		Runs: map[string]uint64{}, Transitions: map[string]uint64{},
		ForcedGCs: s.ForcedGCs, Regrets: s.Regrets, Efficiency: s.Efficiency,
		Signals: map[string]signalTotals{}, Absent: map[string]string{}, IdleAges: map[string]map[string]float64{},
	}
	for action, n := range s.Runs {
		t.Runs[control.Action(action).String()] = n
	}
	for level := range s.Transitions {
		for cause, n := range s.Transitions[level] {
			if n > 0 {
				t.Transitions[control.PressureLevel(level).String()+" "+control.Cause(cause).String()] = n
			}
		}
	}
	for _, signal := range s.Signals {
		if signal.Err != "" {
			t.Absent[signal.Name] = signal.Err
			continue
		}
		t.Signals[signal.Name] = signalTotals{signal.Value, signal.Age.Seconds()}
	}
	t.addIdleAges(s.Classes)
	return t
}

func (t *controlTotals) addIdleAges(classes []control.ClassControl) {
	for _, c := range classes {
		if t.IdleAges[c.Pool] == nil {
			t.IdleAges[c.Pool] = map[string]float64{}
		}
		t.IdleAges[c.Pool][strconv.FormatInt(c.Size, 10)] = c.IdleAge.Seconds()
	}
}

// String is one line.
func (t *controlTotals) String() string {
	if t == nil {
		return "controller off"
	}
	var runs, entered uint64
	for _, n := range t.Runs {
		runs += n
	}
	for _, n := range t.Transitions {
		entered += n
	}
	text := fmt.Sprintf("controller: %d runs, %d changes of the pressure level, now %s", runs, entered, t.Level)
	if t.Efficiency > 0 {
		text += fmt.Sprintf("; the pools cost %.2f times what they could have", 1/t.Efficiency)
	}
	return text
}
