package strategies

import (
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/percpu"
	"github.com/otelpool/pool/internal/raceghost"
)

// sizeClasses is the core that the registry holds; it outlives a dropped handle.
type sizeClasses struct {
	engineCore
	table *classTable
	zero  Zeroing

	bypassed, bypassedBytes atomic.Uint64
	rejected                [pool.NumReturnResults]atomic.Uint64
	rejectedBytes           atomic.Uint64
}

// getCleared is Get where the handle's lookup has no class, as it has none for pools
// that clear at Get: so Get has no test for them, and they take from the P's cell here.
// It begins pinned.
func (s *SizeClasses) getCleared(pid, n int) []byte {
	ps := s.front.Ps()
	if s.core.zero != ZeroOnGet || !ps.Has(pid) {
		return s.get(n)
	}
	class, known := s.core.table.class(n)
	if !known {
		return s.get(n)
	}
	cell := ps.At(pid, class)
	x := cell.Take()
	if x == nil {
		cell.Unlock()
		return s.get(n)
	}
	sample := !cell.Count(n)
	cell.Leave()
	b := s.core.taken(x, class, n, sample)
	runtime.KeepAlive(s)
	return b
}

// get is Get where the P's cell or the lookup had no answer. It begins pinned.
func (s *SizeClasses) get(n int) (b []byte) {
	percpu.Unpin()
	if class, known := s.core.table.class(n); known {
		b = s.core.get(class, n)
		s.core.engine.Refresh(&s.front)
	} else {
		b = s.core.bypass(n)
	}
	runtime.KeepAlive(s) // as in Get
	return b
}

// put is Put, likewise.
func (s *SizeClasses) put(x unsafe.Pointer, size int) {
	percpu.Unpin()
	if class, known := s.core.table.exact(size); known == size {
		s.core.put(class, x, size)
		s.core.engine.Refresh(&s.front)
	} else {
		s.core.putMisfit(x, size)
	}
	runtime.KeepAlive(s)
}

// get returns a buffer of length n and a class's capacity.
func (c *sizeClasses) get(class, n int) []byte {
	if c.mode.state.Load() == isOff {
		return c.fresh(class, n)
	}
	x, sample := c.engine.Get(class, n)
	return c.taken(x, class, n, sample)
}

// taken is a buffer of which the engine gave x, or nothing.
func (c *sizeClasses) taken(x unsafe.Pointer, class, n int, sample bool) []byte {
	switch {
	case sample:
		return c.sampled(x, n)
	case x == nil:
		return c.fresh(class, n)
	}
	raceghost.Get(x)
	b := buffer(x, n, c.table.size[class])
	if c.zero == ZeroOnGet {
		clear(b[:cap(b)])
	}
	return b
}

// fresh is a new buffer of the class.
func (c *sizeClasses) fresh(class, n int) []byte { return make([]byte, c.table.size[class])[:n] }

// bypass allocates what no class holds.
func (c *sizeClasses) bypass(n int) []byte {
	if n < 0 {
		panic("strategies: Get of a negative length")
	}
	if c.mode.state.Load() != isOff {
		c.bypassed.Add(1)
		c.bypassedBytes.Add(uint64(n))
	}
	return make([]byte, n)
}

// put takes back a buffer of a class.
func (c *sizeClasses) put(class int, x unsafe.Pointer, size int) {
	if !c.accepts(size) {
		return
	}
	if c.zero == ZeroOnPut {
		clear(buffer(x, size, size))
		raceghost.Put(x, uintptr(size))
	}
	c.engine.Put(class, x, 0)
}

// ghosted tells, in race builds, whether Put gives a buffer of that capacity to a ghost
// as it is: not where the pool still clears it, nor a stand-in, which Confine fills.
func (c *sizeClasses) ghosted(size int) bool {
	_, exact := c.table.exact(size)
	return exact == size && c.zero != ZeroOnPut
}

// accepts reports whether the pool's mode is to keep buffers, and counts the return of one of
// a class's size if it is to count only.
func (c *sizeClasses) accepts(size int) bool {
	state := c.mode.state.Load()
	if state == isCount {
		c.rejected[pool.Refused].Add(1)
		c.rejectedBytes.Add(uint64(size))
	}
	return state != isCount && state != isOff
}

// putMisfit takes back a buffer whose capacity is no class's: a stand-in, or somebody else's,
// which it counts.
func (c *sizeClasses) putMisfit(x unsafe.Pointer, size int) {
	if c.putStandIn(x) || c.mode.state.Load() == isOff {
		return
	}
	misfit := c.table.misfit(size)
	c.rejected[misfit].Add(1)
	if misfit == pool.Foreign || misfit == pool.Undersize {
		c.watch.Foreign(size)
	}
	c.rejectedBytes.Add(uint64(size))
}

// Stats implements [pool.Source] for the handle.
func (c *sizeClasses) Stats(into *pool.Stats) {
	var rejected [pool.NumReturnResults]uint64
	for r := range rejected {
		rejected[r] = c.rejected[r].Load()
	}
	rejectedBytes := int64(c.rejectedBytes.Load())
	c.engine.Stats(into)
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
		Rows:     pool.KnowsInUseBytes | pool.KnowsAllocatedBytes | pool.KnowsRequestedBytes,
		Requests: pool.SetOf(pool.Bypass),
		Returns:  pool.SetOf(pool.Oversize, pool.Undersize, pool.Foreign),
	}
	c.know(into, bufferMisuse)
}
