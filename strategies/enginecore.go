package strategies

import (
	"sync"
	"sync/atomic"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/handle"
	"github.com/otelpool/pool/internal/magazine"
	"github.com/otelpool/pool/internal/safety"
)

// engine gives engineCore's field its name.
type engine = magazine.Pool

// engineCore is what the cores of pools on the engine have in common: what their
// handles and the registry ask of the engine. What it leaves out of [control.Ager],
// [control.DepthTunable] and [control.Curved] the engine does itself.
type engineCore struct {
	*engine
	mode  switched
	watch *safety.Watch // nil: SafetyOff

	changing sync.Mutex   // one change of mode at a time
	limit    atomic.Int64 // the pool's while the mode is not on

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

// Trim implements [control.Resizable] for the handle.
func (c *engineCore) Trim(bytes int64) int64 {
	c.watch.Flush()
	return c.engine.Trim(bytes, pool.EvictPressure)
}

// know completes a snapshot by what all pools on the engine know, in addition to what the pool
// has in Knows, and by the misuse that its watch can find.
func (c *engineCore) know(into *pool.Stats, misuse pool.Set) {
	into.Knows.Rows |= pool.KnowsIdle | pool.KnowsIdleBytes | pool.KnowsEvictedBytes | pool.KnowsInUse | pool.KnowsResizes
	into.Knows.Requests |= pool.SetOf(pool.Hit, pool.Miss, pool.RequestClosed)
	into.Knows.Returns |= pool.SetOf(pool.Pooled, pool.Full, pool.Refused, pool.NilReturn, pool.ReturnPressure, pool.ReturnClosed)
	into.Knows.Evictions = pool.SetOf(pool.EvictResize, pool.EvictPressure, pool.EvictIdle, pool.EvictBudget, pool.EvictClosed)
	if into.Limit = c.Limit(); into.Limit != pool.Unlimited {
		into.Knows.Rows |= pool.KnowsLimit
	}
	if c.watch != nil {
		into.Knows.Returns |= pool.SetOf(pool.Double)
		into.Knows.Misuse = misuse
		c.watch.Counts(into)
	}
	c.mode.forget(into)
}

// Samples implements control.Sampler.
func (c *engineCore) Samples(yield func(control.Sample) bool) { c.watch.Samples(yield) }

var (
	_ control.Ager         = (*engineCore)(nil)
	_ control.DepthTunable = (*engineCore)(nil)
	_ control.Curved       = (*engineCore)(nil)
	_ control.Sampler      = (*engineCore)(nil)
	_ control.Switchable   = (*engineCore)(nil)
)
