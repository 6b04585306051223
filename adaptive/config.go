package adaptive

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/config"
)

// Config configures a Controller. The zero Config is a good one; a field that is
// zero has the default that its comment names. A recording has the fields that decide.
type Config struct {
	// Registry has the pools to control; nil is pool.Default.
	Registry *pool.Registry `json:"-"`
	// Budget is the limit that the pools share; nil is the registry's, to which every
	// pool published in it is charged.
	Budget Budget `json:"-"`
	// Signals reads memory pressure; nil reads that of the process and the machine.
	Signals Signals `json:"-"`

	// BreakEven is the time for which holding a free object costs as much as
	// allocating another, 10 s by default: an object that is expected to be wanted
	// sooner is worth its memory. 2 s suits programs that are billed by the byte, 60 s
	// those whose memory is free until it runs short.
	BreakEven time.Duration
	// Clamp bounds what is learned from demand: objects are kept for at least
	// Clamp·BreakEven and at most BreakEven/Clamp. 0.05 by default; 1 learns
	// nothing.
	Clamp float64
	// HalfLife is how long it takes for what was learned to count half: 5 min by
	// default. Less than a minute forgets too soon to learn anything.
	HalfLife time.Duration
	// Interval is the time between runs while memory is not short: 1 s by
	// default, or a tenth of BreakEven if that is less, but not below 250 ms.
	Interval time.Duration
	// PressureInterval is the time between runs while memory is short, or while the
	// runtime, without GOMEMLIMIT, lets the heap grow beyond half of what there is: 250
	// ms by default.
	PressureInterval time.Duration `json:"Pressure"`

	// MaxIdleBytes is the budget: the most idle bytes of all pools together. By default
	// it is half of the memory limit, or, if no limit is known, a sixteenth of the
	// machine's memory and at most 256 MiB.
	MaxIdleBytes int64
	// MemoryLimit is the most bytes that the process should use, for programs without
	// GOMEMLIMIT and control group; of several limits the least counts. 0 is none.
	MemoryLimit int64
	// Reserved has, by pool name, the idle bytes that neither age nor pressure takes
	// from a pool: for pools whose misses hurt more than their memory.
	Reserved map[string]int64 `json:"-"`

	// Levels says where the pressure levels begin and end, as shares of the memory
	// limit in live memory.
	Levels Levels
	// Dwell is how long nothing must have held a level before it is left, for the one
	// that a reading still holds: 2 s by default. A level that returns soon is held for
	// longer.
	Dwell time.Duration
	// ForceGC says whether the controller asks for a collection after a large trim
	// under pressure.
	ForceGC ForceGC
	// ManageMemoryLimit lets the controller set the runtime's memory limit to nine
	// tenths of the control group's, if nobody has set one. It touches it in no
	// other case.
	ManageMemoryLimit bool `json:"-"`

	// Logger gets every decision; nil logs nothing. If it panics it is not used again.
	Logger *slog.Logger `json:"-"`
	// OnDecision is called with every decision, in the controller's goroutine,
	// unless it is nil. If it panics it is not called again.
	OnDecision func(control.Decision) `json:"-"`
	// Recorder records what the controller reads, for Replay; nil records nothing.
	Recorder *Recorder `json:"-"`
}

// Budget is the limit on idle bytes that a controller sets.
type Budget interface {
	Limit() int64
	SetLimit(bytes int64)
	// Used is the bytes charged now.
	Used() int64
	// Reclaim drops what is least likely to be wanted soon, in all pools, until
	// what is charged fits the limit, and returns the bytes dropped.
	Reclaim() int64
	// SetPressed says whether memory is short: whether objects that are refused from now
	// on count as refused under pressure.
	SetPressed(on bool)
}

// Levels are the bands of the pressure levels.
type Levels struct {
	Elevated Band // 0.50 to 0.42 by default: from here on the collector works as hard as with GOGC=100, or harder
	High     Band // 0.70 to 0.62
	Critical Band // 0.85 to 0.78
}

