package strategies

import (
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/raceghost"
	"github.com/otelpool/pool/internal/safety"
)

// bounded is the core that the registry holds; it outlives a dropped handle. It knows
// nothing of its objects' type, see boundedFront.
type bounded struct {
	engineCore

	// The config's functions, for pointers without a type. All but create may be nil.
	create  func() (unsafe.Pointer, error) // the object or the error is nil
	size    func(unsafe.Pointer) int64
	discard func(unsafe.Pointer)
	// prepare does to x, an object that was put, everything that must not run pinned,
	// before the engine gets it. It reports whether the pool keeps kept, which is x or the
	// object that x stands in for; if not, it has discarded it.
	prepare func(x, kept unsafe.Pointer) (size int64, ok bool)

	object        int64             // bytes of an object, if they have one size, and 0 if not
	measure       *measure          // tells their sizes, if not nil
	standIns      *safety.Addresses // watch's, if there is one
	safety        Safety            // in force
	panics        *pool.Registry
	nils, refused atomic.Uint64
	doubles       atomic.Uint64
	failedMissed  atomic.Uint64 // requests for which New made nothing, taken for misses
	failedClosed  atomic.Uint64 // and those that found the pool closed
	strangers     strangers
	unsized       bool // bytes of objects are those of their type, and they may hold more
	saidUnsized   sync.Once
	typ           reflect.Type // the objects'
}

// newForRequest calls New for a request that has been counted. What it does not make counts
// as failed, also in a panic.
func (c *bounded) newForRequest() (x unsafe.Pointer, err error) {
	defer func() {
		switch {
		case x != nil:
		case c.mode.closed():
			c.failedClosed.Add(1)
		default:
			c.failedMissed.Add(1)
		}
	}()
	return c.create()
}

// put is Put where the P's cell had no room, or has not been asked.
func (c *bounded) put(x unsafe.Pointer, size int64) {
	if state := c.mode.state.Load(); state == isOff || state == isCount {
		c.refuse(state, x)
		return
	}
	switch c.engine.Put(0, x, size) {
	case pool.Full, pool.ReturnPressure:
		c.sayUnsized()
	}
}

// SetLimit implements [control.Resizable] for the handle.
func (c *bounded) SetLimit(bytes int64) int64 {
	if bytes < pool.Unlimited {
		c.sayUnsized()
	}
	return c.engineCore.SetLimit(bytes)
}

// sayUnsized says once, when a limit in bytes comes up, that the pool knows them only
// in part.
func (c *bounded) sayUnsized() {
	if c.unsized {
		c.saidUnsized.Do(func() {
			c.watch.Misconfigured(fmt.Sprintf("a limit in bytes counts %d for each object, the size of its type, which holds "+
				"pointers: give Size", c.object))
		})
	}
}

// refuse discards an object that is not kept, and counts it unless the pool is off.
func (c *bounded) refuse(state uint32, x unsafe.Pointer) {
	if state != isOff {
		c.refused.Add(1)
	}
	c.discardObject(x)
}

// discardObject hands an object that the pool drops to Discard.
func (c *bounded) discardObject(x unsafe.Pointer) {
	if c.discard != nil {
		raceghost.Get(x)
		c.panics.Guard(func() { c.discard(x) })
	}
}

// bytes returns the size that counts for an object: at least 1, so that a limit limits.
func (c *bounded) bytes(x unsafe.Pointer) int64 {
	switch {
	case c.measure != nil:
		return c.measure.of(x)
	case c.size != nil:
		return max(c.size(x), 1)
	default:
		return c.object
	}
}

func (c *bounded) warm(n int) int {
	return c.engine.Warm(0, n, func() (unsafe.Pointer, int64) {
		x, err := c.create()
		if err != nil {
			return nil, 0
		}
		return x, c.weigh(x)
	})
}

// weigh returns the bytes of a new object, which it discards if Size panics.
func (c *bounded) weigh(x unsafe.Pointer) (size int64) {
	defer func() {
		if size == 0 {
			c.discardObject(x)
		}
	}()
	return c.bytes(x)
}

// Stats implements [pool.Source] for the handle.
func (c *bounded) Stats(into *pool.Stats) {
	nils, refused, doubles := c.nils.Load(), c.refused.Load(), c.doubles.Load() // returns before requests
	foreign := c.strangers.refused.Load()
	failedMissed, failedClosed := c.failedMissed.Load(), c.failedClosed.Load() // before the engine's counts, which then have them
	c.engine.Stats(into)
	c.takeFailed(into, failedMissed, failedClosed)
	into.Classes = into.Classes[:0] // one class is no class
	into.Returns[pool.NilReturn] = nils
	into.Returns[pool.Refused] = refused
	into.Returns[pool.Foreign] = foreign
	into.Returns[pool.Double] = doubles
	into.InUse = max(int64(into.HandedOut())-int64(into.TakenBack()-foreign), 0)
	into.Strategy = "bounded"
	c.know(into)
}

// know says which of the figures the pool can know, and fills in those that depend on that.
func (c *bounded) know(into *pool.Stats) {
	into.Knows = pool.Knowledge{Requests: pool.SetOf(pool.RequestFailed)}
	misuse := objectMisuse
	if c.safety == SafetyStrict {
		into.Knows.Returns = pool.SetOf(pool.Foreign)
		misuse |= pool.SetOf(pool.MisuseForeign)
	}
	if c.object > 0 {
		into.Knows.Rows = pool.KnowsAllocatedBytes | pool.KnowsInUseBytes
		into.InUseBytes = into.InUse * c.object
	}
	c.engineCore.know(into, misuse)
	if c.object > 0 && into.Knows.Has(pool.KnowsLimit) {
		into.Knows.Rows |= pool.KnowsObjectLimit
		into.ObjectLimit = into.Limit / c.object
	}
}
