package browser_test

import (
	"sync"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

// controller is a controller with a past that is written down, so that the page
// shows every kind of decision; what a real one does is package adaptive's to
// test.
type controller struct {
	started time.Time
}

func (c *controller) ControllerStats(into *control.Stats) {
	now := time.Now()
	level, cause := control.PressureElevated, control.CauseHeap
	*into = control.Stats{
		Level: level, Since: c.started.Add(-38 * time.Second), Cause: cause,
		Signals: []control.Signal{
			{Name: "heap", Value: 0.74, Age: 400 * time.Millisecond},
			{Name: "cgroup", Value: 0.61, Age: 1100 * time.Millisecond},
			{Name: "psi", Err: "open /proc/pressure/memory: no such file or directory"},
		},
		Limit: 96 << 20, Idle: 47 << 20, LastRun: now.Add(-700 * time.Millisecond),
		Runs: [control.NumActions]uint64{
			control.Hold:     412,
			control.Grow:     9,
			control.Shrink:   3,
			control.TrimIdle: 5,
		}, ForcedGCs: 1, Regrets: 214, Efficiency: 0.93,
		Classes: []control.ClassControl{
			{Pool: "http.body", Size: 512, IdleAge: 42 * time.Second, Idle: 30 << 10, Regrets: 12},
			{Pool: "http.body", Size: 1024, IdleAge: 18 * time.Second, Idle: 58 << 10},
			{Pool: "image.tiles", Size: 64 << 10, IdleAge: 3 * time.Second, Idle: 37 << 20},
		},
		Decisions: c.decisions(),
	}
}

func (c *controller) decisions() []control.Decision {
	at := func(ago time.Duration) time.Time { return c.started.Add(-ago) }
	return []control.Decision{
		{Seq: 1, Time: at(9 * time.Minute), Trigger: control.TriggerTick, Action: control.Grow, LimitBefore: 64 << 20, Limit: 96 << 20,
			Reason: "212 misses/s that 8 MiB more would have served", Keep: 9 << 20, Drop: 2 << 20, Outcome: "miss rate down by 71 %"},
		{
			Seq:         2,
			Time:        at(5 * time.Minute),
			Trigger:     control.TriggerPSI,
			From:        control.PressureNone,
			To:          control.PressureHigh,
			Cause:       control.CausePSI,
			Action:      control.Shrink,
			LimitBefore: 96 << 20,
			Limit:       48 << 20,
			Freed:       22 << 20,
			ForcedGC:    true,
			Reason:      "some avg10 12.4 > 10",
			Keep:        3 << 20,
			Drop:        40 << 10,
			Outcome:     "working set down by 24.1 MiB",
		},
		{
			Seq:         3,
			Time:        at(4 * time.Minute),
			Trigger:     control.TriggerTick,
			From:        control.PressureHigh,
			To:          control.PressureNone,
			Cause:       control.CauseCalm,
			Action:      control.Hold,
			LimitBefore: 48 << 20,
			Limit:       48 << 20,
			Reason:      "all signals below their exits for 30 s",
		},
		{
			Seq:         4,
			Time:        at(2 * time.Minute),
			Trigger:     control.TriggerTick,
			Action:      control.Grow,
			LimitBefore: 48 << 20,
			Limit:       96 << 20,
			Reason:      "regrets 31/s",
			Outcome:     "miss rate down by 40 %",
		},
		{
			Seq:         5,
			Time:        at(38 * time.Second),
			Trigger:     control.TriggerGC,
			From:        control.PressureNone,
			To:          control.PressureElevated,
			Cause:       control.CauseHeap,
			Action:      control.TrimIdle,
			LimitBefore: 96 << 20,
			Limit:       96 << 20,
			Freed:       6 << 20,
			Reason:      "heap 0.72 > 0.70",
			Keep:        1 << 20,
			Drop:        90 << 10,
		},
	}
}

// tunable is a pool that can tell what another size would have done.
type tunable struct {
	mu    sync.Mutex
	stats pool.Stats
}

func newTunable() *tunable {
	s := pool.Stats{Strategy: "sizeclasses", Limit: 24 << 20}
	s.Knows = pool.Knowledge{
		Rows: pool.KnowsIdle | pool.KnowsIdleBytes | pool.KnowsInUse | pool.KnowsLimit,
		Requests: pool.SetOf(
			pool.Hit,
			pool.Miss,
		), Returns: pool.SetOf(pool.Pooled, pool.Full), Evictions: pool.SetOf(pool.EvictIdle, pool.EvictResize),
	}
	s.Idle, s.IdleBytes, s.InUse = 3584, 14<<20, 310
	s.Classes = []pool.Class{{Size: 4 << 10}, {Size: 64 << 10}}
	s.Classes[0].Idle, s.Classes[0].IdleBytes = 3072, 12<<20
	s.Classes[1].Idle, s.Classes[1].IdleBytes = 32, 2<<20
	return &tunable{stats: s}
}

// step is a fiftieth of a second's work: nine hits in ten.
func (p *tunable) step(tick int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Classes[0].IdleBytes = 12<<20 - int64(tick%50)*200<<10 // all of it is of use
	p.stats.Classes[0].Idle = p.stats.Classes[0].IdleBytes >> 12
	p.stats.IdleBytes, p.stats.Idle = p.stats.Classes[0].IdleBytes+2<<20, p.stats.Classes[0].Idle+32
	for i, n := range []uint64{18, 9} {
		c := &p.stats.Classes[i].Counts
		c.Requests[pool.Hit] += n
		c.Requests[pool.Miss] += uint64(1 + tick%2)
		c.Returns[pool.Pooled] += n
		c.Returns[pool.Full] += uint64(tick % 2)
		c.Allocations += uint64(1 + tick%2)
	}
	p.stats.Requests, p.stats.Returns = [pool.NumRequestResults]uint64{}, [pool.NumReturnResults]uint64{}
	for _, c := range p.stats.Classes {
		for k, n := range c.Requests {
			p.stats.Requests[k] += n
		}
		for k, n := range c.Returns {
			p.stats.Returns[k] += n
		}
	}
}

func (p *tunable) Stats(into *pool.Stats) {
	p.mu.Lock()
	defer p.mu.Unlock()
	classes := append(into.Classes[:0], p.stats.Classes...)
	*into = p.stats
	into.Classes = classes
}

func (p *tunable) Curve(into *control.Curve) {
	p.mu.Lock()
	defer p.mu.Unlock()
	into.Classes = into.Classes[:0]
	for _, c := range p.stats.Classes {
		curve := control.ClassCurve{Size: c.Size, Hits: c.Requests[pool.Hit], Misses: c.Requests[pool.Miss]}
		for k, share := range []uint64{0, 0, 2, 4, 9, 14, 22, 18, 9, 3} { // hundredths
			curve.Saved[k] = curve.Misses * share / 100
			curve.Lost[k+2] = curve.Hits * share / 120
		}
		into.Classes = append(into.Classes, curve)
	}
}

func (p *tunable) Demand(time.Time, *control.Demand) {}
func (p *tunable) SetIdleAge(int, time.Duration)     {}
func (p *tunable) SetReserve(int64)                  {}
func (p *tunable) Limit() int64                      { return p.stats.Limit }
func (p *tunable) SetLimit(int64) int64              { return p.stats.Limit }
func (p *tunable) Trim(int64) int64                  { return 0 }

var (
	_ control.Tunable    = (*tunable)(nil)
	_ control.Controller = (*controller)(nil)
)
