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
	// Strict watches every object; it does not sample.
	Strict bool
	// Panics makes misuse that harms other code panic: see Watch.found.
	Panics bool
	// Clears fills buffers in quarantine with zeros: no later user may see what an
	// earlier one wrote.
	Clears bool
	// Classes is the number of classes.
	Classes int
	// Engine asks for samples.
	Engine Engine
	// Drop is called with objects that are released, unless it is nil.
	Drop func(x unsafe.Pointer)
	// Registry has the observers.
	Registry *pool.Registry
}

// Watch watches one pool. Its methods are safe for concurrent use. A nil *Watch,
// which watches nothing, is valid for the methods that say so.
type Watch struct {
	Config
	Objects *Addresses // of stand-ins that are objects; nil: they are buffers

	name   string
	counts [pool.NumMisuseKinds]atomic.Uint64
	looks  looks
	bytes  atomic.Int64 // bytes of buffers' stand-ins that are neither in quarantine nor freed by a collection

	mu         sync.Mutex   // guards the fields below
	index      index        // the stand-ins that are out or in quarantine
	out        atomic.Int64 // read without mu
	quarantine []*StandIn   // oldest first
	confined   int          // their bytes
	closed     bool
	since      int                 // looks since one came into quarantine
	told       map[string]struct{} // misuse that observers have got a report of
}

// The most stand-ins that are out at a time, and in quarantine, by number and
// bytes; the latest stays whatever its size.
const (
	sampledOut, strictOut         = 1 << 10, 1 << 16
	sampledHeld, strictHeld       = 16, 1 << 10
	sampledBytes, strictHeldBytes = 256 << 10, 16 << 20
)

// A pool that samples hands out another stand-in only while fewer than
// sampledMemory bytes of them are in use or waiting for a collection. The bound on
// time does not bound memory: if collections are minutes apart, megabytes of
// garbage a second would fill a control group. Stand-ins in quarantine, which may
// stay for good, do not count. A place that was never sampled has a larger bound,
// so that it need not wait for the collection of other places' stand-ins: with
// 2 MiB, two of the largest buffers filled it, and the third place was never seen.
const sampledMemory, newSitesMemory = 512 << 10, 4 << 20

// New returns a Watch for buffers. It recognizes their stand-ins by a capacity that
// no class has, so it needs no Addresses.
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

// SetName sets the pool's name in reports, before the pool is in use. It does
// nothing if w is nil.
func (w *Watch) SetName(name string) {
	if w != nil {
		w.name = name
	}
}

// Counts adds the misuse found. It does nothing if w is nil. Kinds are counted one
// by one, so a snapshot may have only one of two that were found together.
func (w *Watch) Counts(into *pool.Stats) {
	if w == nil {
		return
	}
	for k := range w.counts {
		into.Misuse[k] += w.counts[k].Load()
	}
}

// take registers a stand-in before it is handed out, so that its user cannot put an
// unregistered one. It reports false if there are too many, or if the object is a
// stand-in already.
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

// holds reports whether an address belongs to a stand-in already, because New may
// return an object twice. The caller holds mu. A record whose memory has gone does
// not count: its cleanup is on the way, and sees by the record that another has
// taken its place.
func (w *Watch) holds(addr uintptr) bool {
	s := w.index.find(addr)
	return s != nil && !(s.state == out && s.gone())
}

// Samples is control.Sampler's. It does nothing if w is nil. yield runs under the
// lock, so that a profile shows one moment; it takes as long as copying some
// hundred stacks.
func (w *Watch) Samples(yield func(control.Sample) bool) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.index.records {
		if s.state == out && !s.gone() && !yield(s.sample(s.weight)) {
			return
		}
	}
}

// lost is called when the garbage collector has taken a stand-in. It checks under
// the lock that it was out; nobody can put it any more, because that takes a
// pointer to it. Stand-ins released from quarantine come here too.
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
		w.dropSpare(s.spare) // nobody else can give it back
		w.found(pool.MisuseLost, s, nil)
	}
	if w.Drop == nil && !w.Registry.ObservesMisuse() {
		tell()
		return
	}
	ask.Aside(tell) // observers are the program's code, and other cleanups wait
}

// forget removes a record from the lists by address. The caller holds mu. From here
// on the address may belong to another object.
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
