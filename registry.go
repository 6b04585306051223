package pool

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otelpool/pool/control"
)

// Registry holds the named pools and the controller of a program, for
// exporters, pages and controllers to find. The zero Registry is ready to use.
//
// Readers never wait: a list of pools that was given out does not change, so a
// collection that is under way goes on with the list it began with, and a pool
// can be closed meanwhile.
//
// What a program gives to a registry, its sources, observers and controller, is
// called outside every lock, and may use the registry. Its panics are caught: see
// Panics.
type Registry struct {
	mu         sync.Mutex // serializes changes of names; no reader takes it, and nothing of the program's runs under it
	names      names
	controller atomic.Pointer[control.Controller]
	waits      observers[func(string, time.Duration)]
	misuses    observers[func(Misuse)]
	budget     atomic.Pointer[Budget]
	panics     panics
	hanging    atomic.Int64 // calls for last counts that Release did not wait for
	callers    sync.Pool    // of *ask.Caller, that make these
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
	// Number gives it the first free of name/1, name/2, …, and never the name
	// itself: for pools to which nobody gave a name.
	Number
)

// All is every pool of the registry, closed ones too, in the order in which
// their names first appeared. The slice is shared: do not change its elements.
func (r *Registry) All() []*Entry { return r.names.all() }

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
func (r *Registry) AddController(c control.Controller) (remove func(), err error) {
	if !r.controller.CompareAndSwap(nil, &c) {
		return nil, errors.New("pool: the registry has a controller already: stop it, or give this one its own registry")
	}
	return func() { r.controller.CompareAndSwap(&c, nil) }, nil
}

// Controller is the registry's controller, or nil.
func (r *Registry) Controller() control.Controller {
	if c := r.controller.Load(); c != nil {
		return *c
	}
	return nil
}

// ControllerStats overwrites *into with what the controller tells. It reports
// whether there is one, and it did not panic: see Panics.
func (r *Registry) ControllerStats(into *control.Stats) (ok bool) {
	c := r.Controller()
	if c == nil {
		return false
	}
	defer func() {
		if v := recover(); v != nil {
			r.panics.note(fmt.Sprintf("controller, ControllerStats: %v", v))
		}
	}()
	c.ControllerStats(into)
	return true
}

// OnWait has fn told of every wait for a pool of the registry, until remove is
// called.
func (r *Registry) OnWait(fn func(pool string, d time.Duration)) (remove func()) {
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
func (r *Registry) OnMisuse(fn func(Misuse)) (remove func()) {
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
