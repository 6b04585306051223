package magazine

import (
	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/percpu"
)

// Stats overwrites into's counts, limits and class rows. A snapshot is two walks
// over the shards, Ps × classes of them, with no lock that Get or Put wants and
// no allocation once into has its rows: one for returns and then one for
// requests, so that whatever was given back has been handed out, and what is in
// use is over- and never understated, however long the snapshot takes. Names, and
// what is Known, are the caller's to fill in.
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

// addReturns adds the returns that the cell counted. The owner may be counting: a load of an aligned
// word is one of the values that it had, and the counter only grows. The lock is nothing but in the
// portable build.
func (c *Cell) addReturns(into *pool.Counts) {
	c.lock.Lock()
	defer c.lock.Unlock()
	into.Returns[pool.Pooled] += percpu.Load(&c.pooled)
	if c.sized != nil {
		into.IdleBytes += int64(percpu.Load(&c.sized.pooledBytes))
	}
}

// addRequests adds the requests that the cell counted, likewise. Hits and bytes are read together,
// see counted; misses may be a few later, which no law of the counts forbids.
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

// conclude derives what follows from the counts of all cells. Counters are read
// one after the other, so idle is clamped: with operations under way it may come
// out below 0. It is derived and not counted, since a counter of its own would be written by
// Get and Put both.
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
