package poolconfig

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/strategies"
)

// making records how a pool was made: the code's value of each setting, and the
// configuration's.
type making struct {
	config   *Config
	registry *pool.Registry
	name     string // in the code; the registry may have added a suffix
	kind     string // for errors: "sizeclasses"
	set      settings
	limit    int64 // the code's
	choices  []choice
	entry    *pool.Entry
	source   pool.Source // entry's then: another pool may take the name later
	problems
}

// choice is a setting as the pool was made with it.
type choice struct {
	field     string
	inCode    string // the code's value
	value     string
	from      origin
	parameter string // the field's name in the strategy's config
}

// begin prepares the making of a pool. If the configuration does not apply to it,
// config is nil, and nothing is set.
func (c *Config) begin(kind, name string, registry **pool.Registry) *making {
	if c == nil || name == "" {
		return new(making)
	}
	if *registry == nil {
		*registry = c.registry
	}
	return &making{config: c, registry: *registry, name: name, kind: kind, set: c.state.Load().of(name)}
}

// choose decides a field of a config: the setting's value, or else the code's.
func choose[T fmt.Stringer](all *[]choice, field, parameter string, s *setting[T], inCode T, set func(T)) {
	c := choice{field: field, parameter: parameter, inCode: inCode.String(), value: inCode.String(), from: code}
	if s != nil {
		set(s.value)
		c.value, c.from = s.show()
	}
	*all = append(*all, c)
}

// chooseLimit decides the limit of a pool that has one in bytes.
func (m *making) chooseLimit(into *int64) {
	m.limit = *into
	if m.limit == 0 {
		m.limit = strategies.DefaultLimit
	}
	choose(&m.choices, "limit", "Limit", m.set.Limit, limit(m.limit), func(l limit) { *into = int64(l) })
}

// prewarm returns the setting if it has the pool's form, by size or not, and
// refuses the other form.
func (m *making) prewarm(bySize bool, remedy string) *setting[prewarm] {
	s := m.set.Prewarm
	if s == nil {
		return nil
	}
	if _, plain := s.value[0]; plain == bySize {
		m.refuse("prewarm", s, remedy)
		return nil
	}
	return s
}

// choosePrewarm decides the number of objects that a pool without sizes prewarms.
func (m *making) choosePrewarm(into *int) {
	s := m.prewarm(false, "a "+m.kind+" pool has no sizes: use a number of objects")
	choose(&m.choices, "prewarm", "Prewarm", s, prewarm{0: *into}, func(p prewarm) { *into = p[0] })
}

// choosePrewarmBySize decides the number of buffers of each size that a pool
// prewarms.
func (m *making) choosePrewarmBySize(into *map[int]int) {
	s := m.prewarm(true, "a "+m.kind+" pool has sizes: use {size: number}")
	choose(&m.choices, "prewarm", "Prewarm", s, keyed[prewarm](*into), func(p prewarm) { *into = keyed[map[int]int](p) })
}

// keyed converts the keys of a map of sizes.
func keyed[To ~map[B]int, From ~map[A]int, A, B ~int](from From) To {
	to := make(To, len(from))
	for size, n := range from {
		to[B(size)] = n
	}
	return to
}

// refuse notes a setting that the pool cannot have, if it is meant for this
// pool alone: a setting for many pools applies to those that can have it.
func (m *making) refuse(field string, s shown, remedy string) {
	if m.demands(field, s) {
		value, from := s.show()
		m.add(from, poolPath(m.name, field), value, remedy)
	}
}

// demands reports whether a setting is meant for this pool alone.
func (m *making) demands(field string, s shown) bool {
	_, from := s.show()
	return m.config.state.Load().demands(m.name, poolField(field), from)
}

// check refuses settings that no choose function took. Call it before making
// the pool.
func (m *making) check() error {
	for _, f := range poolFields {
		s := m.set.at(f)
		if s == nil || f.live || f.name == "prewarm" || f.name == "class_metrics" || m.choice(f.name) != nil {
			continue
		}
		m.refuse(f.name, s, fmt.Sprintf("a %s pool has no such setting: leave it out", m.kind))
	}
	return m.Err()
}

func (m *making) choice(field string) *choice {
	i := slices.IndexFunc(m.choices, func(c choice) bool { return c.field == field })
	if i < 0 {
		return nil
	}
	return &m.choices[i]
}

// explain adds to a constructor's errors the origins of the values that they
// refuse.
func (m *making) explain(err error) error {
	if m.config == nil {
		return err
	}
	return explain(err, m.choices, func(field string) string { return poolPath(m.name, field) })
}

// explain adds to each error the origin of the value that it refuses.
func explain(err error, choices []choice, path func(field string) string) error {
	var errs []error
	for _, e := range flat(err) {
		if wrong, ok := errors.AsType[*pool.ConfigError](e); ok {
			i := chosen(choices, wrong.Field)
			if i < 0 {
				i = chosen(choices, wrong.Other)
			}
			if i >= 0 {
				e = fmt.Errorf("poolconfig: %s: %s: %w", choices[i].from, path(choices[i].field), e)
			}
		}
		errs = append(errs, e)
	}
	return errors.Join(errs...)
}

// chosen is the index of the choice that decided a field of a config, or a part
// of it, unless the code decided; else −1.
func chosen(choices []choice, field string) int {
	return slices.IndexFunc(choices, func(c choice) bool {
		rest, ok := strings.CutPrefix(field, c.parameter)
		return c.from != code && ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// flat returns the errors that were joined.
func flat(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

func poolPath(name, field string) string { return below(below("pools", name), field) }

func poolField(name string) fieldInfo {
	return poolFields[slices.IndexFunc(poolFields, func(f fieldInfo) bool { return f.name == name })]
}
