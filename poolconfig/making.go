package poolconfig

import (
	"cmp"
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
	original
	choices []choice
	entry   *pool.Entry
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
	*registry = cmp.Or(*registry, c.registry)
	return &making{config: c, registry: *registry, name: name, kind: kind, set: c.state.Load().of(name)}
}

// choose sets a field of a config to the setting's value, or else leaves it the
// code's.
func choose[T fmt.Stringer](all *[]choice, field, parameter string, s *setting[T], into *T) {
	inCode, from := (*into).String(), code
	if s != nil {
		*into, from = s.value, s.from
	}
	*all = append(*all, choice{field: field, parameter: parameter, inCode: inCode, value: (*into).String(), from: from})
}

// chooseLimit decides the limit of a pool that has one in bytes.
func (m *making) chooseLimit(into *int64) {
	m.limit = cmp.Or(*into, strategies.DefaultLimit)
	chosen := limit(m.limit)
	choose(&m.choices, "limit", "Limit", m.set.Limit, &chosen)
	if m.set.Limit != nil {
		*into = int64(chosen)
	}
}

// choosePrewarm decides the number of objects that a pool without sizes prewarms.
func (m *making) choosePrewarm(into *int) {
	chosen := prewarm{0: *into}
	m.prewarm(&chosen, false, "has no sizes: use a number of objects")
	*into = chosen[0]
}

// choosePrewarmBySize decides the number of buffers of each size that a pool
// prewarms.
func (m *making) choosePrewarmBySize(into *map[int]int) {
	m.prewarm((*prewarm)(into), true, "has sizes: use {size: number}")
}

// prewarm takes the setting if it has the pool's form, by size or not, and refuses
// the other form.
func (m *making) prewarm(into *prewarm, bySize bool, remedy string) {
	s := m.set.Prewarm
	if s != nil {
		if _, plain := s.value[0]; plain == bySize {
			m.refuse(m.name, "prewarm", s, fmt.Sprintf("a %s pool %s", m.kind, remedy))
			s = nil
		}
	}
	choose(&m.choices, "prewarm", "Prewarm", s, into)
}

// check refuses settings that no choose function took.
func (m *making) check() error {
	for _, f := range poolFields {
		s := m.set.at(f)
		if s == nil || f.live || f.name == "prewarm" || f.name == "class_metrics" || m.choice(f.name) != nil {
			continue
		}
		m.refuse(m.name, f.name, s, m.lacks())
	}
	return m.Err()
}

func (m *making) lacks() string {
	return fmt.Sprintf("a %s pool has no such setting: leave it out", m.kind)
}

// choice is how a field was chosen: nil if no choose function took it, or for a
// nil m, which is a pool made without the configuration.
func (m *making) choice(field string) *choice {
	if m == nil {
		return nil
	}
	return find(m.choices, func(c choice) bool { return c.field == field })
}

// find returns the first choice that is so, or nil.
func find(choices []choice, is func(choice) bool) *choice {
	if i := slices.IndexFunc(choices, is); i >= 0 {
		return &choices[i]
	}
	return nil
}

// explain adds to each error about a config the origin of the value that it
// refuses. The choices' fields are below path.
func explain(err error, choices []choice, path string) error {
	var errs []error
	for _, e := range flat(err) {
		if wrong, ok := errors.AsType[*pool.ConfigError](e); ok {
			if c := cmp.Or(chosen(choices, wrong.Field), chosen(choices, wrong.Other)); c != nil {
				e = fmt.Errorf("poolconfig: %s: %s: %w", c.from, below(path, c.field), e)
			}
		}
		errs = append(errs, e)
	}
	return errors.Join(errs...)
}

// chosen is the choice that decided a field of a config, or a part of it; nil if the
// code decided.
func chosen(choices []choice, field string) *choice {
	return find(choices, func(c choice) bool {
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
