package poolconfig

import (
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/ask"
)

// answerWithin is the time that a pool has to return from a call; pools after
// one that hangs have an eighth of it. It is long because evicting much memory
// takes time.
const answerWithin = 2 * time.Second

var errHangs = errors.New("does not return from a call")

// asked makes the calls that may run the program's code: methods of its own
// pools, and the Discard functions of ours. They run on another goroutine, so
// that the caller can continue without a pool that hangs or panics. A pool that
// hangs is not called again before the call has returned, so that calls of two
// reloads do not overlap.
type asked struct {
	caller ask.Caller
	hung   map[any]<-chan struct{} // by key; closed when the call has returned
}

// each calls f(i) for each key, and returns an error for each call that did not
// return or panicked. If f(i) hangs, the other goroutine owns what it touches.
func (a *asked) each(keys []any, f func(i int)) []error {
	maps.DeleteFunc(a.hung, func(_ any, back <-chan struct{}) bool { return ask.Returned(back) })
	errs, panics := make([]error, len(keys)), make([]any, len(keys))
	var due []int
	for i, key := range keys {
		if _, hangs := a.hung[key]; hangs {
			errs[i] = errHangs
		} else {
			due = append(due, i)
		}
	}
	call := func(k int) {
		defer func() { panics[due[k]] = recover() }()
		f(due[k])
	}
	a.caller.Do(len(due), call, func(k int, back <-chan struct{}) func(int) {
		errs[due[k]], a.hung[keys[due[k]]] = errHangs, back
		return call
	})
	for i, err := range errs {
		if err == nil && panics[i] != nil {
			errs[i] = fmt.Errorf("panicked: %v", panics[i])
		}
	}
	return errs
}

// figures are read of a pool before anything is decided.
type figures struct {
	limit int64
	mode  control.Mode
	least int64 // that a limit has to hold
}

// read fills in the figures of pools, and returns the pools that answered, and
// an error for the others.
func (c *Config) read(all []*subject, s *state) (answered []*subject, err error) {
	return c.each(all, func(sub *subject) {
		if r, ok := sub.source.(control.Resizable); ok {
			sub.now.limit = r.Limit()
		}
		if sw, ok := sub.source.(control.Switchable); ok {
			sub.now.mode = sw.Mode()
		}
		if s.of(sub.name).Limit != nil {
			sub.now.least = smallest(sub.source)
		}
	})
}

// set makes the changes in pools, and remembers what the code had there.
func (c *Config) set(all []*subject) error {
	for _, sub := range all {
		sub.was.reserved = sub.reserves
		if sub.do != nil && sub.making == nil {
			c.origins[sub.source] = sub.was
		}
	}
	_, err := c.each(all, func(sub *subject) {
		for _, do := range sub.do {
			do()
		}
	})
	return err
}

// each calls f for each pool; see asked.
func (c *Config) each(all []*subject, f func(*subject)) (answered []*subject, err error) {
	keys := make([]any, len(all))
	for i, sub := range all {
		keys[i] = sub.source
	}
	var failed []error
	for i, err := range c.asked.each(keys, func(i int) { f(all[i]) }) {
		if err == nil {
			answered = append(answered, all[i])
		} else {
			failed = append(failed,
				fmt.Errorf("poolconfig: pool %q %w: it stays as it is until the next reload, and the others are set",
					all[i].entry.Name(), err))
		}
	}
	return answered, errors.Join(failed...)
}

// reclaim makes the budget's pools evict down to it.
func (c *Config) reclaim() error {
	budget := c.registry.Budget()
	if err := c.asked.each([]any{budget}, func(int) { budget.Reclaim() })[0]; err != nil {
		return fmt.Errorf("poolconfig: one of the budget's pools %w: the budget is set, and not all is evicted yet", err)
	}
	return nil
}
