package strategies

import (
	"fmt"
	"math"
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/magazine"
	"github.com/otelpool/pool/internal/percpu"
	"github.com/otelpool/pool/internal/safety"
)

// BoundedConfig configures NewBounded. New is required.
type BoundedConfig[T any] struct {
	// Name publishes the pool; "" does not.
	Name string
	// Registry is where; nil is pool.Default.
	Registry *pool.Registry
	// OnDuplicate says what happens if an open pool has the name already.
	OnDuplicate pool.OnDuplicate

	// New makes an object when none is free. It must not return nil.
	New func() *T
	// Keep is asked first when an object is put back: false refuses it, for
	// instance because it has grown. nil keeps all.
	Keep func(*T) bool
	// Reset then makes it fit for its next user. nil leaves it as it is.
	Reset func(*T)
	// Size then tells how many bytes it holds on to. It is called once per Put,
	// and at prewarming; what it returns is what Limit limits. nil is the size
	// of T itself, which is right for values without pointers only.
	Size func(*T) int64
	// Discard is called for every object that the pool lets go of: refused, over
	// the limit, trimmed, left over at Close. It is the place to close a file or
	// to return memory to C. It may be called from any goroutine that uses the
	// pool, another pool of its budget or a controller, and from the runtime's for
	// cleanups, under no lock. So its panics are caught: see Registry.Panics.
	Discard func(*T)

	// Limit is the most idle bytes: 0 is DefaultLimit, pool.Unlimited none.
	Limit int64
	// MaxIdle is the most idle objects; 0 leaves it to Limit. It needs objects of
	// one size, so it does not go with Size.
	MaxIdle int
	// Budget is a limit shared with other pools, besides Limit; nil is the
	// registry's for a published pool, and none for others.
	Budget *pool.Budget
	// Prewarm is how many objects to make at once.
	Prewarm int
	// Safety is how closely the pool looks for misuse by its callers. For each
	// request that is sampled New makes one object more, and Discard has it later.
	Safety Safety
}

// Bounded is a pool of objects whose idle memory is limited and survives garbage
// collections: for what is expensive to make, such as compressors, parsers and
// scratch space.
//
// Get returns an object from New, fresh or as Reset left it. Put takes back what
// Get gave, once; a second Put is found of objects that are sampled, see Safety.
//
// All methods are safe for concurrent use, and New, Keep, Reset, Size and
// Discard may be called by several goroutines at once. Neither Get nor Put waits
// or, on a hit, allocates; beyond the functions of the config they cost about
// what a sync.Pool's do.
//
// A panic in New, Keep, Reset or Size is the caller's, as if it had called the
// function itself. The pool stays as it was, and counts the object as refused:
// one that New did not make, and one that was put and is not kept.
type Bounded[T any] struct {
	front magazine.Front // all of core that Get and Put need as long as they hit
	sized bool
	aside *safety.Addresses // what Put has to look at
	core  *bounded[T]
	pub   *pool.Publication
}

// bounded is what outlives a dropped handle: what the registry holds.
type bounded[T any] struct {
	BoundedConfig[T]
	engine        *magazine.Pool
	mode          engineMode
	object        int64         // bytes of an object, if they have one size
	plain         bool          // nothing is called in Put
	watch         *safety.Watch // nil: SafetyOff
	panics        *pool.Registry
	nils, refused atomic.Uint64
	doubles       atomic.Uint64
}

// NewBounded returns a pool, or an error that says all that is wrong with the
// config.
func NewBounded[T any](c BoundedConfig[T]) (*Bounded[T], error) {
	object := int64(max(unsafe.Sizeof(*new(T)), 1))
	limit, err := c.validate(object)
	if err != nil {
		return nil, err
	}
	place := publication{c.Name, c.Registry, c.OnDuplicate}
	core := &bounded[T]{BoundedConfig: c, panics: place.in(), plain: c.Keep == nil && c.Reset == nil && c.Size == nil}
	if c.Size == nil {
		core.object = object
	}
	config := magazine.Config{Sizes: []int64{core.object}, Limit: limit, Budget: place.budget(c.Budget)}
	if c.Discard != nil {
		config.Discard = func(x unsafe.Pointer) { core.letGo((*T)(x)) }
	}
	config.Pace = c.Safety.pace()
	if object == 1 && unsafe.Sizeof(*new(T)) == 0 {
		config.Pace = 0 // they may all have one address
	}
	core.engine = magazine.New(config)
	if config.Pace > 0 {
		core.watch = c.Safety.watch(safety.NewObjects, core.engine, safety.Config{Drop: config.Discard, Registry: place.in()})
	}
	pub, err := place.publish(core)
	if err != nil {
		core.engine.Close()
		return nil, err
	}
	core.watch.SetName(pub.Name())
	b := &Bounded[T]{sized: c.Size != nil, core: core, pub: pub, aside: safety.None}
	if core.watch != nil {
		b.aside = core.watch.Objects
	}
	core.engine.Refresh(&b.front)
	closeWhenDropped(b, core.engine, core.watch, pub)
	prewarm(b, c.Prewarm)
	return b, nil
}

