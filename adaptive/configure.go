package adaptive

import "errors"

// Validate returns all that is wrong with a config, as New would.
func (c Config) Validate() error {
	c = c.withDefaults()
	return c.validate()
}

// Configure gives a controller, which may be running, the knobs of another
// config: its times, sizes, levels, Reserved and ForceGC. The next run goes by
// them; what was learned stays. The other fields stay as New had them. With an
// error, which says all that is wrong with the config, nothing changes.
func (ctl *Controller) Configure(c Config) error {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return err
	}
	ctl.mu.Lock()
	defer ctl.mu.Unlock()
	if err := ctl.affords(&c); err != nil {
		return err
	}
	for name := range ctl.c.Reserved {
		if _, ok := c.Reserved[name]; !ok {
			ctl.pools.reserve(ctl.sample.Pools, name, 0)
		}
	}
	for name, bytes := range c.Reserved {
		ctl.pools.reserve(ctl.sample.Pools, name, bytes)
	}
	ctl.c.takeKnobs(&c)
	ctl.policy.c.takeKnobs(&c)
	ctl.c.Recorder.configured(&ctl.c)
	return nil
}

// affords refuses to reserve more than the budget that follows from the memory
// there is.
func (ctl *Controller) affords(c *Config) error {
	if c.MaxIdleBytes > 0 || !ctl.policy.started {
		return nil
	}
	var p problems
	sum, budget := c.validateReserved(&p), ctl.policy.memory.defaultBudget()
	p.addIf(sum > budget, "Reserved", sum,
		"in all more than the budget that follows from the memory limit, "+size(budget)+": reserve less, or set MaxIdleBytes")
	return errors.Join(p...)
}

// takeKnobs takes from another config what Configure may change.
func (c *Config) takeKnobs(from *Config) {
	c.BreakEven, c.Clamp, c.HalfLife = from.BreakEven, from.Clamp, from.HalfLife
	c.Interval, c.PressureInterval, c.Dwell = from.Interval, from.PressureInterval, from.Dwell
	c.MaxIdleBytes, c.MemoryLimit, c.Reserved = from.MaxIdleBytes, from.MemoryLimit, from.Reserved
	c.Levels, c.ForceGC = from.Levels, from.ForceGC
}

// reserve sets the reserve of the pool of a name, if it is open.
func (p pools) reserve(samples []poolSample, name string, bytes int64) {
	for i := range samples {
		if samples[i].Name == name && samples[i].Open && p[i].tunable != nil {
			p[i].tunable.SetReserve(bytes)
		}
	}
}
