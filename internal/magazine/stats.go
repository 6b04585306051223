package magazine

import (
	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/percpu"
)

// Stats overwrites into's counts, limits and class rows. It walks twice over the
// shards, Ps × classes of them, without a lock that Get or Put takes, and without
// allocation once into has its rows. It reads returns before requests, so that every
// object counted as given back counts as handed out too, and the number in use is
// overstated and never understated, however long the walks take. The caller fills in
// Name, Strategy and Knows.
func (p *Pool) Stats(into *pool.Stats) {
	into.Reset()
	for i := range p.depots {
		into.Classes = append(into.Classes, pool.Class{Size: p.depots[i].size})
		p.depots[i].countReturns(&into.Classes[i].Counts)
	}
	for s := p.shards.all.Load(); s != nil; s = s.older {
		for i := range s.cells {
			s.cells[i].addReturns(&into.Classes[i].Counts)
		}
	}
	for s := p.shards.all.Load(); s != nil; s = s.older {
		for i := range s.cells {
			s.cells[i].addRequests(&into.Classes[i].Counts)
		}
	}
	for i := range into.Classes {
		c := &into.Classes[i].Counts
		p.depots[i].countRequests(c)
		p.depots[i].conclude(c)
		into.Counts.Add(c)
	}
	into.Closed = p.shards.closed.Load()
	into.Limit = p.Limit()
	into.Grown, into.Shrunk = p.account.grown.Load(), p.account.shrunk.Load()
	into.InUse = int64(into.HandedOut()) - int64(into.TakenBack())
}

// addReturns adds the returns that the cell counted. The owner may be counting: the
// load of an aligned word returns a value that it had, and the counter only grows. The
// lock does nothing except in the portable build.
func (c *Cell) addReturns(into *pool.Counts) {
	c.lock.Lock()
	defer c.lock.Unlock()
	into.Returns[pool.Pooled] += percpu.Load(&c.pooled)
	if c.sized != nil {
		into.IdleBytes += int64(percpu.Load(&c.sized.pooledBytes))
	}
}

// addRequests adds the requests that the cell counted, likewise. Hits and bytes are
// read together, see counted; misses are read a little later, which breaks no rule
// between the counts.
func (c *Cell) addRequests(into *pool.Counts) {
	c.lock.Lock()
	defer c.lock.Unlock()
	hits, bytes := c.counted()
	into.Requests[pool.Hit] += hits
	into.RequestedBytes += bytes
	into.Requests[pool.Miss] += percpu.Load(&c.misses)
	if c.sized != nil {
		into.IdleBytes -= int64(percpu.Load(&c.sized.hitBytes))
	}
}

// conclude derives further figures from the counts of all cells. Counters are read one
// after the other, so idle may come out below 0 while calls are under way, and is
// clamped. It is derived because both Get and Put would have to write a counter of it.
func (d *depot) conclude(c *pool.Counts) {
	c.Allocations = c.Requests[pool.Miss] + c.Requests[pool.RequestClosed] + c.Prewarmed
	c.Idle = max(int64(c.Prewarmed+c.Returns[pool.Pooled]-c.Requests[pool.Hit]-c.Evicted()), 0)
	if d.size != 0 {
		c.AllocatedBytes = c.Allocations * uint64(d.size)
		c.IdleBytes = c.Idle * d.size
		return
	}
	for _, bytes := range c.EvictedBytes {
		c.IdleBytes -= int64(bytes)
	}
	c.IdleBytes = max(c.IdleBytes, 0)
}
