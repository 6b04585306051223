package pool

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// maxClosedNames bounds what a program that opens and closes pools under ever
// new names leaves behind: the oldest closed name beyond it is forgotten.
const maxClosedNames = 1000

// Registry holds the named pools and the controller of a program, for
// exporters, pages and controllers to find. The zero Registry is ready to use.
//
// Readers never wait: the list of pools is replaced, not changed, so a
// collection that is under way goes on with the list it began with, and a pool
// can be closed meanwhile.
type Registry struct {
	mu         sync.Mutex // serializes changes; no reader takes it
	entries    atomic.Pointer[[]*Entry]
	closed     []*Entry // oldest first; guarded by mu
	controller atomic.Pointer[Controller]
	waits      observers[WaitObserver]
	misuses    observers[MisuseObserver]
	budget     atomic.Pointer[Budget]
	panics     panics
}

// Default is where pools publish themselves whose config names no other
// registry, as variables do in package expvar.
var Default = new(Registry)

// OnDuplicate says what happens to a pool whose name an open pool has already.
type OnDuplicate uint8

const (
	// Reject makes the second pool of a name an error.
	Reject OnDuplicate = iota
	// Suffix gives it the first free of name-2, name-3, …: for a library that
	// must not fail because a program contains it twice.
	Suffix
)

// Publication is a pool's place in a registry, held by the pool. The methods of
// a nil Publication, that of a pool without a name, do nothing.
type Publication struct {
	registry *Registry
	entry    *Entry
	src      Source
}

