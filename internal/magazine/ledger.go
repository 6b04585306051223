package magazine

import (
	"sync/atomic"

	"github.com/otelpool/pool"
)

// ledger counts events that did not go through a cell, or cannot be counted there. An
// unused class has none.
//
// Its counters are atomic and shared by all Ps: whoever counts here has just taken a
// lock, or allocated, and compared with that one contended line does not matter. They
// are only added to, so each load is a value that the counter had, and a later one is
// no smaller.
type ledger struct {
	requests                  [pool.NumRequestResults]atomic.Uint64
	returns                   [pool.NumReturnResults]atomic.Uint64
	requested                 atomic.Uint64
	hitBytes, pooledBytes     atomic.Uint64
	prewarmed, prewarmedBytes atomic.Uint64
	evicted, evictedBytes     [pool.NumEvictionReasons]atomic.Uint64
}

// counts returns the depot's ledger, and makes it at the first call. If two callers
// make one at the same time, the exchange keeps the first, and both count there.
func (d *depot) counts() *ledger {
	if l := d.ledger.Load(); l != nil {
		return l
	}
	d.ledger.CompareAndSwap(nil, new(ledger))
	return d.ledger.Load()
}

// countHit counts a hit that no cell counted.
func (d *depot) countHit(size int64, asked int) {
	d.counts().requests[pool.Hit].Add(1)
	d.counts().hitBytes.Add(uint64(size))
	d.counts().requested.Add(uint64(asked))
}

// countReturns adds the returns that the depot counted. Stats calls it before it reads
// any request, and countRequests after all returns, so that the number in use comes out
// too high, and never below 0.
func (d *depot) countReturns(c *pool.Counts) {
	l := d.ledger.Load()
	if l == nil {
		return
	}
	for r := range c.Returns {
		c.Returns[r] += l.returns[r].Load()
	}
	c.Prewarmed += l.prewarmed.Load()
	if d.size == 0 {
		c.IdleBytes += int64(l.pooledBytes.Load() + l.prewarmedBytes.Load())
	}
}

// countRequests adds the other counts of the depot, evictions too: read late, they make
// the number idle come out too low, and so within the limit.
func (d *depot) countRequests(c *pool.Counts) {
	l := d.ledger.Load()
	if l == nil {
		return
	}
	for r := range c.Requests {
		c.Requests[r] += l.requests[r].Load()
	}
	c.RequestedBytes += l.requested.Load()
	for r := range c.Evictions {
		c.Evictions[r] += l.evicted[r].Load()
		c.EvictedBytes[r] += l.evictedBytes[r].Load()
	}
	if d.size == 0 {
		c.IdleBytes -= int64(l.hitBytes.Load())
	}
}
