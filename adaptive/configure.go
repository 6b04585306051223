package adaptive

import "maps"

// Validate returns the error that New would return for the config.
func (c Config) Validate() error {
	c = c.withDefaults()
	return c.validate()
}

// Configure gives a controller, which may be running, the knobs of another config:
// its times, sizes, levels, Reserved and ForceGC. They hold from the next run on;
// what was learned stays, and so do the fields that are no knobs. If it returns an
// error, which lists every mistake in the config, nothing has changed. It waits for
// no run, so hooks may call it.
func (ctl *Controller) Configure(c Config) error {
	c = c.withDefaults()
	err := c.validate()
	if err == nil {
		err = ctl.affords(&c)
	}
	if err != nil {
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
		if c := ctl.pending.Swap(nil); c != nil {
			ctl.take(c)
		}
	}
}

// take takes the knobs of a config. The caller holds mu.
func (ctl *Controller) take(c *Config) {
	reserve := make(map[string]int64)
	for name := range ctl.c.Reserved {
		reserve[name] = 0
	}
	maps.Copy(reserve, c.Reserved)
	ctl.reserve(reserve)
	ctl.c.takeKnobs(c)
	ctl.policy.c.takeKnobs(c)
	ctl.c.Recorder.configured(&ctl.c)
}

// affords refuses to reserve more than the budget that followed from the memory
// there was at the last run.
func (ctl *Controller) affords(c *Config) error {
	budget := ctl.affordable.Load()
	if c.MaxIdleBytes > 0 || budget == 0 {
		return nil
	}
	return c.reservesAtMost(budget)
}

// reservesAtMost compares what is reserved with a budget that follows from the
// memory limit.
func (c *Config) reservesAtMost(budget int64) error {
	p := problems()
	sum := c.validateReserved(&p)
	p.AddIf(sum > budget, "Reserved", sum,
		"in all more than the budget that follows from the memory limit, "+size(budget)+": reserve less, or set MaxIdleBytes")
	return p.Err()
}

// takeKnobs takes from another config what Configure may change.
func (c *Config) takeKnobs(from *Config) {
	c.BreakEven, c.Clamp, c.HalfLife = from.BreakEven, from.Clamp, from.HalfLife
	c.Interval, c.PressureInterval, c.Dwell = from.Interval, from.PressureInterval, from.Dwell
	c.MaxIdleBytes, c.MemoryLimit, c.Reserved = from.MaxIdleBytes, from.MemoryLimit, from.Reserved
	c.Levels, c.ForceGC = from.Levels, from.ForceGC
}