// Publish adds a pool under a name. The registry keeps src alive until Release,
// so src must not refer to the handle that users hold, or the pool could never
// be collected.
func (r *Registry) Publish(name string, src Source, dup OnDuplicate) (*Publication, error) {
	if name == "" {
		return nil, errors.New("pool: name is empty: a published pool needs one")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	unique := name
	for i := 2; r.openLocked(unique); i++ {
		if dup != Suffix {
			return nil, fmt.Errorf("pool: name %q is taken by an open pool: choose another, or OnDuplicate: Suffix", name)
		}
		unique = name + "-" + strconv.Itoa(i)
	}
	e := r.find(unique)
	p := &Publication{registry: r, src: src}
	if e == nil {
		e = &Entry{name: unique}
		e.state.Store(&entryState{open: p})
		r.store(append(slices.Clone(r.All()), e))
	} else {
		s := *e.state.Load()
		s.open = p
		e.state.Store(&s)
		r.closed = slices.DeleteFunc(r.closed, func(c *Entry) bool { return c == e })
	}
	p.entry = e
	return p, nil
}

// All is every pool of the registry, closed ones too, in the order in which
// their names first appeared. The slice is shared: do not change it.
func (r *Registry) All() []*Entry {
	if p := r.entries.Load(); p != nil {
		return *p
	}
	return nil
}

// Budget is the limit that the registry's pools share, but for those with a
// Budget of their own in their config. It is Unlimited until somebody, a
// controller or the program, sets it.
func (r *Registry) Budget() *Budget {
	if r.budget.Load() == nil {
		r.budget.CompareAndSwap(nil, NewBudget(Unlimited))
	}
	return r.budget.Load()
}

// AddController publishes a controller. A registry has one: two would undo
// each other's decisions. The returned function withdraws it.
func (r *Registry) AddController(c Controller) (remove func(), err error) {
	if !r.controller.CompareAndSwap(nil, &c) {
		return nil, errors.New("pool: the registry has a controller already: stop it, or give this one its own registry")
	}
	return func() { r.controller.CompareAndSwap(&c, nil) }, nil
}

// Controller is the registry's controller, or nil.
func (r *Registry) Controller() Controller {
	if c := r.controller.Load(); c != nil {
		return *c
	}
	return nil
}

// OnWait has fn told of every wait for a pool of the registry, until remove is
// called.
func (r *Registry) OnWait(fn WaitObserver) (remove func()) {
	return r.waits.add(fn)
}

// ObserveWait tells the registry's observers of a wait that ended. It is for
// pool implementations. An observer that panics is caught: see Panics.
func (r *Registry) ObserveWait(pool string, d time.Duration) {
	for _, fn := range r.waits.all() {
		r.Guard(func() { (*fn)(pool, d) }) // or the waiter would lose what it waited for
	}
}

// OnMisuse has fn told of misuse of the registry's pools, those without a name
// included, until remove is called: once for each kind and place in the code. What
// nobody was told of, since there was no observer yet, is told when it is found
// again.
func (r *Registry) OnMisuse(fn MisuseObserver) (remove func()) {
	return r.misuses.add(fn)
}

// ObservesMisuse tells whether anybody wants to know. It is for pool
// implementations, to which finding out what to say is work.
func (r *Registry) ObservesMisuse() bool { return len(r.misuses.all()) > 0 }

// ObserveMisuse tells the registry's observers of misuse. It is for pool
// implementations. An observer that panics is caught, and the others are told: see Panics.
func (r *Registry) ObserveMisuse(m Misuse) {
	for _, fn := range r.misuses.all() {
		r.Guard(func() { (*fn)(m) })
	}
}

func (r *Registry) find(name string) *Entry {
	for _, e := range r.All() {
		if e.name == name {
			return e
		}
	}
	return nil
}

func (r *Registry) openLocked(name string) bool {
	e := r.find(name)
	return e != nil && e.state.Load().open != nil
}

func (r *Registry) store(entries []*Entry) { r.entries.Store(&entries) }

// Name is the name the pool was given, with its suffix if it needed one.
func (p *Publication) Name() string {
	if p == nil {
		return ""
	}
	return p.entry.name
}

// ObserveWait passes a wait on to the registry's observers.
func (p *Publication) ObserveWait(d time.Duration) {
	if p != nil {
		p.registry.ObserveWait(p.entry.name, d)
	}
}

// Close withdraws the pool: its name is free, its gauges stop, its counts stay
// and go on counting until Release.
func (p *Publication) Close() {
	if p == nil {
		return
	}
	r := p.registry
	r.mu.Lock()
	defer r.mu.Unlock()
	s := *p.entry.state.Load()
	if s.open != p {
		return
	}
	s.open, s.strayed = nil, append(slices.Clone(s.strayed), p)
	p.entry.state.Store(&s)
	r.closed = append(r.closed, p.entry)
	if len(r.closed) > maxClosedNames {
		oldest := r.closed[0]
		r.closed = slices.Delete(r.closed, 0, 1)
		r.store(slices.DeleteFunc(slices.Clone(r.All()), func(e *Entry) bool { return e == oldest }))
	}
}

// Release closes the pool and lets go of it, keeping its last counts. Nobody
// may use the pool any more: it is what a cleanup on the users' handle calls.
func (p *Publication) Release() {
	if p == nil {
		return
	}
	p.Close()
	p.registry.mu.Lock()
	defer p.registry.mu.Unlock()
	s := *p.entry.state.Load()
	i := slices.Index(s.strayed, p)
	if i < 0 {
		return
	}
	s.strayed = slices.Delete(slices.Clone(s.strayed), i, i+1)
	s.past = mergePast(s.past, p.src)
	p.entry.state.Store(&s)
}

// Entry is a name in a registry and whatever pools had it, at most one of them
// open. Its counts are theirs together, so that they never go down when a name
// is closed and opened again: a counter that does shows some reader a negative
// rate.
type Entry struct {
	name  string
	state atomic.Pointer[entryState]
}

// entryState is immutable: a reader sees a pool as open, closed or folded into
// the past, never as two of them.
type entryState struct {
	open    *Publication   // nil while the name is closed
	strayed []*Publication // closed, and still in somebody's hands: their counts may grow
	past    *Stats         // sum of those that are gone; nil while there are none
}

// Name is the pool's name.
func (e *Entry) Name() string { return e.name }

// Source is the open pool of that name, or nil when it is closed. Controllers
// ask it whether it is [Resizable] or [Tunable].
func (e *Entry) Source() Source {
	if p := e.state.Load().open; p != nil {
		return p.src
	}
	return nil
}

// Stats overwrites *into with the open pool's figures, to whose counts those of
// earlier pools of the name are added. With no open pool, Closed is set and only
// the counts are of use. It allocates nothing when into is reused and the name
// was opened once.
func (e *Entry) Stats(into *Stats) {
	s := e.state.Load()
	if s.open != nil {
		s.open.src.Stats(into)
	} else {
		into.Reset()
	}
	for _, p := range s.strayed {
		var one Stats
		p.src.Stats(&one)
		addCounts(into, &one)
	}
	if s.past != nil {
		addCounts(into, s.past)
	}
	into.Name = e.name
	into.Closed = s.open == nil
}

// Samples implements [Sampler]: for the open pool of the name, and those closed
// ones that somebody still has.
func (e *Entry) Samples(yield func(Sample) bool) {
	s := e.state.Load()
	more := true
	for _, p := range append([]*Publication{s.open}, s.strayed...) {
		if p == nil || !more {
			continue
		}
		if sampler, ok := p.src.(Sampler); ok {
			sampler.Samples(func(one Sample) bool {
				more = yield(one)
				return more
			})
		}
	}
}

func mergePast(past *Stats, gone Source) *Stats {
	var sum, last Stats
	gone.Stats(&last)
	addCounts(&sum, &last)
	if past != nil {
		addCounts(&sum, past)
	}
	return &sum
}

// addCounts adds the counts of a closed pool to s; what that pool holds or
// hands out is no concern of the open one's gauges.
func addCounts(s, closed *Stats) {
	idle, bytes := s.Idle, s.IdleBytes
	s.Counts.Add(&closed.Counts)
	s.Idle, s.IdleBytes = idle, bytes
	s.Grown += closed.Grown
	s.Shrunk += closed.Shrunk
	for k, n := range closed.Misuse {
		s.Misuse[k] += n
	}
	if s.Strategy == "" {
		s.Strategy = closed.Strategy
	}
	s.Knows.Rows |= closed.Knows.Rows & countedRows
	s.Knows.Requests |= closed.Knows.Requests
	s.Knows.Returns |= closed.Knows.Returns
	s.Knows.Evictions |= closed.Knows.Evictions
	s.Knows.Misuse |= closed.Knows.Misuse
	for i := range closed.Classes {
		s.class(closed.Classes[i].Size).addPast(&closed.Classes[i].Counts)
	}
}

// class is the row of the given size, made at its place if there is none.
func (s *Stats) class(size int64) *Class {
	i, found := slices.BinarySearchFunc(s.Classes, size, func(c Class, size int64) int { return int(c.Size - size) })
	if !found {
		s.Classes = slices.Insert(s.Classes, i, Class{Size: size})
	}
	return &s.Classes[i]
}

func (c *Class) addPast(d *Counts) {
	idle, bytes := c.Idle, c.IdleBytes
	c.Counts.Add(d)
	c.Idle, c.IdleBytes = idle, bytes
}
