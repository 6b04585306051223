package strategies

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/config"
	"github.com/otelpool/pool/internal/handle"
	"github.com/otelpool/pool/internal/magazine"
	"github.com/otelpool/pool/internal/safety"
)

// BoundedConfig configures NewBounded. New or NewE is required.
type BoundedConfig[T any] struct {
	// Name publishes the pool; "" does not.
	Name string
	// Registry is where it is published; nil is pool.Default.
	Registry *pool.Registry
	// OnDuplicate says what happens if an open pool has the name already.
	OnDuplicate pool.OnDuplicate

	// New makes an object when none is free. It must not return nil: Get would
	// return nil, and count it as misuse (config).
	New func() *T
	// NewE replaces New if making an object can fail, such as a decoder with a dictionary
	// from a file. Then GetE returns its error, and Get nil; both count the request as
	// failed. Warm and Prewarm stop.
	NewE func() (*T, error)
	// Keep is called first when an object is put back: false refuses it, for
	// instance because it has grown. nil keeps all.
	Keep func(*T) bool
	// Reset is called next and prepares it for its next user. nil leaves it as it is.
	Reset func(*T)
	// Size is called last and returns the bytes that the object occupies; Limit limits
	// their sum. It is called once per Put and at prewarming. nil is right for values
	// without pointers, whose size is their type's, and for strings.Builder,
	// bufio.Reader, bufio.Writer, slices of values without pointers, and structs with one
	// such slice as a field and no other pointer, such as bytes.Buffer: their buffers count
	// unless MaxIdle is set, and an array that objects share counts for each of them. For
	// others nil counts the size of T itself, and Limit must be left at its default.
	Size func(*T) int64
	// Discard is called for every object that the pool drops: refused, over the
	// limit, trimmed, left over at Close. Close files and free C memory here. It is
	// called under no lock, on any goroutine that uses this pool or another one of
	// its budget, on a controller's, or on the runtime's for cleanups. So its panics
	// are caught: see Registry.Panics.
	Discard func(*T)

	// Limit is the most idle bytes: 0 is DefaultLimit, pool.Unlimited none.
	Limit int64
	// MaxIdle is the most idle objects; 0 leaves that to Limit. It needs objects of
	// one size, so it excludes Size.
	MaxIdle int
	// Budget is a limit shared with other pools, besides Limit. nil is the
	// registry's if the pool is published, and none otherwise.
	Budget *pool.Budget
	// Prewarm is the number of objects that the constructor makes.
	Prewarm int
	// Safety says how closely the pool checks its callers. For each request that is
	// sampled, New makes one more object, which Discard gets later.
	Safety Safety

	// moves: what one such pool gave is put into another, so addresses tell of no
	// mistakes.
	moves bool
}

// Bounded is a pool of objects whose idle memory is limited and survives garbage
// collections. It is for objects that are expensive to make, such as compressors,
// parsers and scratch space.
//
// Get returns an object from New, fresh or as Reset left it. Put takes back what Get
// returned, once; a second Put of a sampled object is found, see [Safety].
//
// All methods are safe for concurrent use, and several goroutines may call New, Keep,
// Reset, Size and Discard at once. Neither Get nor Put waits or, on a hit, allocates;
// beyond the functions of the config they cost about as much as a sync.Pool's.
//
// A panic in New, Keep, Reset or Size reaches the caller, as if it had called the
// function itself. The pool stays as it was. A request for which New made no object
// counts as failed, and an object that is put and not kept as refused.
type Bounded[T any] struct {
	front boundedFront
	pub   *pool.Publication
	token handle.Token
}

// NewBounded returns a pool, or an error that lists every mistake in the config.
func NewBounded[T any](c BoundedConfig[T]) (*Bounded[T], error) {
	place := publication{c.Name, c.Registry, c.OnDuplicate}
	core := &bounded{panics: place.in(), typ: reflect.TypeFor[T](), standIns: safety.None, safety: SafetyOff}
	if c.Size == nil && c.MaxIdle == 0 {
		if core.measure = measureOf(core.typ); core.measure == nil {
			c.Size = defaultSize[T]()
		}
	}
	if c.Size == nil && core.measure == nil {
		core.object = int64(max(core.typ.Size(), 1))
		core.unsized = holdsPointers(core.typ)
	}
	limit, err := c.validate(core)
	if err != nil {
		return nil, err
	}
	c.open(core, limit, place)
	c.giveFunctions(core)
	pub, err := place.publish(core)
	if err != nil {
		core.engine.Close()
		return nil, err
	}
	core.watch.SetName(pub.Name())
	b := &Bounded[T]{pub: pub, token: handle.New()}
	b.front.open(core)
	core.closeWhenDropped(&b.token, pub)
	prewarm(b, c.Prewarm)
	return b, nil
}

// open gives core its engine, and what watches over its objects.
func (c *BoundedConfig[T]) open(core *bounded, limit int64, place publication) {
	config := magazine.Config{Sizes: []int64{core.object}, Limit: limit, Budget: place.budget(c.Budget)}
	if c.Discard != nil {
		config.Discard = core.discardObject
	}
	if core.typ.Size() > 0 && !c.moves { // or they may all have one address
		config.Sampling = c.Safety.sampling()
	}
	core.engine = magazine.New(config)
	if config.Sampling.Least > 0 {
		core.safety = c.Safety.inForce()
		core.watch = c.Safety.watch(safety.NewObjects, safety.Config{Engine: core.engine, Drop: config.Discard, Registry: place.in()})
		core.standIns = core.watch.Objects
	}
}