// validate returns the limit in force.
func (c *BoundedConfig[T]) validate(object int64) (limit int64, err error) {
	p := problems{kind: "BoundedConfig"}
	limit = p.limit(c.Limit)
	p.addIf(c.New == nil, "New", "nil", "give a function that makes an object")
	p.addIf(c.MaxIdle < 0, "MaxIdle", c.MaxIdle, "use 0 or more")
	p.addIf(c.Prewarm < 0, "Prewarm", c.Prewarm, "use 0 or more")
	p.safety(c.Safety)
	if c.Size != nil {
		p.addIf(c.MaxIdle > 0, "MaxIdle", c.MaxIdle, "cannot be kept with Size: use Limit, in bytes")
		return limit, p.err()
	}
	if c.MaxIdle > 0 && int64(c.MaxIdle) <= math.MaxInt64/object {
		limit = min(limit, int64(c.MaxIdle)*object)
	}
	p.addIf(limit < object, "Limit", limit, fmt.Sprintf("less than one object; use at least %d", object))
	p.addIf(int64(c.Prewarm) > limit/object, "Prewarm", c.Prewarm,
		fmt.Sprintf("must fit the limit of %d bytes, which is %d objects", limit, limit/object))
	return limit, p.err()
}

// Get returns an object.
func (b *Bounded[T]) Get() *T {
	cell := b.front.At(percpu.Pin(), 0)
	var x unsafe.Pointer
	if b.sized {
		x = cell.TakeSized()
	} else {
		x = cell.Take()
	}
	if x != nil {
		if cell.Count(0) {
			cell.Leave()
			runtime.KeepAlive(b) // or a cleanup could take the last counts before this one
			return (*T)(x)
		}
		cell.Leave()
		return b.core.sampled(x)
	}
	cell.Leave()
	return b.get()
}

// Put takes an object back; the caller must not use it any more. Put(nil) does
// nothing, and counts.
func (b *Bounded[T]) Put(x *T) {
	if b.aside.May(unsafe.Pointer(x)) && b.core.returned(x) {
		return
	}
	size, ok := b.core.prepare(x, x)
	if !ok {
		return
	}
	cell := b.front.At(percpu.Pin(), 0)
	var kept bool
	if b.sized {
		kept = cell.GiveSized(unsafe.Pointer(x), size)
	} else {
		kept = cell.Give(unsafe.Pointer(x))
	}
	cell.Leave()
	if !kept {
		b.core.put(x, size)
		b.core.engine.Refresh(&b.front)
	}
	runtime.KeepAlive(b)
}

// Warm makes up to n objects and keeps them for later Gets, as far as the limit
// allows. It returns how many it kept.
func (b *Bounded[T]) Warm(n int) int {
	return b.core.engine.Warm(0, n, func() (unsafe.Pointer, int64) {
		x := b.core.New()
		return unsafe.Pointer(x), b.core.bytes(x)
	})
}

// Name is the name the pool is published under, or "".
func (b *Bounded[T]) Name() string { return b.pub.Name() }

// Stats implements pool.Source.
func (b *Bounded[T]) Stats(into *pool.Stats) {
	b.core.Stats(into)
	into.Name = b.pub.Name()
}

// Limit implements pool.Resizable.
func (b *Bounded[T]) Limit() int64 { return b.core.Limit() }

// Samples implements pool.Sampler.
func (b *Bounded[T]) Samples(yield func(pool.Sample) bool) { b.core.Samples(yield) }

// SetLimit implements pool.Resizable.
func (b *Bounded[T]) SetLimit(bytes int64) int64 { return b.core.SetLimit(bytes) }

// Trim implements pool.Resizable.
func (b *Bounded[T]) Trim(bytes int64) int64 { return b.core.Trim(bytes) }

// Mode implements pool.Switchable.
func (b *Bounded[T]) Mode() pool.Mode { return b.core.Mode() }

// SetMode implements pool.Switchable. What is idle when the pool leaves ModeOn is
// discarded, evicted with reason resize; what is put from then on is discarded,
// after Keep and Reset. A Discard function must not call it.
func (b *Bounded[T]) SetMode(m pool.Mode) { b.core.SetMode(m) }

