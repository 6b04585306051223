package safety

import (
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/ask"
	"github.com/otelpool/pool/internal/percpu"
)

// Config says how closely to watch.
type Config struct {
	// Strict watches over everything; it does not sample.
	Strict bool
	// Panics ends the program at misuse that breaks other code: see Watch.found.
	Panics bool
	// Clears fills buffers in quarantine with zeros: no later user may see what an
	// earlier one wrote.
	Clears bool
	// Classes is how many classes there are.
	Classes int
	// Engine asks for samples.
	Engine Engine
	// Drop is told of objects that are let go of, unless it is nil.
	Drop func(x unsafe.Pointer)
	// Registry has the observers.
	Registry *pool.Registry
}

// Watch is a pool's. Its methods are safe for concurrent use. Those of a nil
// Watch, which watches over nothing, are those that say so.
type Watch struct {
	Config
	Objects *Addresses // of stand-ins that are objects; nil: they are buffers

	name   string
	counts [pool.NumMisuseKinds]atomic.Uint64
	looks  looks
	bytes  atomic.Int64 // bytes of buffers' stand-ins that are neither in quarantine nor freed by a collection

	mu         sync.Mutex   // guards what follows
	index      index        // the stand-ins that are out or in quarantine
	out        atomic.Int64 // read without mu
	quarantine []*StandIn   // oldest first
	confined   int          // their bytes
	closed     bool
	since      int                 // looks since one came into quarantine
	told       map[string]struct{} // what observers have been told of
}

// The most stand-ins that are out at a time, and in quarantine, by number and
// bytes; the one that came last stays whatever it weighs.
const (
	sampledOut, strictOut         = 1 << 10, 1 << 16
	sampledHeld, strictHeld       = 16, 1 << 10
	sampledBytes, strictHeldBytes = 256 << 10, 16 << 20
)

// sampledMemory is how many bytes of stand-ins of a pool that samples may be in use or
// waiting for a collection for another one to go out. Their share of the time says
// nothing of it: where collections are minutes apart, megabytes of garbage a second
// would be what fills a control group. Those in quarantine, which may be there for
// good, are not among them. A place that was never sampled need not wait for the
// collection of those of other places, of which there are some that take the largest
// buffers: 2 MiB was two of those, and the third place went unseen.
const sampledMemory, newSitesMemory = 512 << 10, 4 << 20

// New returns a Watch for buffers. Their stand-ins are known by a capacity that no class has, so it
// needs no Addresses.
func New(c Config) *Watch { return &Watch{Config: c} }

// NewObjects returns a Watch for objects.
func NewObjects(c Config) *Watch {
	c.Classes = 1
	w := New(c)
	w.Objects = new(Addresses)
	if !c.Strict {
		w.Objects.mask = ^uintptr(0)
	}
	return w
}

// SetName says what the pool is called in reports, before it is in use. It does
// nothing if w is nil.
func (w *Watch) SetName(name string) {
	if w != nil {
		w.name = name
	}
}

// Counts adds what was found. It does nothing if w is nil. Kinds are counted one by one, and a
// snapshot may have one of two that were found together.
func (w *Watch) Counts(into *pool.Stats) {
	if w == nil {
		return
	}
	for k := range w.counts {
		into.Misuse[k] += w.counts[k].Load()
	}
}

// take registers a stand-in that goes out. It reports false if there are too
// many, or if it is one already. It comes before the stand-in is handed out, so that its user
// cannot put what is not registered.
func (w *Watch) take(s *StandIn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	limit := int64(sampledOut)
	if w.Strict {
		limit = strictOut
	}
	if w.out.Load() >= limit || w.holds(s.base) || s.object() && !w.Objects.add(s.base) {
		return false
	}
	s.taken, s.tree = time.Now(), percpu.Tree() // all before insert, from when others may find it
	s.get.capture()
	w.index.insert(s)
	w.out.Add(1)
	return true
}

// holds tells whether an address is a stand-in's already: New may return an
// object twice. The caller holds mu. One whose memory has gone holds nothing: its cleanup is
// on the way, and finds by the record itself that another has taken its place.
func (w *Watch) holds(addr uintptr) bool {
	s := w.index.find(addr)
	return s != nil && !(s.state == out && s.gone())
}

// Samples is control.Sampler's. It does nothing if w is nil. Yield runs under the lock: a profile is
// of one moment, and takes as long as the copies of some hundred stacks.
func (w *Watch) Samples(yield func(control.Sample) bool) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.index.records {
		if s.state == out && !s.gone() {
			if !yield(s.sample(s.weight)) {
				return
			}
		}
	}
}

// lost is called when the garbage collector has taken a stand-in. That it was out is decided under
// the lock, but there is nobody left to put it: who could had a pointer to it. One that was given
// back comes here too, when quarantine has let it go.
func (w *Watch) lost(s *StandIn) {
	w.bytes.Add(-s.weighs())
	w.mu.Lock()
	wasOut := s.state == out
	if wasOut {
		s.state = done
		w.forget(s)
		w.out.Add(-1)
	}
	w.mu.Unlock()
	if !wasOut {
		return
	}
	tell := func() {
		w.dropSpare(s.spare) // it comes back to nobody else
		w.found(pool.MisuseLost, s, nil)
	}
	if w.Drop == nil && !w.Registry.ObservesMisuse() {
		tell()
		return
	}
	ask.Aside(tell) // functions of the program's, and other cleanups wait
}

// forget takes a record off the lists by address. The caller holds mu. The address may be given out
// again from here on, and is a stranger's then.
func (w *Watch) forget(s *StandIn) {
	w.index.remove(s)
	if s.object() {
		w.Objects.remove(s.base)
	}
}

func (w *Watch) dropSpare(x unsafe.Pointer) {
	if w.Drop != nil && x != nil {
		w.Drop(x)
	}
}