// giveFunctions gives core, which is open, the config's functions.
func (c *BoundedConfig[T]) giveFunctions(core *bounded) {
	create := fallible(core.watch, c.New, c.NewE)
	core.create = func() (unsafe.Pointer, error) {
		x, err := create()
		return unsafe.Pointer(x), err
	}
	if c.Size != nil {
		core.size = func(x unsafe.Pointer) int64 { return c.Size((*T)(x)) }
	}
	if c.Discard != nil {
		core.discard = func(x unsafe.Pointer) { c.Discard((*T)(x)) }
	}
	if c.Keep != nil || c.Reset != nil || c.Size != nil {
		core.prepare = c.prepare(core)
	}
}

// prepare is core's. It calls the config's functions itself: one call less
// in every Put.
func (c *BoundedConfig[T]) prepare(core *bounded) func(x, kept unsafe.Pointer) (int64, bool) {
	return func(x, kept unsafe.Pointer) (size int64, ok bool) {
		defer func() {
			if !ok { // refused, or in a panic
				core.refuse(core.mode.state.Load(), kept)
			}
		}()
		if c.Keep != nil && !c.Keep((*T)(x)) {
			return 0, false
		}
		if c.Reset != nil {
			c.Reset((*T)(x))
		}
		if c.Size != nil {
			return max(c.Size((*T)(kept)), 1), true
		}
		return core.bytes(kept), true
	}
}

// validate returns the limit in force, for the objects of core.
func (c *BoundedConfig[T]) validate(core *bounded) (limit int64, err error) {
	p := problemsOf("BoundedConfig")
	limit = p.limit(c.Limit)
	p.AddIf(c.New == nil && c.NewE == nil, "New", "nil", "give a function that makes an object")
	p.AddIf(c.New != nil && c.NewE != nil, "NewE", "set, and New too", "give one of them")
	p.AddIf(core.unsized && c.Limit > 0 && c.Limit != pool.Unlimited, "Limit", c.Limit,
		fmt.Sprintf("in bytes, which %v does not tell since it holds pointers: give Size, or MaxIdle in place of Limit", core.typ))
	p.AddIf(c.MaxIdle < 0, "MaxIdle", c.MaxIdle, "use 0 or more")
	p.AddIf(c.Prewarm < 0, "Prewarm", c.Prewarm, "use 0 or more")
	p.safety(c.Safety)
	object := core.object
	if object == 0 {
		p.AddIf(c.MaxIdle > 0, "MaxIdle", c.MaxIdle, "cannot be kept with Size: use Limit, in bytes")
		return limit, p.Err()
	}
	if c.MaxIdle > 0 {
		limit = min(limit, config.Product(int64(c.MaxIdle), object))
	}
	p.AddIf(limit < object, "Limit", limit, fmt.Sprintf("less than one object; use at least %d", object))
	p.With("Limit").AddIf(int64(c.Prewarm) > limit/object, "Prewarm", c.Prewarm,
		fmt.Sprintf("must fit the limit of %d bytes, which is %d objects", limit, limit/object))
	return limit, p.Err()
}

// Get returns an object, or nil if NewE made none.
func (b *Bounded[T]) Get() *T { return (*T)(b.front.get()) }

// GetE is Get, and returns NewE's error if there is no object.
func (b *Bounded[T]) GetE() (*T, error) {
	x, err := b.front.getE()
	return (*T)(x), err
}

// Put takes an object back; the caller must not use it any more. Put(nil) does
// nothing but count.
func (b *Bounded[T]) Put(x *T) { b.front.put(unsafe.Pointer(x)) }

// Warm makes up to n objects and keeps them for later Gets, as far as the limit
// allows. It returns how many it kept.
func (b *Bounded[T]) Warm(n int) int { return b.front.core.warm(n) }

// Name returns the name under which the pool is published, or "".
func (b *Bounded[T]) Name() string { return b.pub.Name() }

// Safety returns how closely the pool checks its callers, which a debug build may have
// changed.
func (b *Bounded[T]) Safety() Safety { return b.front.core.safety }

// Stats implements pool.Source.
func (b *Bounded[T]) Stats(into *pool.Stats) {
	b.front.core.Stats(into)
	into.Name = b.pub.Name()
}

// Limit implements control.Resizable.
func (b *Bounded[T]) Limit() int64 { return b.front.core.Limit() }

// Samples implements control.Sampler.
func (b *Bounded[T]) Samples(yield func(control.Sample) bool) { b.front.core.Samples(yield) }

// SetLimit implements control.Resizable.
func (b *Bounded[T]) SetLimit(bytes int64) int64 { return b.front.core.SetLimit(bytes) }

// Trim implements control.Resizable.
func (b *Bounded[T]) Trim(bytes int64) int64 { return b.front.core.Trim(bytes) }

// Mode implements control.Switchable.
func (b *Bounded[T]) Mode() control.Mode { return b.front.core.Mode() }

// SetMode implements [control.Switchable]. Objects that are idle when the pool leaves
// ModeOn are discarded and counted as evictions, reason resize. Objects put from then
// on are discarded after Keep and Reset. A Discard function must not call SetMode.
func (b *Bounded[T]) SetMode(m control.Mode) { b.front.core.SetMode(m) }

// Close discards what the pool holds and withdraws it from its registry. Later
// Gets make new objects, later Puts discard, and both are counted as closed.
// Closing twice does nothing.
func (b *Bounded[T]) Close() {
	b.front.core.close()
	b.pub.Close()
}

var (
	_ pool.Objects[int]  = (*Bounded[int])(nil)
	_ control.Switchable = (*Bounded[int])(nil)
	_ control.Resizable  = (*Bounded[int])(nil)
	_ control.Sampler    = (*Bounded[int])(nil)
)
