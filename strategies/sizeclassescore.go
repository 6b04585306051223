package strategies

import (
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/percpu"
)

// sizeClasses is what outlives a dropped handle: what the registry holds.
type sizeClasses struct {
	engineCore
	table *classTable
	zero  Zeroing

	bypassed, bypassedBytes atomic.Uint64
	rejected                [pool.NumReturnResults]atomic.Uint64
	rejectedBytes           atomic.Uint64
}

// get is Get where the P's cell or the table had no answer.
func (s *SizeClasses) get(n int) []byte {
	defer runtime.KeepAlive(s) // as in Get
	if s.core.mode.state.Load() == isOff {
		return s.core.make(n)
	}
	if s.core.zero == ZeroOnGet {
		if b := s.getCleared(n); b != nil {
			return b
		}
	}
	defer s.core.engine.Refresh(&s.front)
	return s.core.get(n)
}

// getCleared takes a buffer off the P's cell and clears it, or returns nil.
func (s *SizeClasses) getCleared(n int) []byte {
	class, size := s.core.table.find(n)
	if uint(n-1) >= uint(size) {
		return nil
	}
	cell := s.front.At(percpu.Pin(), class)
	x := cell.Take()
	ordinary := x == nil || cell.Count(n)
	cell.Leave()
	switch {
	case x == nil:
		return nil
	case !ordinary:
		return s.core.sampled(x, n, class)
	}
	b := buffer(x, n, size)
	clear(b[:size])
	return b
}

// put is Put, likewise.
func (s *SizeClasses) put(x unsafe.Pointer, size int) {
	defer runtime.KeepAlive(s)
	if _, exact := s.core.table.exact(size); exact != size && s.core.returned(x) {
		return
	}
	if state := s.core.mode.state.Load(); state == isOff || state == isCount {
		s.core.drop(state, size)
		return
	}
	if s.core.zero == ZeroOnPut && s.putCleared(x, size) {
		return
	}
	s.core.put(x, size)
	s.core.engine.Refresh(&s.front)
}

// putCleared clears a buffer of a class's size and puts it back.
func (s *SizeClasses) putCleared(x unsafe.Pointer, size int) bool {
	class, classSize := s.core.table.exact(size)
	if classSize != size {
		return false
	}
	clear(buffer(x, size, size))
	cell := s.front.At(percpu.Pin(), class)
	kept := cell.Give(x)
	cell.Leave()
	if !kept {
		s.core.engine.Put(class, x, 0)
		s.core.engine.Refresh(&s.front)
	}
	return true
}

// make is a buffer that nobody counts.
func (c *sizeClasses) make(n int) []byte {
	if class, ok := c.table.class(n); ok {
		return make([]byte, c.table.size[class])[:n]
	}
	return make([]byte, n)
}

// drop counts a return to a pool that does not pool.
func (c *sizeClasses) drop(state uint32, size int) {
	if state == isOff {
		return
	}
	if class, ok := c.table.class(size); !ok || size != c.table.size[class] {
		c.reject(size)
		return
	}
	c.rejected[pool.Refused].Add(1)
	c.rejectedBytes.Add(uint64(size))
}

func (c *sizeClasses) get(n int) []byte {
	if n < 0 {
		panic("strategies: Get of a negative length")
	}
	class, ok := c.table.class(n)
	if !ok {
		c.bypassed.Add(1)
		c.bypassedBytes.Add(uint64(n))
		return make([]byte, n)
	}
	x, sample := c.engine.Get(class, n)
	if sample {
		return c.sampled(x, n, class)
	}
	if x == nil {
		return make([]byte, c.table.size[class])[:n]
	}
	b := buffer(x, n, c.table.size[class])
	if c.zero == ZeroOnGet {
		clear(b[:cap(b)])
	}
	return b
}

func (c *sizeClasses) put(x unsafe.Pointer, size int) {
	class, ok := c.table.class(size)
	if !ok || size != c.table.size[class] {
		c.reject(size)
		return
	}
	c.engine.Put(class, x, 0)
}

// reject counts a buffer whose capacity is no class's.
func (c *sizeClasses) reject(size int) {
	misfit := c.table.misfit(size)
	c.rejected[misfit].Add(1)
	if misfit == pool.Foreign || misfit == pool.Undersize {
		c.watch.Foreign(size)
	}
	c.rejectedBytes.Add(uint64(size))
}

// Stats is the handle's.
func (c *sizeClasses) Stats(into *pool.Stats) {
	var rejected [pool.NumReturnResults]uint64
	for r := range rejected {
		rejected[r] = c.rejected[r].Load()
	}
	rejectedBytes := int64(c.rejectedBytes.Load())
	c.engine.Stats(into)
	into.Limit = c.Limit()
	for r, n := range rejected {
		into.Returns[r] += n
	}
	bypassed := c.bypassed.Load()
	into.Requests[pool.Bypass] = bypassed
	into.Allocations += bypassed
	bytes := c.bypassedBytes.Load()
	into.AllocatedBytes += bytes
	into.RequestedBytes += bytes
	into.InUse = int64(into.HandedOut()) - int64(into.TakenBack())
	into.InUseBytes = int64(bytes) - rejectedBytes
	for i := range into.Classes {
		class := &into.Classes[i]
		into.InUseBytes += (int64(class.HandedOut()) - int64(class.TakenBack())) * class.Size
	}
	into.Strategy = "sizeclasses"
	into.Knows = pool.Knowledge{
		Rows: pool.KnowsIdle | pool.KnowsIdleBytes | pool.KnowsEvictedBytes | pool.KnowsInUse | pool.KnowsInUseBytes |
			pool.KnowsAllocatedBytes | pool.KnowsRequestedBytes | pool.KnowsResizes,
		Requests: pool.SetOf(pool.Hit, pool.Miss, pool.Bypass, pool.RequestClosed),
		Returns: pool.SetOf(pool.Pooled, pool.Full, pool.Refused, pool.Oversize, pool.Undersize, pool.Foreign,
			pool.NilReturn, pool.ReturnPressure, pool.ReturnClosed),
		Evictions: engineEvictions,
	}
	c.mode.forget(into)
	if c.watch != nil {
		into.Knows.Returns |= pool.SetOf(pool.Double)
		into.Knows.Misuse = bufferMisuse
		c.watch.Counts(into)
	}
	if into.Limit != pool.Unlimited {
		into.Knows.Rows |= pool.KnowsLimit
	}
}

var (
	_ control.Ager    = (*sizeClasses)(nil)
	_ control.Sampler = (*sizeClasses)(nil)
)
