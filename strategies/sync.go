package strategies

import (
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/gcpool"
	"github.com/otelpool/pool/internal/handle"
	"github.com/otelpool/pool/internal/percpu"
	"github.com/otelpool/pool/internal/raceghost"
	"github.com/otelpool/pool/internal/safety"
)

// SyncConfig configures NewSync. The zero value is useful: new(T), no reset, not
// published.
type SyncConfig[T any] struct {
	// Name publishes the pool; "" does not.
	Name string
	// Registry is where; nil is pool.Default.
	Registry *pool.Registry
	// OnDuplicate says what happens if an open pool has the name already.
	OnDuplicate pool.OnDuplicate

	// New makes an object where the pool has none; nil is new(T). It must not
	// return nil; Get returns nil then, and it is misuse of the config.
	New func() *T
	// NewE is in place of New where objects may not come to be. GetE returns its
	// error, and Get nil; both count the request as failed. Warm and Prewarm stop.
	NewE func() (*T, error)
	// Keep is asked by Put, before Reset, whether an object is worth keeping;
	// nil keeps all. Say no to those that have grown large (go.dev/issue/23199).
	Keep func(*T) bool
	// Reset is called by Put on an object that is kept; nil leaves it as it is.
	Reset func(*T)
	// Prewarm is the number of objects that the constructor makes. The garbage collector
	// takes them, like all others, if they are not used within two of its cycles.
	Prewarm int
}

// Sync is a pool of objects on a sync.Pool: the garbage collector decides how
// many it keeps. It is the pool to take for objects that are cheap enough to make
// again after every other collection; what must survive those belongs in a
// Bounded.
//
// The figures. A Get is a hit unless New had to make the object. Unlike a bare sync.Pool's,
// its content is known: how many objects are idle and how many the collector has taken
// (evicted with reason gc). Both are exact, but late by the time that the collector needs
// to run cleanups after a cycle, and by another cycle where a goroutine was in the pool at
// that moment: up to then, what it took counts as idle. Both counts include objects from
// elsewhere. The pool knows neither the objects' bytes nor which ones were lost; losses
// show as an InUse that drifts up.
//
// All methods are safe for concurrent use. Neither Get nor Put waits or, on a
// hit, allocates; together they cost about a bare sync.Pool's time. Put an object
// once and do not use it any more; a double Put is not noticed. New, Keep and Reset
// run on the caller's goroutine, outside any lock. A panic in them is the caller's and
// leaves the pool as it was; what was put counts as refused.
type Sync[T any] struct {
	core  *syncCore[T]
	pub   *pool.Publication
	token handle.Token
}

// syncCore is what outlives a dropped handle: what the registry holds.
type syncCore[T any] struct {
	objects gcpool.Pool // of unsafe.Pointer, each a *T
	tally   gcpool.Tally
	mode    switched
	create  func() (*T, error)
	watch   *safety.Watch // over the config alone
	keep    func(*T) bool
	reset   func(*T)
	plain   bool // neither keep nor reset

	nils, failed, getClosed, putClosed atomic.Uint64

	ending  sync.Once
	atClose atomic.Uint64 // collected, when the pool was closed
}

// NewSync returns a pool, or an error that says all that is wrong with the
// config.
func NewSync[T any](c SyncConfig[T]) (*Sync[T], error) {
	p := problemsOf("SyncConfig")
	p.AddIf(c.New != nil && c.NewE != nil, "NewE", "set, and New too", "give one of them")
	p.AddIf(c.Prewarm < 0, "Prewarm", c.Prewarm, "use 0 or more")
	if err := p.Err(); err != nil {
		return nil, err
	}
	if c.New == nil && c.NewE == nil {
		c.New = func() *T { return new(T) }
	}
	place := publication{c.Name, c.Registry, c.OnDuplicate}
	watch := safety.New(safety.Config{Registry: place.in()})
	core := &syncCore[T]{
		create: fallible(watch, c.New, c.NewE), watch: watch, keep: c.Keep, reset: c.Reset, plain: c.Keep == nil && c.Reset == nil,
	}
	core.tally.Of(&core.objects)
	pub, err := place.publish(core)
	if err != nil {
		return nil, err
	}
	core.watch.SetName(pub.Name())
	s := &Sync[T]{core: core, pub: pub, token: handle.New()}
	withdrawWhenDropped(&s.token, pub)
	prewarm(s, c.Prewarm)
	return s, nil
}