// Band is where a level begins (Enter), and below what it ends (Exit). Between the
// two nothing changes, so that noise in a reading has no effect.
type Band struct{ Enter, Exit float64 }

// ForceGC says when a controller asks for a garbage collection.
type ForceGC uint8

const (
	// ForceGCAuto asks when nothing else would collect before the control group's
	// limit is hit: the runtime has no memory limit, or others are in the group, to
	// whom it would return nothing.
	ForceGCAuto ForceGC = iota
	// ForceGCNever never asks.
	ForceGCNever
	// ForceGCAlways asks after every large trim under pressure.
	ForceGCAlways
)

const shortestInterval = 10 * time.Millisecond

// withDefaults is c with its zero fields filled in.
func (c Config) withDefaults() Config {
	c.Registry = cmp.Or(c.Registry, pool.Default)
	c.BreakEven = cmp.Or(c.BreakEven, 10*time.Second)
	c.Clamp = cmp.Or(c.Clamp, 0.05)
	c.HalfLife = cmp.Or(c.HalfLife, 5*time.Minute)
	c.PressureInterval = cmp.Or(c.PressureInterval, 250*time.Millisecond)
	c.Interval = cmp.Or(c.Interval, min(time.Second, max(c.BreakEven/10, c.PressureInterval)))
	c.Dwell = cmp.Or(c.Dwell, 2*time.Second)
	c.Levels.Elevated = cmp.Or(c.Levels.Elevated, Band{0.50, 0.42})
	c.Levels.High = cmp.Or(c.Levels.High, Band{0.70, 0.62})
	c.Levels.Critical = cmp.Or(c.Levels.Critical, Band{0.85, 0.78})
	return c
}

// validate returns all that is wrong with a config whose defaults are filled in, where
// budget is the one that follows from the memory limit.
func (c *Config) validate(budget int64) error {
	p := config.ProblemsOf("adaptive: Config")
	p.AddIf(c.BreakEven < 100*time.Millisecond, "BreakEven", c.BreakEven, "use 100ms or more, or 0 for 10s")
	p.AddIf(!(c.Clamp > 0 && c.Clamp <= 1), "Clamp", c.Clamp, "use more than 0 and at most 1, or 0 for 0.05")
	p.AddIf(c.HalfLife < time.Second, "HalfLife", c.HalfLife, "use 1s or more, or 0 for 5m")
	p.AddIf(c.Interval < shortestInterval, "Interval", c.Interval, "use 10ms or more, or 0 for 1s")
	p.AddIf(c.PressureInterval < shortestInterval, "PressureInterval", c.PressureInterval, "use 10ms or more, or 0 for 250ms")
	p.With("Interval").AddIf(c.PressureInterval > c.Interval, "PressureInterval", c.PressureInterval,
		fmt.Sprintf("longer than Interval, %v: use at most that", c.Interval))
	p.AddIf(c.MaxIdleBytes < 0, "MaxIdleBytes", c.MaxIdleBytes,
		"use more than 0, pool.Unlimited for no limit, or 0 for a share of the memory")
	p.AddIf(c.MemoryLimit < 0, "MemoryLimit", c.MemoryLimit, "use more than 0, or 0 for none")
	p.AddIf(c.Dwell < 0, "Dwell", c.Dwell, "use more than 0, or 0 for 2s")
	p.AddIf(c.ForceGC > ForceGCAlways, "ForceGC", c.ForceGC, "use ForceGCAuto, ForceGCNever or ForceGCAlways")
	c.validateReserved(&p, budget)
	c.Levels.validate(&p)
	return p.Err()
}