// Close discards what the pool holds and withdraws it from its registry. Later
// Gets make new objects, later Puts discard, and both are counted as closed.
// Closing twice does nothing.
func (b *Bounded[T]) Close() {
	b.core.mode.close()
	b.core.engine.Close()
	b.core.watch.Close()
	b.pub.Close()
}

// get is Get where the P's cell was empty.
func (b *Bounded[T]) get() *T {
	if b.core.mode.state.Load() == isOff {
		return b.core.New()
	}
	x, sample := b.core.engine.Get(0, 0)
	b.core.engine.Refresh(&b.front)
	if sample {
		return b.core.sampled(x)
	}
	if x != nil {
		return (*T)(x)
	}
	return b.core.make()
}

// make calls New for a request that has been counted. If it panics nothing was
// handed out, so it counts as if that had come back.
func (c *bounded[T]) make() *T {
	made := false
	defer func() {
		if !made {
			c.refused.Add(1)
		}
	}()
	x := c.New()
	made = true
	return x
}

// prepare runs what the config wants done to an object that was put, before the
// engine has it: none of it may run pinned. It reports whether kept is to be kept,
// which is that object or what it is a stand-in for, and has let go of it if not.
func (c *bounded[T]) prepare(x, kept *T) (size int64, ok bool) {
	if c.plain {
		return c.object, true
	}
	defer func() {
		if !ok { // refused, or in a panic
			c.drop(c.mode.state.Load(), kept)
		}
	}()
	if c.Keep != nil && !c.Keep(x) {
		return 0, false
	}
	if c.Reset != nil {
		c.Reset(x)
	}
	return c.bytes(kept), true
}

// put is Put where the P's cell had no room.
func (c *bounded[T]) put(x *T, size int64) {
	if state := c.mode.state.Load(); state == isOff || state == isCount {
		c.drop(state, x)
		return
	}
	c.engine.Put(0, unsafe.Pointer(x), size)
}

// drop lets go of an object that is not kept.
func (c *bounded[T]) drop(state uint32, x *T) {
	if state != isOff {
		c.refused.Add(1)
	}
	c.letGo(x)
}

// letGo tells Discard.
func (c *bounded[T]) letGo(x *T) {
	if c.Discard != nil {
		c.panics.Guard(func() { c.Discard(x) })
	}
}

// bytes is what an object counts for: at least 1, so that a limit limits.
func (c *bounded[T]) bytes(x *T) int64 {
	if c.Size == nil {
		return c.object
	}
	return max(c.Size(x), 1)
}

// Limit is the handle's.
func (c *bounded[T]) Limit() int64 { return c.mode.limitOf(c.engine) }

// SetLimit is the handle's.
func (c *bounded[T]) SetLimit(bytes int64) int64 { return c.mode.setLimit(c.engine, bytes) }

// Mode is the handle's.
func (c *bounded[T]) Mode() pool.Mode { return c.mode.mode() }

// SetMode is the handle's.
func (c *bounded[T]) SetMode(m pool.Mode) { c.mode.setMode(c.engine, m) }

// Trim is the handle's.
func (c *bounded[T]) Trim(bytes int64) int64 {
	c.watch.Flush()
	return c.engine.Trim(bytes, pool.EvictPressure)
}

// Samples implements pool.Sampler.
func (c *bounded[T]) Samples(yield func(pool.Sample) bool) { c.watch.Samples(yield) }

// Age implements pool.Ager, as do the following.
func (c *bounded[T]) Age(now time.Time) { c.engine.Age(now) }

// Demand is the engine's.
func (c *bounded[T]) Demand(now time.Time, into *pool.Demand) { c.engine.Demand(now, into) }

// SetIdleAge is the engine's.
func (c *bounded[T]) SetIdleAge(class int, d time.Duration) { c.engine.SetIdleAge(class, d) }

// SetReserve is the engine's.
func (c *bounded[T]) SetReserve(bytes int64) { c.engine.SetReserve(bytes) }

// Curve is the engine's.
func (c *bounded[T]) Curve(into *pool.Curve) { c.engine.Curve(into) }

// Stats is the handle's.
func (c *bounded[T]) Stats(into *pool.Stats) {
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
		into.Knows.Rows |= pool.KnowsLost
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

var (
	_ pool.Objects[int] = (*Bounded[int])(nil)
	_ pool.Source       = (*Bounded[int])(nil)
	_ pool.Switchable   = (*Bounded[int])(nil)
	_ pool.Switchable   = (*bounded[int])(nil)
	_ pool.Resizable    = (*Bounded[int])(nil)
	_ pool.Ager         = (*bounded[int])(nil)
	_ pool.Sampler      = (*Bounded[int])(nil)
	_ pool.Sampler      = (*bounded[int])(nil)
)
