package strategies

import (
	"context"
	"errors"
	"sync/atomic"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/percpu"
	"github.com/otelpool/pool/internal/raceghost"
	"github.com/otelpool/pool/internal/safety"
)

// fixed is the core that the registry holds; it outlives a dropped handle.
type fixed struct {
	slots slots
	slab  slab
	zero  Zeroing
	watch safety.Slots // without a Watch: SafetyOff

	counters   percpu.Counters
	requests   [pool.NumRequestResults]atomic.Uint64 // all but hits
	returns    [pool.NumReturnResults]atomic.Uint64  // all but pooled
	otherBytes atomic.Uint64                         // capacity of foreign and closed returns
}

const (
	fixedHit = iota
	fixedPooled
)

// tryGet loads the slab first: Close drops it only after it has taken all slots, so
// whoever got a slot before has its slab.
func (c *fixed) tryGet() ([]byte, bool) {
	first := c.slab.first.Load()
	slot, ok := c.slots.take()
	if !ok {
		return nil, false
	}
	return c.hand(first, slot), true
}

// hand makes a slot the caller's buffer.
func (c *fixed) hand(first *byte, slot uint32) []byte {
	c.counters.Inc(fixedHit)
	c.watch.Took(slot)
	b := c.slab.slot(first, slot)
	raceghost.Get(unsafe.Pointer(unsafe.SliceData(b)))
	if c.zero == ZeroOnGet {
		clear(b)
	}
	return b
}

// overflow is a buffer that stands in where there is no slot.
func (c *fixed) overflow() []byte {
	result := pool.Miss
	if c.slots.closed() {
		result = pool.RequestClosed
	}
	c.requests[result].Add(1)
	return make([]byte, c.slab.size)
}

func (c *fixed) clearSlot(slot uint32) {
	if first := c.slab.first.Load(); first != nil {
		clear(c.slab.slot(first, slot))
	}
}

// haunt tells the race detector of a Put of all of a slot.
func (c *fixed) haunt(slot uint32, put func(unsafe.Pointer, uintptr)) {
	if first := c.slab.first.Load(); first != nil {
		put(unsafe.Pointer(unsafe.SliceData(c.slab.slot(first, slot))), c.slab.size)
	}
}

// putTwice counts a buffer that is free. Of a closed pool it may be another, at
// the address of a slab that has been collected.
func (c *fixed) putTwice(slot uint32, bytes int) {
	if c.slots.closed() {
		c.countDropped(pool.ReturnClosed, bytes)
	} else {
		if raceghost.On {
			c.haunt(slot, raceghost.Again)
		}
		c.returns[pool.Double].Add(1)
		c.watch.Twice(slot, bytes)
	}
}

// putOutside counts a buffer from elsewhere: overflow that comes back, as long as
// it may be.
func (c *fixed) putOutside(bytes int) {
	switch {
	case c.slots.closed():
		c.countDropped(pool.ReturnClosed, bytes)
	case bytes != int(c.slab.size) || !c.countFull():
		c.countDropped(pool.Foreign, bytes)
		c.watch.Foreign(bytes)
	}
}

// countFull counts a return as full unless as many as overflowed have been.
func (c *fixed) countFull() bool {
	full := &c.returns[pool.Full]
	for {
		n := full.Load()
		if n >= c.requests[pool.Miss].Load() {
			return false
		}
		if full.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (c *fixed) countDropped(result pool.ReturnResult, bytes int) {
	c.returns[result].Add(1)
	c.otherBytes.Add(uint64(bytes))
}

func (c *fixed) gaveUp(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		c.requests[pool.RequestTimeout].Add(1)
	} else {
		c.requests[pool.RequestCanceled].Add(1)
	}
	return err
}

// Stats implements [pool.Source] for the handle.
func (c *fixed) Stats(into *pool.Stats) {
	into.Reset()
	into.Strategy = "fixed"
	into.Closed = c.slots.closed()
	c.fill(&into.Counts)
	into.Pending = c.slots.pending.Load()
	into.ObjectLimit = int64(c.slab.count)
	into.Limit = int64(c.slab.count * c.slab.size)
	into.InUse = int64(into.HandedOut()) - int64(into.TakenBack())
	sized := into.HandedOut() - into.Returns[pool.Pooled] - into.Returns[pool.Full]
	into.InUseBytes = int64(sized)*int64(c.slab.size) - int64(c.otherBytes.Load())
	into.Knows = pool.Knowledge{
		Rows: pool.KnowsIdle | pool.KnowsIdleBytes | pool.KnowsEvictedBytes | pool.KnowsInUse | pool.KnowsInUseBytes |
			pool.KnowsAllocatedBytes | pool.KnowsLimit | pool.KnowsObjectLimit | pool.KnowsPending,
		Requests: pool.SetOf(pool.Hit, pool.Miss, pool.RequestClosed, pool.RequestTimeout, pool.RequestCanceled),
		Returns: pool.SetOf(pool.Pooled, pool.Full, pool.Foreign, pool.Double,
			pool.NilReturn, pool.ReturnClosed),
		Evictions: pool.SetOf(pool.EvictClosed),
	}
	if c.watch.Watch != nil {
		into.Knows.Misuse = slabMisuse
		c.watch.Counts(into)
	}
}

// Samples implements control.Sampler: all of a strict pool's, none of another's.
func (c *fixed) Samples(yield func(control.Sample) bool) { c.watch.Samples(yield) }

// fill sets the totals. A slot is handed out before it is counted as such, and
// counted as pooled after it is free, so idle has to be kept within its bounds
// while the pool is in use.
func (c *fixed) fill(into *pool.Counts) {
	size, count := uint64(c.slab.size), uint64(c.slab.count)
	for r := range c.requests {
		into.Requests[r] = c.requests[r].Load()
	}
	for r := range c.returns {
		into.Returns[r] = c.returns[r].Load()
	}
	into.Requests[pool.Hit] = c.counters.Sum(fixedHit)
	into.Returns[pool.Pooled] = c.counters.Sum(fixedPooled)
	evicted := c.slots.evicted.Load()
	into.Evictions[pool.EvictClosed], into.EvictedBytes[pool.EvictClosed] = evicted, evicted*size
	into.Prewarmed = count
	into.Allocations = count + into.Requests[pool.Miss] + into.Requests[pool.RequestClosed]
	into.AllocatedBytes = into.Allocations * size
	idle := int64(count + into.Returns[pool.Pooled] - into.Requests[pool.Hit] - evicted)
	into.Idle = min(max(idle, 0), int64(count))
	into.IdleBytes = into.Idle * int64(size)
}

var _ control.Sampler = (*fixed)(nil)
