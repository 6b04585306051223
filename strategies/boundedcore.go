package strategies

import (
	"sync/atomic"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/safety"
)

// bounded is what outlives a dropped handle: what the registry holds. It knows
// nothing of its objects' type, see boundedFront.
type bounded struct {
	engineCore
	boundedFuncs
	object        int64             // bytes of an object, if they have one size
	span          int               // bytes of an object itself
	standIns      *safety.Addresses // watch's, if there is one
	panics        *pool.Registry
	nils, refused atomic.Uint64
	doubles       atomic.Uint64
}

// boundedFuncs is a config's functions, for pointers without a type. All but new
// may be nil.
type boundedFuncs struct {
	new     func() unsafe.Pointer
	size    func(unsafe.Pointer) int64
	discard func(unsafe.Pointer)
	// prepare does to x, an object that was put, what is to be done before the engine
	// has it: none of it may run pinned. It reports whether kept is to be kept, which is
	// x or what x is a stand-in for, and has let go of it if not.
	prepare func(x, kept unsafe.Pointer) (size int64, ok bool)
}

// make calls New for a request that has been counted. If it panics nothing was
// handed out, so it counts as if that had come back.
func (c *bounded) make() (x unsafe.Pointer) {
	made := false
	defer func() {
		if !made {
			c.refused.Add(1)
		}
	}()
	x = c.new()
	made = true
	return x
}

// put is Put where the P's cell had no room, or has not been asked.
func (c *bounded) put(x unsafe.Pointer, size int64) {
	if state := c.mode.state.Load(); state == isOff || state == isCount {
		c.drop(state, x)
		return
	}
	c.engine.Put(0, x, size)
}

// drop lets go of an object that is not kept.
func (c *bounded) drop(state uint32, x unsafe.Pointer) {
	if state != isOff {
		c.refused.Add(1)
	}
	c.letGo(x)
}

// letGo tells Discard.
func (c *bounded) letGo(x unsafe.Pointer) {
	if c.discard != nil {
		c.panics.Guard(func() { c.discard(x) })
	}
}

// bytes is what an object counts for: at least 1, so that a limit limits.
func (c *bounded) bytes(x unsafe.Pointer) int64 {
	if c.size == nil {
		return c.object
	}
	return max(c.size(x), 1)
}

func (c *bounded) warm(n int) int {
	return c.engine.Warm(0, n, func() (unsafe.Pointer, int64) {
		x := c.new()
		return x, c.bytes(x)
	})
}

// Stats is the handle's.
func (c *bounded) Stats(into *pool.Stats) {
	nils, refused := c.nils.Load(), c.refused.Load() // returns before requests
	c.engine.Stats(into)
	into.Limit = c.Limit()
	into.Classes = into.Classes[:0] // one class is no class
	into.Returns[pool.NilReturn] = nils
	into.Returns[pool.Refused] = refused
	into.InUse = int64(into.HandedOut()) - int64(into.TakenBack())
	into.Strategy = "bounded"
	into.Knows = pool.Knowledge{
		Rows:      pool.KnowsIdle | pool.KnowsIdleBytes | pool.KnowsEvictedBytes | pool.KnowsInUse | pool.KnowsResizes,
		Requests:  pool.SetOf(pool.Hit, pool.Miss, pool.RequestClosed),
		Returns:   pool.SetOf(pool.Pooled, pool.Full, pool.Refused, pool.NilReturn, pool.ReturnPressure, pool.ReturnClosed),
		Evictions: engineEvictions,
	}
	if c.object > 0 {
		into.Knows.Rows |= pool.KnowsAllocatedBytes | pool.KnowsInUseBytes
		into.InUseBytes = into.InUse * c.object
	}
	c.mode.forget(into)
	if c.watch != nil {
		into.Returns[pool.Double] = c.doubles.Load()
		into.Knows.Returns |= pool.SetOf(pool.Double)
		into.Knows.Misuse = objectMisuse
		c.watch.Counts(into)
	}
	if into.Limit != pool.Unlimited {
		into.Knows.Rows |= pool.KnowsLimit
		if c.object > 0 {
			into.Knows.Rows |= pool.KnowsObjectLimit
			into.ObjectLimit = into.Limit / c.object
		}
	}
}
