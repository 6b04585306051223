package pool

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Publication is a pool's place in a registry, held by the pool. The methods of
// a nil Publication, that of a pool without a name, do nothing.
type Publication struct {
	registry *Registry
	entry    *Entry
	src      Source
}

// Publish adds a pool under a name, of which bytes that are not UTF-8 are escaped:
// see [ValidName]. The registry keeps src alive until Release, so src must not
// refer to the handle that users hold, or the pool could never be collected.
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

// Release closes the pool and lets go of it, keeping its last counts. Nobody
// may use the pool any more: it is what a cleanup on the users' handle calls.
func (p *Publication) Release() {
	if p == nil {
		return
	}
	p.Close()
	var last Stats // read outside the lock: nobody counts any more
	if !p.entry.Guard("Stats", func() { p.src.Stats(&last) }) {
		last = Stats{}
	}
	p.registry.mu.Lock()
	defer p.registry.mu.Unlock()
	s := *p.entry.state.Load()
	i := slices.Index(s.strayed, p)
	if i < 0 {
		return
	}
	s.strayed = slices.Delete(slices.Clone(s.strayed), i, i+1)
	s.past = addPast(s.past, &last)
	p.entry.state.Store(&s)
}
