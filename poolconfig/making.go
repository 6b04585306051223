package poolconfig

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/strategies"
)

// making is how a pool was made: what the code wanted of each setting, and what
// the configuration made of it.
type making struct {
	config   *Config
	registry *pool.Registry
	name     string // in the code; in the registry it may have a suffix
	kind     string // for errors: "sizeclasses"
	set      settings
	limit    int64 // the code's
	choices  []choice
	entry    *pool.Entry
	source   pool.Source // in entry: another pool may have the name later
	problems
}

// choice is a setting as the pool was made with it.
type choice struct {
	field     string
	inCode    string // what the code would have had
	value     string
	from      origin
	parameter string // the field's name in the strategy's config
}

// begin makes ready to make a pool, or returns nil if there is nothing to say
// about it.
func (c *Config) begin(kind, name string, registry **pool.Registry) *making {
	if c == nil || name == "" {
		return nil
	}
	if *registry == nil {
		*registry = c.registry
	}
	return &making{config: c, registry: *registry, name: name, kind: kind, set: c.state.Load().of(name)}
}

// choose decides a field of a config: by the setting, or else by the code.
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
	if m == nil {
		return
	}
	m.limit = *into
	if m.limit == 0 {
		m.limit = strategies.DefaultLimit
	}
	choose(&m.choices, "limit", "Limit", m.set.Limit, limit(m.limit), func(l limit) { *into = int64(l) })
}

// prewarm is the setting if it is of the pool's form, by size or not. One of the
// other form is refused.
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
	if m == nil {
		return
	}
	s := m.prewarm(false, "a "+m.kind+" pool has no sizes: use how many objects to make")
	choose(&m.choices, "prewarm", "Prewarm", s, prewarm{0: *into}, func(p prewarm) { *into = p[0] })
}

// choosePrewarmBySize decides how many buffers of each size a pool makes in
// advance.
func (m *making) choosePrewarmBySize(into *map[int]int) {
	if m == nil {
		return
	}
	s := m.prewarm(true, "a "+m.kind+" pool has sizes: use {size: how many}")
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

// refuse notes a setting that the pool cannot have, if it is meant for this pool
// alone: one for many pools is for those that can.
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

// check refuses what is set and nobody chose. It comes before the pool is made.
func (m *making) check() error {
	if m == nil {
		return nil
	}
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

// explain says of a constructor's errors where the values came from that it
// did not like.
func (m *making) explain(err error) error {
	if m == nil {
		return err
	}
	return explain(err, m.choices, func(field string) string { return poolPath(m.name, field) })
}

// explain names the origin of each value that an error complains of.
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

// chosen is the choice that decided a field of a config, or a part of it, if it
// is not the code's.
func chosen(choices []choice, field string) int {
	return slices.IndexFunc(choices, func(c choice) bool {
		rest, ok := strings.CutPrefix(field, c.parameter)
		return c.from != code && ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// flat is the errors that were joined.
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
