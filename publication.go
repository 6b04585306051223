package pool

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/otelpool/pool/internal/ask"
)

// Publication is a pool's registration, which the pool holds. A pool without a name
// has a nil one, whose methods do nothing.
type Publication struct {
	registry *Registry
	entry    *Entry
	src      Source
	kept     bool // the last counts; guarded by the registry's lock
}

// Publish adds a pool under a name, escaped as [ValidName] does. The registry keeps
// src alive until Release, so src must not refer to the handle that users hold: the
// pool could never be collected.
func (r *Registry) Publish(name string, src Source, dup OnDuplicate) (*Publication, error) {
	if name == "" {
		return nil, errors.New("pool: name is empty: a published pool needs one")
	}
	name = ValidName(name)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case dup == Number:
		name = r.names.numbered(name+"/", 1)
	case !r.names.isOpen(name):
	case dup == Suffix:
		name = r.names.numbered(name+"-", 2)
	default:
		return nil, fmt.Errorf("pool: name %q is taken by an open pool: choose another, or OnDuplicate: Suffix", name)
	}
	p := &Publication{registry: r, src: src}
	p.entry = r.names.reopen(r, name, p)
	return p, nil
}

// Name returns the name that the pool was given, with its suffix if it needed one.
func (p *Publication) Name() string {
	if p == nil {
		return ""
	}
	return p.entry.name
}

// ObserveWait reports a wait to the registry's observers.
func (p *Publication) ObserveWait(d time.Duration) {
	if p != nil {
		p.registry.ObserveWait(p.entry.name, d)
	}
}

// Close withdraws the pool: its name is free and its gauges stop; its counts stay,
// and go on counting until Release.
func (p *Publication) Close() {
	if p == nil {
		return
	}
	p.registry.mu.Lock()
	defer p.registry.mu.Unlock()
	s := *p.entry.state.Load()
	if s.open != p {
		return
	}
	s.open, s.strayed = nil, append(slices.Clone(s.strayed), p)
	p.entry.state.Store(&s)
	p.registry.names.close(p.entry)
}

// Release closes the pool, adds its last counts to those of the name, and drops it.
// Nobody may use the pool any more: call it in a cleanup on the handle that users
// hold. Other cleanups wait behind it, so Release waits some 30 ms at most for a
// Stats that hangs; those counts are added when it has returned.
func (p *Publication) Release() {
	if p == nil {
		return
	}
	p.Close()
	alone := ask.Caller{Patience: lastWait}
	if p.registry.hanging.Load() > 0 {
		alone.Patience = lastWait / 20 // or as many waits as there are such pools
	}
	alone.Do(1, func(int) { p.keepLast() }, func(_ int, back <-chan struct{}) func(int) {
		p.registry.hanging.Add(1)
		go p.outstay(back)
		return nil
	})
}

// outstay removes from its name a pool that does not report its last counts within
// two seconds, for the name's readers would hang as well. One that is only slow stays
// until it has: the name's counts never fall. The wait has parts, since the whole
// process may be stopped in one.
func (p *Publication) outstay(back <-chan struct{}) {
	defer p.registry.hanging.Add(-1)
	for range 10 {
		select {
		case <-back:
			return
		case <-time.After(200 * time.Millisecond):
		}
	}
	p.leave(nil)
	<-back
}

// lastWait is how long a pool may take to tell its last counts.
const lastWait = 20 * time.Millisecond

// keepLast adds the last counts to the name's, once.
func (p *Publication) keepLast() {
	var last Stats // read outside the lock: nobody counts any more
	if !p.entry.Guard("Stats", func() { p.src.Stats(&last) }) {
		last = Stats{}
	}
	last.Classes = slices.Clone(last.Classes) // the source may have given its own
	p.leave(&last)
}

// leave removes a closed pool from its name, whose counts grow by its last ones if
// they are known and were not added before. It keeps last.
func (p *Publication) leave(last *Stats) {
	p.registry.mu.Lock()
	defer p.registry.mu.Unlock()
	s := *p.entry.state.Load()
	s.strayed = slices.DeleteFunc(slices.Clone(s.strayed), func(q *Publication) bool { return q == p })
	if last != nil && !p.kept {
		p.kept = true
		if s.past != nil {
			addCounts(last, s.past)
		}
		s.past = last
	}
	p.entry.state.Store(&s)
}
