package strategies

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/handle"
	"github.com/otelpool/pool/internal/raceghost"
	"github.com/otelpool/pool/internal/safety"
)

// FixedConfig configures NewFixed. Size and Count are required.
type FixedConfig struct {
	// Name publishes the pool; "" does not.
	Name string
	// Registry is where it is published; nil is pool.Default.
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
	// Safety says what is reported of a second Put or a foreign buffer, both of which a
	// slab always finds: with SafetyOff nothing; with SafetySampled where it happened;
	// with SafetyStrict also where the buffer was taken and first given back.
	Safety Safety
}

// Fixed is Count buffers of Size bytes, cut from one allocation. It is for memory
// that is bounded by construction, and it is a BufferPool for httputil.ReverseProxy.
//
// Get allocates when all buffers are in use; the overflow is dropped when it comes
// back, and counted as full. TryGet returns nothing instead and counts nothing: it
// handed out and allocated nothing, so it is neither hit nor miss. Acquire waits,
// first come first served; while someone waits, Get and TryGet find nothing even if a
// buffer comes back.
//
// A buffer is recognized by its address. Put accepts any part of it, prefix, suffix
// or middle. In constant time it detects exactly a buffer that is not the pool's
// (foreign) and one that is free already (double). It cannot tell a second Put from
// the first once the buffer has a new user or the pool is closed. Overflow buffers
// have no address to be known by: as many buffers of the right size as there were
// overflows pass for them.
//
// The slab is one allocation, so no part of it can be freed: Fixed is not
// [control.Resizable], takes part in no budget, and reserves its memory whether it is
// used or not. Close drops the slab, which is freed with the last buffer in use.
//
// All methods are safe for concurrent use. A hit costs Get two atomic operations, and
// Put two; they lock only if someone waits.
type Fixed struct {
	core  *fixed
	pub   *pool.Publication
	token handle.Token
}

// NewFixed returns a pool, or an error that lists every mistake in the config.
func NewFixed(c FixedConfig) (*Fixed, error) {
	p := problemsOf("FixedConfig")
	p.AddIf(c.Size <= 0, "Size", c.Size, "use the bytes of one buffer, at least 1")
	p.AddIf(c.Count <= 0, "Count", c.Count, "use the number of buffers, at least 1")
	p.AddIf(c.Count > maxSlots, "Count", c.Count, fmt.Sprintf("use at most %d", maxSlots))
	p.With("Count").AddIf(c.Size > 0 && c.Count > 0 && c.Count > math.MaxInt/c.Size,
		"Size", c.Size, "Size times Count must fit an int")
	p.zeroing(c.Zero)
	p.safety(c.Safety)
	if err := p.Err(); err != nil {
		return nil, err
	}
	core := &fixed{zero: c.Zero}
	core.slots.init(c.Count)
	core.slab.init(c.Size, c.Count)
	place := publication{c.Name, c.Registry, c.OnDuplicate}
	core.watch = safety.NewSlots(c.Safety.watch(safety.New, safety.Config{Registry: place.in()}), c.Count, c.Size)
	pub, err := place.publish(core)
	if err != nil {
		return nil, err
	}
	core.watch.SetName(pub.Name())
	f := &Fixed{core: core, pub: pub, token: handle.New()}
	withdrawWhenDropped(&f.token, pub)
	return f, nil
}

// Get returns a buffer of length and capacity Size: one of the slab's, or a new one
// if none is free.
func (f *Fixed) Get() []byte {
	if b, ok := f.core.tryGet(); ok {
		return b
	}
	return f.core.overflow()
}

// TryGet returns a buffer of the slab if one is free. It never allocates; a closed
// pool has none.
func (f *Fixed) TryGet() ([]byte, bool) { return f.core.tryGet() }

// Acquire returns a buffer of the slab, and waits for one if none is free. Only if it
// has to wait does it look at ctx: when that is done first, it returns ctx's error,
// and the request counts as timeout or canceled. A buffer that comes back at the same
// moment is returned without error. When the pool is closed, waiters get a newly
// allocated buffer.
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
		return c.overflow(), nil
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
		c.clearSlot(slot)
	}
	if raceghost.On {
		c.haunt(slot, raceghost.Put)
	}
	c.watch.Gave(slot)
	if c.slots.release(slot) {
		c.counters.Inc(fixedPooled)
	} else {
		c.countDropped(pool.ReturnClosed, int(c.slab.size))
	}
}

// Name returns the name under which the pool is published, or "".
func (f *Fixed) Name() string { return f.pub.Name() }

// Stats implements pool.Source.
func (f *Fixed) Stats(into *pool.Stats) {
	f.core.Stats(into)
	into.Name = f.pub.Name()
}

// Close drops the slab, gives each waiting caller a new buffer, and withdraws the
// pool from its registry. Later Gets and Acquires allocate, later Puts drop, and both
// are counted as closed. Closing twice does nothing.
func (f *Fixed) Close() {
	f.core.slots.close()
	f.core.slab.first.Store(nil)
	f.pub.Close()
}

// Samples implements control.Sampler: see FixedConfig.Safety.
func (f *Fixed) Samples(yield func(control.Sample) bool) { f.core.Samples(yield) }

var (
	_ pool.Source     = (*Fixed)(nil)
	_ control.Sampler = (*Fixed)(nil)
)
