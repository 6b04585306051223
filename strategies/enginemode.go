package strategies

import "github.com/otelpool/pool/control"

// Mode implements [control.Switchable] for the handle.
func (c *engineCore) Mode() control.Mode { return c.mode.mode() }

// SetMode implements [control.Switchable] for the handle; it does nothing if the pool is
// closed. While the pool is not on, the engine's limit is 0: nothing is found on its fast
// path and nothing fits there, so Get and Put come to the slow one, where they ask for the
// mode. The limit that the pool has for others is kept here meanwhile.
//
// Discard functions run while changing is held: they must not switch their pool.
func (c *engineCore) SetMode(m control.Mode) {
	c.changing.Lock()
	defer c.changing.Unlock()
	from, to := c.Mode(), known(m)
	switch {
	case c.mode.closed() || from == to:
	case from == control.ModeOn:
		c.limit.Store(c.engine.Limit())
		c.mode.set(to) // first, or a limit set meanwhile would be the engine's
		c.engine.SetLimit(0)
	case to == control.ModeOn:
		c.engine.SetLimit(c.limit.Load())
		c.mode.set(to)
		c.engine.SetLimit(c.limit.Load()) // had it changed meanwhile
	default:
		c.mode.set(to)
	}
}

// Limit implements [control.Resizable] for the handle.
func (c *engineCore) Limit() int64 {
	if c.Mode() == control.ModeOn {
		return c.engine.Limit()
	}
	return c.limit.Load()
}

// SetLimit implements [control.Resizable] for the handle: now, or for when the pool is on
// again.
func (c *engineCore) SetLimit(bytes int64) int64 {
	bytes = max(bytes, 0)
	c.limit.Store(bytes)
	if c.Mode() != control.ModeOn {
		return bytes
	}
	got := c.engine.SetLimit(bytes)
	if c.Mode() != control.ModeOn { // switched meanwhile
		c.engine.SetLimit(0)
	}
	return got
}
