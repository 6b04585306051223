package strategies

import (
	"sync"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/handle"
	"github.com/otelpool/pool/internal/magazine"
	"github.com/otelpool/pool/internal/safety"
)

// engineCore is what the cores of pools on the engine have in common: what their
// handles and the registry ask of the engine.
type engineCore struct {
	engine *magazine.Pool
	mode   engineMode
	watch  *safety.Watch // nil: SafetyOff

	handle   handle.Weak // of a pool that nothing else closes when it is dropped
	watching sync.Once
}

func (c *engineCore) close() {
	c.mode.close()
	c.engine.Close()
	c.watch.Close()
}

// closeWhenDropped ends a pool whose handle is collected without having been
// closed, if that makes a difference to anybody: to its budget, to its registry, or
// to a Discard function. The others are left to the collector, so that it is nothing
// to drop a hundred thousand of them.
func (c *engineCore) closeWhenDropped(t *handle.Token, pub *pool.Publication) {
	if pub == nil && !c.engine.Owes() {
		c.handle = t.Weak()
		return
	}
	handle.OnDrop(t, func(c *engineCore) {
		c.engine.CloseUnreachable()
		c.watch.Close()
		pub.Release()
	}, c)
}

// confine puts a stand-in that was given back into quarantine, in which it is looked
// at for the last time when the pool is dropped.
func (c *engineCore) confine(s *safety.StandIn) {
	c.watch.Confine(s)
	c.watching.Do(func() { handle.OnDropWeak(c.handle, (*safety.Watch).Close, c.watch) })
}

// Limit implements [control.Resizable] for the handle.
func (c *engineCore) Limit() int64 { return c.mode.limitOf(c.engine) }

// SetLimit implements [control.Resizable] for the handle.
func (c *engineCore) SetLimit(bytes int64) int64 { return c.mode.setLimit(c.engine, bytes) }

// Mode implements [control.Switchable] for the handle.
func (c *engineCore) Mode() control.Mode { return c.mode.mode() }

// SetMode implements [control.Switchable] for the handle.
func (c *engineCore) SetMode(m control.Mode) { c.mode.setMode(c.engine, m) }

// Trim implements [control.Resizable] for the handle.
func (c *engineCore) Trim(bytes int64) int64 {
	c.watch.Flush()
	return c.engine.Trim(bytes, pool.EvictPressure)
}

// Samples implements control.Sampler.
func (c *engineCore) Samples(yield func(control.Sample) bool) { c.watch.Samples(yield) }

// Age implements control.Ager, as do the following.
func (c *engineCore) Age(now time.Time) { c.engine.Age(now) }

// Demand implements [control.Tunable] with the engine.
func (c *engineCore) Demand(now time.Time, into *control.Demand) { c.engine.Demand(now, into) }

// SetIdleAge implements [control.Tunable] with the engine.
func (c *engineCore) SetIdleAge(class int, d time.Duration) { c.engine.SetIdleAge(class, d) }

// SetIdleAges implements [control.DepthTunable] with the engine.
func (c *engineCore) SetIdleAges(class int, base int64, ages []time.Duration) {
	c.engine.SetIdleAges(class, base, ages)
}

// SetReserve implements [control.Tunable] with the engine.
func (c *engineCore) SetReserve(bytes int64) { c.engine.SetReserve(bytes) }

// Curve implements [control.Curved] with the engine.
func (c *engineCore) Curve(into *control.Curve) { c.engine.Curve(into) }

var _ control.Curved = (*engineCore)(nil)
