package pool

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otelpool/pool/control"
)

// Registry holds the named pools and the controller of a program, where exporters,
// pages and controllers find them. The zero Registry is ready to use.
//
// Readers never wait: a list of pools never changes once it is returned, so an
// export goes on with the list it began with while pools are opened and closed.
//
// The registry calls what the program gives it (sources, observers and the
// controller) outside every lock, so they may use the registry. It catches their
// panics: see Panics.
type Registry struct {
	// mu serializes changes of names, and Lookup. Readers of All do not take it, and
	// nothing of the program's runs under it.
	mu         sync.Mutex
	names      names
	controller atomic.Pointer[control.Controller]
	waits      members[func(string, time.Duration)]
	misuses    members[func(Misuse)]
	budget     atomic.Pointer[Budget]
	panics     panics
	hanging    atomic.Int64 // calls for last counts that Release did not wait for
}

// Default is the registry of pools whose config names no other.
var Default = new(Registry)

// OnDuplicate says what happens to a pool whose name another open pool has.
type OnDuplicate uint8

const (
	// Reject makes the second pool of a name an error.
	Reject OnDuplicate = iota
	// Suffix gives it the first free of name-2, name-3, …: for a library that
	// must not fail because a program contains it twice.
	Suffix
	// Number gives it the first free of name/1, name/2, …, and never the name
	// itself: for pools to which nobody gave a name.
	Number
)

// All returns every pool of the registry, closed ones included, in the order in which
// their names first appeared. The slice is shared: do not change its elements.
func (r *Registry) All() []*Entry {
	return slices.Clip(r.names.list.all()) // who appends to it gets an array of their own
}

// Lookup returns the pool of a name, open or closed, or nil. It costs the same however
// many there are.
func (r *Registry) Lookup(name string) *Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.names.byName[name]
}

// Budget returns the limit that the registry's pools share, except those whose config
// names another Budget. It is Unlimited until the program or a controller sets it.
func (r *Registry) Budget() *Budget {
	if r.budget.Load() == nil {
		r.budget.CompareAndSwap(nil, NewBudget(Unlimited))
	}
	return r.budget.Load()
}

// AddController publishes a controller until remove is called. A registry has at most
// one: two would undo each other's decisions.
func (r *Registry) AddController(c control.Controller) (remove func(), err error) {
	if !r.controller.CompareAndSwap(nil, &c) {
		return nil, errors.New("pool: the registry has a controller already: stop it, or give this one its own registry")
	}
	return func() { r.controller.CompareAndSwap(&c, nil) }, nil
}

// Controller returns the registry's controller, or nil.
func (r *Registry) Controller() control.Controller {
	if c := r.controller.Load(); c != nil {
		return *c
	}
	return nil
}

// ControllerStats overwrites *into with the controller's figures. It reports false if
// there is no controller, or if it panicked: see Panics.
func (r *Registry) ControllerStats(into *control.Stats) (ok bool) {
	c := r.Controller()
	if c == nil {
		return false
	}
	return r.panics.guard(func() { c.ControllerStats(into) }, func() string { return "controller, ControllerStats: " })
}

// OnWait calls fn after every wait for a pool of the registry, until remove is
// called.
func (r *Registry) OnWait(fn func(pool string, d time.Duration)) (remove func()) {
	return r.waits.join(fn)
}

// ObserveWait reports a wait that ended to the registry's observers. It is for pool
// implementations. The panic of an observer is caught: see Panics.
func (r *Registry) ObserveWait(pool string, d time.Duration) {
	for fn := range r.waits.all {
		r.Guard(func() { fn(pool, d) }) // or the waiter would lose what it waited for
	}
}

// OnMisuse calls fn for misuse of the registry's pools, those without a name
// included, until remove is called. It does so once for each kind and place in the
// code. Misuse found before anybody observed is reported when it is found again.
func (r *Registry) OnMisuse(fn func(Misuse)) (remove func()) {
	return r.misuses.join(fn)
}

// ObservesMisuse reports whether there is an observer of misuse. Pool implementations
// ask it before they collect what to report.
func (r *Registry) ObservesMisuse() bool { return r.misuses.len() > 0 }

// ObserveMisuse reports misuse to the registry's observers. It is for pool
// implementations. The panic of an observer is caught, and the other observers are
// called: see Panics.
func (r *Registry) ObserveMisuse(m Misuse) {
	for fn := range r.misuses.all {
		r.Guard(func() { fn(m) })
	}
}
