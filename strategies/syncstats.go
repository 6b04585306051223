package strategies

import (
	"sync"
	"sync/atomic"

	"github.com/otelpool/pool"
)

// syncRare has a Sync's counts of what is rare, and its end.
type syncRare struct {
	nils, failed, getClosed, putClosed atomic.Uint64

	ending  sync.Once
	atClose atomic.Uint64 // collected, when the pool was closed
}

// close empties the pool. What other Ps have to themselves nobody can take but the
// collector; it counts as dropped here, like the rest.
func (c *syncCore[T]) close() {
	c.rare.ending.Do(func() {
		c.rare.atClose.Store(c.tally.Counts().Collected)
		c.mode.close()
		c.objects.Drop()
	})
}

// Stats is the handle's.
func (c *syncCore[T]) Stats(into *pool.Stats) {
	into.Reset()
	into.Strategy = "sync"
	into.Closed = c.mode.closed()
	c.fill(&into.Counts)
	into.InUse = int64(into.HandedOut()) - int64(into.TakenBack())
	into.Knows = pool.Knowledge{
		Rows:      pool.KnowsIdle | pool.KnowsInUse,
		Requests:  pool.SetOf(pool.Hit, pool.Miss, pool.RequestClosed, pool.RequestFailed),
		Returns:   pool.SetOf(pool.Pooled, pool.Refused, pool.NilReturn, pool.ReturnClosed),
		Evictions: pool.SetOf(pool.EvictGC, pool.EvictClosed),
		Misuse:    pool.SetOf(pool.MisuseConfig),
	}
	c.watch.Counts(into)
	c.mode.forget(into)
}

// fill counts what Close dropped as what is left over, so a Get that overlaps Close and
// still hits lowers it by one when it counts.
func (c *syncCore[T]) fill(n *pool.Counts) {
	closed := c.mode.closed()
	held := c.tally.Counts()
	n.Requests[pool.Hit], n.Requests[pool.Miss] = held.Hits, held.Misses
	n.Requests[pool.RequestClosed], n.Requests[pool.RequestFailed] = c.rare.getClosed.Load(), c.rare.failed.Load()
	n.Returns[pool.Pooled], n.Returns[pool.Refused] = held.Pooled, held.Refused
	n.Returns[pool.NilReturn], n.Returns[pool.ReturnClosed] = c.rare.nils.Load(), c.rare.putClosed.Load()
	n.Prewarmed = held.Warmed
	n.Allocations = held.Misses + n.Requests[pool.RequestClosed] + n.Prewarmed
	if closed {
		held.Collected = c.rare.atClose.Load()
		n.Evictions[pool.EvictClosed] = held.Idle()
	} else {
		n.Idle = int64(held.Idle())
	}
	n.Evictions[pool.EvictGC] = held.Collected
}