// Get returns an idle object, as Reset left it, or one from New, or nil if that made
// none.
func (s *Sync[T]) Get() *T {
	c := s.core
	if c.mode.state.Load() != isOn {
		x, _ := c.newForRequest()
		runtime.KeepAlive(s)
		return x
	}
	if slot := c.objects.At(percpu.Pin()); slot != nil {
		if x := slot.Take(); x != nil {
			percpu.Unpin()
			raceghost.Get(x.(unsafe.Pointer))
			runtime.KeepAlive(s)            // the last count before the cleanup reads them
			return (*T)(x.(unsafe.Pointer)) // only put and Warm put something in, both a *T
		}
	}
	percpu.Unpin()
	x, _ := c.orNew(c.objects.Get())
	runtime.KeepAlive(s)
	return x
}

// GetE is Get, and says why there is none: what NewE said.
func (s *Sync[T]) GetE() (*T, error) {
	defer runtime.KeepAlive(s)
	c := s.core
	if c.mode.state.Load() != isOn {
		return c.newForRequest()
	}
	return c.orNew(c.objects.Take())
}

// orNew is x as an object, or a new one if x is nil.
func (c *syncCore[T]) orNew(x any) (*T, error) {
	if x == nil {
		return c.newForRequest()
	}
	raceghost.Get(x.(unsafe.Pointer))
	return (*T)(x.(unsafe.Pointer)), nil
}

// newForRequest calls New for a request, and counts it. What it does not make counts as failed,
// also in a panic.
func (c *syncCore[T]) newForRequest() (x *T, err error) {
	defer func() {
		switch state := c.mode.state.Load(); {
		case state == isOff:
		case x == nil:
			c.failed.Add(1)
		case state == isClosed:
			c.getClosed.Add(1)
		default:
			c.objects.Count(gcpool.Miss)
		}
	}()
	return c.create()
}

// Put takes an object back; the caller must not use it any more. Objects from
// elsewhere are welcome, and count in InUse as if they had been handed out.
func (s *Sync[T]) Put(x *T) {
	c := s.core
	if x == nil || c.mode.state.Load() != isOn {
		c.refuse(x)
		runtime.KeepAlive(s)
		return
	}
	if !c.plain && !c.prepare(x) {
		runtime.KeepAlive(s)
		return
	}
	raceghost.PutAny(x)
	slot := c.objects.At(percpu.Pin())
	if slot != nil && slot.Put(unsafe.Pointer(x)) {
		percpu.Unpin()
		runtime.KeepAlive(s)
		return
	}
	percpu.Unpin()
	c.objects.Put(slot, unsafe.Pointer(x))
	runtime.KeepAlive(s)
}

// refuse counts a return that is not kept.
func (c *syncCore[T]) refuse(x *T) {
	switch state := c.mode.state.Load(); {
	case x == nil:
		c.nils.Add(1)
	case state == isClosed:
		c.putClosed.Add(1)
	case state != isOff:
		c.objects.Count(gcpool.Refused)
	}
}

// prepare asks Keep and calls Reset, and counts what is not to be kept.
func (c *syncCore[T]) prepare(x *T) (ok bool) {
	defer func() {
		if !ok { // refused, or in a panic
			c.objects.Count(gcpool.Refused)
		}
	}()
	if c.keep != nil && !c.keep(x) {
		return false
	}
	if c.reset != nil {
		c.reset(x)
	}
	return true
}

// Warm makes n objects and keeps them for later Gets, as long as the garbage
// collector lets it. It returns how many it made: none if the pool is closed or
// does not pool.
func (s *Sync[T]) Warm(n int) int {
	for i := range n {
		if s.core.mode.state.Load() != isOn {
			return i
		}
		x, err := s.core.create()
		if err != nil {
			return i
		}
		s.core.objects.Warm(unsafe.Pointer(x))
	}
	return max(n, 0)
}

// Name is the name the pool is published under, or "".
func (s *Sync[T]) Name() string { return s.pub.Name() }

// Stats implements pool.Source.
func (s *Sync[T]) Stats(into *pool.Stats) {
	s.core.Stats(into)
	into.Name = s.pub.Name()
}

// Mode implements control.Switchable.
func (s *Sync[T]) Mode() control.Mode { return s.core.Mode() }

// SetMode implements control.Switchable. What is idle when the pool leaves ModeOn
// goes with the next two garbage collections.
func (s *Sync[T]) SetMode(m control.Mode) { s.core.SetMode(m) }

// Close drops what the pool holds and withdraws it from its registry. Later Gets
// call New, later Puts drop, and both are counted as closed. Closing twice does
// nothing.
func (s *Sync[T]) Close() {
	s.core.close()
	s.pub.Close()
}

// Mode is the handle's.
func (c *syncCore[T]) Mode() control.Mode { return c.mode.mode() }

// SetMode is the handle's.
func (c *syncCore[T]) SetMode(m control.Mode) { c.mode.set(known(m)) }

var (
	_ pool.Objects[int]  = (*Sync[int])(nil)
	_ control.Switchable = (*Sync[int])(nil)
	_ control.Switchable = (*syncCore[int])(nil)
)