func (c *Config) validateReserved(p *config.Problems, budget int64) {
	sum := int64(0)
	for _, name := range slices.Sorted(maps.Keys(c.Reserved)) {
		bytes := c.Reserved[name]
		p.AddIf(bytes < 0, fmt.Sprintf("Reserved[%q]", name), bytes, "use 0 or more")
		sum = config.Sum(sum, max(bytes, 0))
	}
	p.With("MaxIdleBytes").AddIf(c.MaxIdleBytes > 0 && sum > c.MaxIdleBytes, "Reserved", sum,
		fmt.Sprintf("in all more than MaxIdleBytes, %d: reserve less, or raise it", c.MaxIdleBytes))
	p.AddIf(c.MaxIdleBytes == 0 && sum > budget, "Reserved", sum,
		"in all more than the budget that follows from the memory limit, "+size(budget)+": reserve less, or set MaxIdleBytes")
}

func (l *Levels) validate(p *config.Problems) {
	const positive = "use more than 0, or leave the band zero for its default"
	names := [...]string{"Levels.Elevated", "Levels.High", "Levels.Critical"}
	bands := [...]Band{l.Elevated, l.High, l.Critical}
	for i, b := range bands {
		exit, enter := names[i]+".Exit", names[i]+".Enter"
		p.AddIf(!(b.Exit > 0), exit, b.Exit, positive)
		p.AddIf(!(b.Enter > 0), enter, b.Enter, positive)
		p.AddIf(b.Exit >= b.Enter, exit, b.Exit, fmt.Sprintf("not below Enter, %v: use 0.08 less than that", b.Enter))
		if i > 0 {
			lower, than := names[i-1]+".Enter", bands[i-1].Enter
			p.With(lower).AddIf(b.Enter <= than, enter, b.Enter, fmt.Sprintf("not above %s, %v: raise it", lower, than))
		}
	}
}

// Validate returns the error that New would return for the config.
func (c Config) Validate() error {
	c = c.withDefaults()
	return c.validate(NoLimit)
}

// Configure gives a controller, which may be running, the knobs of another config:
// its times, sizes, levels, Reserved and ForceGC. They hold from the next run on;
// what was learned stays, and so do the fields that are no knobs. If it returns an
// error, which lists every mistake in the config, nothing has changed. It waits for
// no run, so hooks may call it.
func (ctl *Controller) Configure(c Config) error {
	c = c.withDefaults()
	if err := c.validate(cmp.Or(ctl.affordable.Load(), NoLimit)); err != nil {
		return err
	}
	ctl.pending.Store(&c)
	ctl.takePending()
	return nil
}

// takePending takes what Configure left, unless a run is under way: whoever makes
// it calls this when it has ended. What is left meanwhile, by the Recorder's writer
// say, the next run takes.
func (ctl *Controller) takePending() {
	if ctl.pending.Load() != nil && ctl.mu.TryLock() {
		defer ctl.mu.Unlock()
		ctl.take()
	}
}

// take takes the knobs of the config that is pending, if one is. The caller holds mu.
func (ctl *Controller) take() {
	c := ctl.pending.Swap(nil)
	if c == nil {
		return
	}
	reserve := make(map[string]int64)
	for name := range ctl.c.Reserved {
		reserve[name] = 0
	}
	maps.Copy(reserve, c.Reserved)
	ctl.reserve(reserve)
	ctl.c.takeKnobs(c)
	ctl.c.Recorder.write(record{Config: recordingOf(&ctl.c)})
}

// takeKnobs takes from another config what Configure may change.
func (c *Config) takeKnobs(from *Config) {
	c.BreakEven, c.Clamp, c.HalfLife = from.BreakEven, from.Clamp, from.HalfLife
	c.Interval, c.PressureInterval, c.Dwell = from.Interval, from.PressureInterval, from.Dwell
	c.MaxIdleBytes, c.MemoryLimit, c.Reserved = from.MaxIdleBytes, from.MemoryLimit, from.Reserved
	c.Levels, c.ForceGC = from.Levels, from.ForceGC
}
