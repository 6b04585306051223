package poolconfig

import (
	"errors"
	"maps"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

// subject is an open pool that may have to be changed.
type subject struct {
	name     string // in settings
	entry    *pool.Entry
	source   pool.Source
	making   *making // nil: made without the configuration
	now      figures
	was      *original
	do       []func() // the changes to make
	reserves bool     // they set a reserve
}

// original holds the code's values for a pool that the configuration has changed.
type original struct {
	limit    int64
	mode     control.Mode
	reserved bool // the pool's reserve is the configuration's; if not, it stays, because somebody else may have set it
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
	s, err := c.readState() // under the lock, or an older document could be applied after a newer one
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
		ch.planFixed(sub)
		ch.planLive(sub)
	}
	ch.checkBudget(subjects)
	if err := ch.Err(); err != nil {
		return err
	}
	if err := c.ours().configure(s); err != nil { // the last step that can be refused
		return err
	}
	c.state.Store(s)
	setErr := c.set(answered)
	return errors.Join(readErr, setErr, c.setBudget(s))
}

// adopt remembers a pool that was made, and sets those settings that only an
// open pool can have.
func (c *Config) adopt(m *making, name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	m.entry = c.registry.Lookup(name)
	source := m.entry.Source()
	ch := &change{config: c, state: c.state.Load()}
	answered, err := c.read([]*subject{{name: m.name, entry: m.entry, source: source, making: m}}, ch.state)
	for _, sub := range answered {
		ch.planLive(sub)
	}
	if err := errors.Join(err, ch.Err()); err != nil {
		return err
	}
	if err := c.set(answered); err != nil {
		return err
	}
	// Another pool may have taken the name of one that is closed.
	maps.DeleteFunc(c.made, func(source pool.Source, m *making) bool { return m.entry.Source() != source })
	c.made[source] = m
	return nil
}

// subjects returns every open pool, and forgets what was remembered of closed
// ones.
func (c *Config) subjects() []*subject {
	var all []*subject
	open := map[pool.Source]bool{}
	for _, e := range c.registry.All() {
		src := e.Source()
		if src == nil {
			continue
		}
		s := &subject{name: e.Name(), entry: e, source: src, making: c.made[src]}
		if s.making != nil {
			s.name = s.making.name
		}
		open[src] = true
		all = append(all, s)
	}
	maps.DeleteFunc(c.made, func(src pool.Source, _ *making) bool { return !open[src] })
	maps.DeleteFunc(c.origins, func(src pool.Source, _ *original) bool { return !open[src] })
	return all
}

// original returns the code's values for a pool.
func (c *Config) original(s *subject) *original {
	if s.making != nil {
		return &s.making.original
	}
	if o := c.origins[s.source]; o != nil {
		return o
	}
	return &original{limit: s.now.limit, mode: s.now.mode}
}
