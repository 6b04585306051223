package poolz

import (
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

type controllerJSON struct {
	Level      string            `json:"level"`
	Since      *time.Time        `json:"since,omitempty"`
	Cause      string            `json:"cause"`
	Signals    []signalJSON      `json:"signals"`
	Limit      *int64            `json:"limit,omitempty"`
	Idle       int64             `json:"idle"`
	LastRun    *time.Time        `json:"last_run,omitempty"`
	Runs       map[string]uint64 `json:"runs"`
	ForcedGCs  uint64            `json:"forced_gcs"`
	Regrets    uint64            `json:"regrets"`
	Efficiency *float64          `json:"efficiency,omitempty"`
	Decisions  []decisionJSON    `json:"decisions"`
}

type signalJSON struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Age   float64 `json:"age"`
	Error string  `json:"error,omitempty"`
}

type decisionJSON struct {
	Seq         uint64    `json:"seq"`
	Time        time.Time `json:"time"`
	Trigger     string    `json:"trigger"`
	From        string    `json:"from"`
	To          string    `json:"to"`
	Cause       string    `json:"cause"`
	Reason      string    `json:"reason"`
	Action      string    `json:"action"`
	LimitBefore *int64    `json:"limit_before,omitempty"`
	Limit       *int64    `json:"limit,omitempty"`
	Freed       int64     `json:"freed"`
	ForcedGC    bool      `json:"forced_gc"`
	Keep        float64   `json:"keep"`
	Drop        float64   `json:"drop"`
	Outcome     string    `json:"outcome"`
}

func controllerReport(c *control.Stats) *controllerJSON {
	if c == nil {
		return nil
	}
	j := &controllerJSON{
		Level: c.Level.String(), Cause: c.Cause.String(), Since: known(!c.Since.IsZero(), c.Since.UTC()),
		Signals: make([]signalJSON, len(c.Signals)), Limit: limited(c.Limit), Idle: c.Idle,
		LastRun: known(!c.LastRun.IsZero(), c.LastRun.UTC()), Runs: map[string]uint64{},
		ForcedGCs: c.ForcedGCs, Regrets: c.Regrets, Efficiency: known(c.Efficiency > 0, finite(c.Efficiency)),
		Decisions: make([]decisionJSON, len(c.Decisions)),
	}
	for i, n := range c.Runs {
		j.Runs[control.Action(i).String()] = n
	}
	for i, s := range c.Signals {
		j.Signals[i] = signalJSON{s.Name, finite(s.Value), s.Age.Seconds(), s.Err}
	}
	for i, d := range c.Decisions {
		j.Decisions[i] = decisionJSON{
			Seq: d.Seq, Time: d.Time.UTC(), Trigger: d.Trigger.String(),
			From: d.From.String(), To: d.To.String(), Cause: d.Cause.String(), Reason: d.Reason,
			Action: d.Action.String(), LimitBefore: limited(d.LimitBefore), Limit: limited(d.Limit),
			Freed: d.Freed, ForcedGC: d.ForcedGC, Keep: finite(d.Keep), Drop: finite(d.Drop), Outcome: d.Outcome,
		}
	}
	return j
}

func limited(n int64) *int64 { return known(n != pool.Unlimited, n) }
