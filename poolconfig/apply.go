package poolconfig

import (
	"errors"
	"slices"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

// subject is an open pool that may have to be changed.
type subject struct {
	name   string // in settings
	entry  *pool.Entry
	source pool.Source
	making *making // nil: made without the configuration
	now    figures
	do     []func() // the changes to make
}

// original holds the code's values for a pool that the configuration has changed.
type original struct {
	source   pool.Source
	limit    int64
	mode     control.Mode
	reserved bool // the pool's reserve is the configuration's
}

// Apply sets the configuration's limits, modes, reserves and budget in every
// open pool of the registry, including pools made without the configuration.
// Either all of it takes effect or, with an error that says why, nothing. Pools
// made later through the configuration need no further Apply; others do. Apply
// skips a pool that hangs or panics: the error names it, and the rest takes
// effect.
func (c *Config) Apply() error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.apply(c.state.Load())
}

// Reload reads the document and the environment again and applies them. Either
// all of it takes effect or, with an error that says why, nothing: a document
// that has mistakes, or that changes settings fixed when a pool is made, has no
// effect. Reload skips a pool that hangs or panics, as Apply does.
func (c *Config) Reload() error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taken = c.readDocument() // under the lock, or an older document could be applied after a newer one
	s, err := c.stateOf(c.taken)
	if err != nil {
		return err
	}
	return c.apply(s)
}

// apply makes s the state, if all of it is possible.
func (c *Config) apply(s *state) error {
	ch := &change{config: c, state: s}
	subjects := c.subjects()
	answered, readErr := c.read(subjects, s)
	for _, sub := range answered {
		ch.plan(sub)
	}
	ch.checkBudget(subjects)
	if err := ch.Err(); err != nil {
		return err
	}
	if err := c.ours().configure(s); err != nil { // the last step that can be refused
		return err
	}
	c.state.Store(s)
	setErr := c.set(ch, answered)
	return errors.Join(readErr, setErr, c.setBudget(s))
}

// adopt remembers a pool that was made, and sets those settings that only an
// open pool can have.
func (c *Config) adopt(m *making, name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	m.entry = c.registry.Lookup(name)
	m.source = m.entry.Source()
	ch := &change{config: c, state: c.state.Load()}
	answered, err := c.read([]*subject{{name: m.name, entry: m.entry, source: m.source, making: m}}, ch.state)
	for _, sub := range answered {
		ch.planLive(sub)
	}
	if err := errors.Join(err, ch.Err()); err != nil {
		return err
	}
	if err := c.set(ch, answered); err != nil {
		return err
	}
	c.made = slices.DeleteFunc(c.made, func(m *making) bool { return m.entry.Source() != m.source })
	c.made = append(c.made, m)
	return nil
}

// subjects returns every open pool, and forgets what was remembered of closed
// ones.
func (c *Config) subjects() []*subject {
	var all []*subject
	for _, e := range c.registry.All() {
		src := e.Source()
		if src == nil {
			continue
		}
		s := &subject{name: e.Name(), entry: e, source: src}
		if i := slices.IndexFunc(c.made, func(m *making) bool { return m.source == src }); i >= 0 {
			s.making, s.name = c.made[i], c.made[i].name
		}
		all = append(all, s)
	}
	gone := func(src pool.Source) bool {
		return !slices.ContainsFunc(all, func(s *subject) bool { return s.source == src })
	}
	c.made = slices.DeleteFunc(c.made, func(m *making) bool { return gone(m.source) })
	c.origins = slices.DeleteFunc(c.origins, func(o original) bool { return gone(o.source) })
	return all
}

// original returns the code's values for a pool.
func (c *Config) original(s *subject) original {
	if i := slices.IndexFunc(c.origins, func(o original) bool { return o.source == s.source }); i >= 0 {
		return c.origins[i]
	}
	if s.making != nil {
		return original{source: s.source, limit: s.making.limit}
	}
	return original{source: s.source, limit: s.now.limit, mode: s.now.mode}
}
