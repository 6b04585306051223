package poolconfig

import (
	"math"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/config"
	"github.com/otelpool/pool/strategies"
)

// made is a pool as constructors return it.
type made interface {
	pool.Source
	Name() string
	Close()
}

// NewSizeClasses is strategies.NewSizeClasses with the configuration's settings
// for the pool of d's name: limit, prewarm, zero, safety, classes, mode and
// reserve. d has the code's values, which apply where the configuration sets
// none, and to a pool without a name or with a nil c.
func NewSizeClasses(c *Config, d strategies.SizeClassesConfig) (*strategies.SizeClasses, error) {
	m := c.begin("sizeclasses", d.Name, &d.Registry)
	m.chooseLimit(&d.Limit)
	m.choosePrewarmBySize(&d.Prewarm)
	m.chooseZero(&d.Zero)
	m.chooseSafety(&d.Safety)
	choose(&m.choices, "classes", "Classes", m.set.Classes, (*classes)(&d.Classes))
	return finish(m, strategies.NewSizeClasses, d)
}

// NewFixed is strategies.NewFixed with the configuration's settings for the
// pool: zero, safety, and limit. The limit applies only if it is set for this
// pool by name, because it is allocated at once and for good: the pool gets as
// many buffers as fit. See NewSizeClasses.
func NewFixed(c *Config, d strategies.FixedConfig) (*strategies.Fixed, error) {
	m := c.begin("fixed", d.Name, &d.Registry)
	m.chooseZero(&d.Zero)
	m.chooseSafety(&d.Safety)
	m.chooseCount(&d)
	return finish(m, strategies.NewFixed, d)
}

// NewBounded is strategies.NewBounded with the configuration's settings for the
// pool: limit, prewarm, safety, mode and reserve. See NewSizeClasses.
func NewBounded[T any](c *Config, d strategies.BoundedConfig[T]) (*strategies.Bounded[T], error) {
	m := c.begin("bounded", d.Name, &d.Registry)
	m.chooseLimit(&d.Limit)
	if d.MaxIdle > 0 && d.Size == nil {
		m.limit = min(m.limit, config.Product(int64(d.MaxIdle), int64(max(unsafe.Sizeof(*new(T)), 1))))
		if m.set.Limit != nil {
			d.MaxIdle = 0 // or it would be the limit until the next reload
		}
	}
	m.choosePrewarm(&d.Prewarm)
	m.chooseSafety(&d.Safety)
	return finish(m, strategies.NewBounded[T], d)
}

// NewSync is strategies.NewSync with the configuration's settings for the pool:
// prewarm and mode. See NewSizeClasses.
func NewSync[T any](c *Config, d strategies.SyncConfig[T]) (*strategies.Sync[T], error) {
	m := c.begin("sync", d.Name, &d.Registry)
	m.choosePrewarm(&d.Prewarm)
	return finish(m, strategies.NewSync[T], d)
}

func (m *making) chooseSafety(into *strategies.Safety) {
	choose(&m.choices, "safety", "Safety", m.set.Safety, (*watching)(into))
}

func (m *making) chooseZero(into *strategies.Zeroing) {
	choose(&m.choices, "zero", "Zero", m.set.Zero, (*zeroing)(into))
}

// chooseCount decides the number of buffers in a slab.
func (m *making) chooseCount(d *strategies.FixedConfig) {
	if d.Size <= 0 {
		return
	}
	s := m.set.Limit
	if s != nil && !s.own {
		s = nil
	}
	slab := limit(config.Product(int64(d.Size), int64(max(d.Count, 0))))
	choose(&m.choices, "limit", "Count", s, &slab)
	if s != nil {
		d.Count = int(min(int64(slab)/int64(d.Size), math.MaxInt))
	}
}

// finish makes the pool, applies the settings that only an open pool can have, and
// remembers the pool.
func finish[D any, P made](m *making, construct func(D) (P, error), d D) (P, error) {
	var none P
	if err := m.check(); err != nil {
		return none, err
	}
	p, err := construct(d)
	if err != nil {
		return none, explain(err, m.choices, below("pools", m.name))
	}
	if m.config == nil || m.registry != m.config.registry {
		return p, nil
	}
	if err := m.config.adopt(m, p.Name()); err != nil {
		p.Close()
		return none, err
	}
	return p, nil
}
