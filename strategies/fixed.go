package strategies

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/percpu"
	"github.com/otelpool/pool/internal/safety"
)

// FixedConfig configures NewFixed. Size and Count are required.
type FixedConfig struct {
	// Name publishes the pool; "" does not.
	Name string
	// Registry is where; nil is pool.Default.
	Registry *pool.Registry
	// OnDuplicate says what happens if an open pool has the name already.
	OnDuplicate pool.OnDuplicate

	// Size is the bytes of one buffer. With a multiple of 64, neighbours share
	// no cache line.
	Size int
	// Count is how many buffers there are. They are allocated at once.
	Count int
	// Zero says when reused buffers are cleared, over their whole size.
	Zero Zeroing
	// Safety says what is told of a second Put and of a foreign buffer, which a slab
	// finds by itself: nothing with SafetyOff; where it happened with SafetySampled;
	// also where the buffer was taken and first given back with SafetyStrict.
	Safety Safety
}

// Fixed is Count buffers of Size bytes, cut from one allocation: for memory that
// is bounded by construction, and for the buffers of httputil.ReverseProxy, whose
// BufferPool it is.
//
// Get allocates when all are in use; the overflow is dropped when it comes back,
// and counted as full. TryGet returns nothing instead, and counts nothing: it
// handed nothing out and allocated nothing, so it is neither hit nor miss.
// Acquire waits, first come first served; while someone waits, Get and TryGet
// find nothing even if a buffer comes back.
//
// A buffer is recognized by its address. Put takes it back from any part of it,
// prefix, suffix or middle, and detects exactly, in constant time, a buffer that
// is not the pool's (foreign) and one that is free already (double). It cannot
// tell a second Put from the first once the buffer has a new user, or the pool is
// closed. An overflow buffer has no address to be known by: as many buffers of
// the right size as there were overflows pass for them.
//
// All of it is one allocation, so a part cannot be given back: Fixed is not
// pool.Resizable, takes part in no budget, and its idle bytes are reserved
// whether or not it is used. Close lets go of it: it is freed with the last
// buffer in use.
//
// All methods are safe for concurrent use. A hit costs Get two atomic operations
// and Put two; they lock only if someone waits.
type Fixed struct {
	core *fixed
	pub  *pool.Publication
}

// fixed is what outlives a dropped handle: what the registry holds.
type fixed struct {
	slots slots
	slab  slab
	zero  Zeroing
	watch *safety.Slots // nil: SafetyOff

	counters   percpu.Counters
	requests   [pool.NumRequestResults]atomic.Uint64 // all but hits
	returns    [pool.NumReturnResults]atomic.Uint64  // all but pooled
	otherBytes atomic.Uint64                         // capacity of foreign and closed returns
}

const (
	fixedHit = iota
	fixedPooled
)

// NewFixed returns a pool, or an error that says all that is wrong with the
// config.
func NewFixed(c FixedConfig) (*Fixed, error) {
	p := problems{kind: "FixedConfig"}
	p.addIf(c.Size <= 0, "Size", c.Size, "use the bytes of one buffer, at least 1")
	p.addIf(c.Count <= 0, "Count", c.Count, "use the number of buffers, at least 1")
	p.addIf(c.Count > maxSlots, "Count", c.Count, fmt.Sprintf("use at most %d", maxSlots))
	p.addIf(c.Size > 0 && c.Count > 0 && c.Count > math.MaxInt/c.Size,
		"Size", c.Size, "Size times Count must fit an int")
	p.zeroing(c.Zero)
	p.safety(c.Safety)
	if err := p.err(); err != nil {
		return nil, err
	}
	core := &fixed{zero: c.Zero}
	core.slots.init(c.Count)
	core.slab.init(c.Size, c.Count)
	place := publication{c.Name, c.Registry, c.OnDuplicate}
	if how := c.Safety.inForce(); how != SafetyOff {
		strict := how == SafetyStrict
		core.watch = safety.NewSlots(safety.Config{Strict: strict, Panics: debugBuild, Registry: place.in()}, c.Count, c.Size)
	}
	pub, err := place.publish(core)
	if err != nil {
		return nil, err
	}
	if core.watch != nil {
		core.watch.SetName(pub.Name())
	}
	f := &Fixed{core, pub}
	withdrawWhenDropped(f, pub)
	return f, nil
}

// Get returns a buffer of length and capacity Size: one of the slab's, or, if
// none is free, a new one.
func (f *Fixed) Get() []byte {
	if b, ok := f.core.tryGet(); ok {
		return b
	}
	return f.core.make()
}

