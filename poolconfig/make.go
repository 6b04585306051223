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
	m.chooseClasses(&d.Classes)
	if err := m.check(); err != nil {
		return nil, err
	}
	p, err := strategies.NewSizeClasses(d)
	return finish(m, p, err)
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
	if err := m.check(); err != nil {
		return nil, err
	}
	p, err := strategies.NewFixed(d)
	return finish(m, p, err)
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
	if err := m.check(); err != nil {
		return nil, err
	}
	p, err := strategies.NewBounded(d)
	return finish(m, p, err)
}

// NewSync is strategies.NewSync with the configuration's settings for the pool:
// prewarm and mode. See NewSizeClasses.
func NewSync[T any](c *Config, d strategies.SyncConfig[T]) (*strategies.Sync[T], error) {
	m := c.begin("sync", d.Name, &d.Registry)
	m.choosePrewarm(&d.Prewarm)
	if err := m.check(); err != nil {
		return nil, err
	}
	p, err := strategies.NewSync(d)
	return finish(m, p, err)
}

func (m *making) chooseSafety(into *strategies.Safety) {
	choose(&m.choices, "safety", "Safety", m.set.Safety, watching(*into), func(w watching) { *into = strategies.Safety(w) })
}

func (m *making) chooseZero(into *strategies.Zeroing) {
	choose(&m.choices, "zero", "Zero", m.set.Zero, zeroing(*into), func(z zeroing) { *into = strategies.Zeroing(z) })
}

// chooseCount decides the number of buffers in a slab.
func (m *making) chooseCount(d *strategies.FixedConfig) {
	if d.Size <= 0 {
		return
	}
	s := m.set.Limit
	if s != nil && !m.demands("limit", s) {
		s = nil
	}
	inCode := limit(config.Product(int64(d.Size), int64(max(d.Count, 0))))
	choose(&m.choices, "limit", "Count", s, inCode, func(l limit) {
		d.Count = int(min(int64(l)/int64(d.Size), math.MaxInt))
	})
}

func (m *making) chooseClasses(into *strategies.Classes) {
	choose(&m.choices, "classes", "Classes", m.set.Classes, classesOf(*into), func(c classes) { *into = c.table() })
}

// finish applies the settings of an open pool, and remembers the pool.
func finish[P made](m *making, p P, err error) (P, error) {
	var none P
	if err != nil {
		return none, m.explain(err)
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
