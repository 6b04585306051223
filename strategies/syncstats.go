package strategies

import "github.com/otelpool/pool"

// close empties the pool. What other Ps have to themselves nobody can take but the
// collector; it counts as dropped here, like the rest.
func (c *syncCore[T]) close() {
	c.ending.Do(func() {
		c.atClose.Store(c.tally.Counts().Collected)
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
	n.Requests[pool.RequestClosed], n.Requests[pool.RequestFailed] = c.getClosed.Load(), c.failed.Load()
	n.Returns[pool.Pooled], n.Returns[pool.Refused] = held.Pooled, held.Refused
	n.Returns[pool.NilReturn], n.Returns[pool.ReturnClosed] = c.nils.Load(), c.putClosed.Load()
	n.Prewarmed = held.Warmed
	n.Allocations = held.Misses + n.Requests[pool.RequestClosed] + n.Prewarmed
	if closed {
		held.Collected = c.atClose.Load()
		n.Evictions[pool.EvictClosed] = held.Idle()
	} else {
		n.Idle = int64(held.Idle())
	}
	n.Evictions[pool.EvictGC] = held.Collected
}