// TryGet returns a buffer of the slab if one is free. It never allocates; of a
// closed pool it returns none.
func (f *Fixed) TryGet() ([]byte, bool) { return f.core.tryGet() }

// Acquire returns a buffer of the slab, and waits for one if none is free. Only
// if it has to wait does it look at ctx: when that is done first, it returns
// ctx's error, and the request counts as timeout or canceled. A buffer that
// comes back at the same moment is returned without error. When the pool is
// closed, waiting ends with a newly allocated buffer.
func (f *Fixed) Acquire(ctx context.Context) ([]byte, error) {
	c := f.core
	if b, ok := c.tryGet(); ok {
		return b, nil
	}
	first := c.slab.first.Load() // keeps the slab for the slot we may get
	slot, w := c.slots.enqueue()
	if w != nil {
		start := time.Now()
		slot = c.slots.wait(ctx, w)
		f.pub.ObserveWait(time.Since(start))
	}
	switch slot {
	case slotNone:
		return nil, c.gaveUp(ctx.Err())
	case slotClosed:
		return c.make(), nil
	default:
		return c.hand(first, slot), nil
	}
}

// Put takes a buffer back; the caller must not use it any more.
func (f *Fixed) Put(b []byte) {
	c := f.core
	if cap(b) == 0 {
		c.returns[pool.NilReturn].Add(1)
		return
	}
	slot, ok := c.slab.find(b)
	if !ok {
		c.putOutside(cap(b))
		return
	}
	if !c.slots.claim(slot) {
		c.putTwice(slot, cap(b))
		return
	}
	if c.zero == ZeroOnPut {
		c.clear(slot)
	}
	c.watch.Gave(slot)
	if c.slots.release(slot) {
		c.counters.Inc(fixedPooled)
	} else {
		c.drop(pool.ReturnClosed, int(c.slab.size))
	}
}

// Name is the name the pool is published under, or "".
func (f *Fixed) Name() string { return f.pub.Name() }

// Stats implements pool.Source.
func (f *Fixed) Stats(into *pool.Stats) {
	f.core.Stats(into)
	into.Name = f.pub.Name()
}

// Close lets go of the slab, lets waiting callers go with a new buffer each, and
// withdraws the pool from its registry. Later Gets and Acquires allocate, later
// Puts drop, and both are counted as closed. Closing twice does nothing.
func (f *Fixed) Close() {
	f.core.slots.close()
	f.core.slab.first.Store(nil)
	f.pub.Close()
}

// tryGet loads the slab first: Close lets go of it after it has taken all slots,
// so whoever still got one has the slab to it.
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
	if c.zero == ZeroOnGet {
		clear(b)
	}
	return b
}

// make stands in where there is no slot.
func (c *fixed) make() []byte {
	result := pool.Miss
	if c.slots.closed() {
		result = pool.RequestClosed
	}
	c.requests[result].Add(1)
	return make([]byte, c.slab.size)
}

func (c *fixed) clear(slot uint32) {
	if first := c.slab.first.Load(); first != nil {
		clear(c.slab.slot(first, slot))
	}
}

// putTwice counts a buffer that is free. Of a closed pool it may be another, at
// the address of a slab that has been collected.
func (c *fixed) putTwice(slot uint32, bytes int) {
	if c.slots.closed() {
		c.drop(pool.ReturnClosed, bytes)
	} else {
		c.returns[pool.Double].Add(1)
		c.watch.Twice(slot, bytes)
	}
}

// putOutside counts a buffer from elsewhere: overflow that comes back, as long as
// it may be.
func (c *fixed) putOutside(bytes int) {
	switch {
	case c.slots.closed():
		c.drop(pool.ReturnClosed, bytes)
	case bytes != int(c.slab.size) || !c.countFull():
		c.drop(pool.Foreign, bytes)
		if c.watch != nil {
			c.watch.Foreign(bytes)
		}
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

func (c *fixed) drop(result pool.ReturnResult, bytes int) {
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

// Stats is the handle's.
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
	if c.watch != nil {
		into.Knows.Misuse = slabMisuse
		c.watch.Counts(into)
	}
}

// Samples implements pool.Sampler: all of a strict pool's, none of another's.
func (c *fixed) Samples(yield func(pool.Sample) bool) { c.watch.Samples(yield) }

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

// Samples implements pool.Sampler: see FixedConfig.Safety.
func (f *Fixed) Samples(yield func(pool.Sample) bool) { f.core.Samples(yield) }

var (
	_ pool.Source  = (*Fixed)(nil)
	_ pool.Sampler = (*Fixed)(nil)
	_ pool.Sampler = (*fixed)(nil)
)
