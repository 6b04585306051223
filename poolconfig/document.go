package poolconfig

import (
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v4"
)

// document has the fields of a file. Its tags give the field names, their
// descriptions in the JSON Schema and the names of environment variables.
type document struct {
	Budget     *setting[limit] `json:"budget,omitempty" live:"yes" jsonschema:"Most idle bytes that all pools of the registry keep together; with a controller, the most that it allows them."`
	Controller controller      `json:"controller,omitzero" live:"yes" jsonschema:"How pools are sized from demand and memory pressure."`
	Pools      patterns        `json:"pools,omitempty" jsonschema:"Settings by pool name, or by pattern: * is any characters, ? is one, [a-z] is one of a range. Each setting comes from the most specific entry that has it."`
}

// settings has the settings of a pool. For a nil field less specific entries
// decide, and in the end the code.
type settings struct {
	Mode         *setting[mode]     `json:"mode,omitempty" live:"yes" jsonschema:"on pools; off allocates and drops, as if there were no pool; count does the same and counts."`
	Limit        *setting[limit]    `json:"limit,omitempty" live:"yes" jsonschema:"Most idle bytes the pool keeps."`
	Reserve      *setting[size]     `json:"reserve,omitempty" live:"yes" jsonschema:"Idle bytes that neither age nor a shared budget takes from the pool."`
	Prewarm      *setting[prewarm]  `json:"prewarm,omitempty" jsonschema:"Objects to make when the pool is made: a number, or, for a pool with size classes, numbers by size."`
	Zero         *setting[zeroing]  `json:"zero,omitempty" jsonschema:"When reused buffers are cleared."`
	Safety       *setting[watching] `json:"safety,omitempty" jsonschema:"How closely the pool checks for buffers that are lost, given back twice or used after that: sampled costs next to nothing, off checks nothing, strict checks every buffer and is slow."`
	Classes      *setting[classes]  `json:"classes,omitempty" jsonschema:"The capacities that a pool of buffers hands out: a list, or the table from min to max."`
	ClassMetrics *setting[boolean]  `json:"class_metrics,omitempty" jsonschema:"Whether metrics have a row per size class."`
}

// setting is a value and its origin.
type setting[T any] struct {
	value T
	from  origin
	own   bool // meant for one pool, which must be able to have it
}

// entry is settings for the pools whose names match a pattern.
type entry struct {
	pattern string
	from    origin
	settings
}

// patterns has the entries of a document, in its order.
type patterns []*entry

func (s *setting[T]) decode(d *decoder, n *yaml.Node, path string) {
	s.from, s.own = d.origin(n), d.own
	any(&s.value).(decodable).decode(d, n, path)
}

// show returns the value as a document would write it, and its origin.
func (s *setting[T]) show() (value string, from origin) {
	return fmt.Sprint(s.value), s.from
}

// demanded reports whether a pool must be able to have the setting.
func (s *setting[T]) demanded() bool { return s.own }

func (p *patterns) decode(d *decoder, n *yaml.Node, path string) {
	if n.Kind != yaml.MappingNode {
		d.wrong(n, path, "use a mapping from names or patterns to settings")
		return
	}
	for key, value := range d.pairs(n, path) {
		name := d.scalar(key)
		e := &entry{pattern: name, from: d.origin(key)}
		d.own = isName(name)
		d.wrongIf(name == "", key, "a name in "+path, `use a pool's name, or a pattern like "http.*"`)
		d.wrongIf(!validPattern(name), key, "a name in "+path, `not a pattern: close [, and write \[ for the character`)
		d.object(value, below(path, name), &e.settings)
		e.check(d, below(path, name))
		*p = append(*p, e)
	}
	d.own = false
}

// check refuses settings that contradict each other.
func (s *settings) check(d *decoder, path string) {
	if r, l := s.Reserve, s.Limit; r != nil && l != nil && limit(r.value) > l.value && l.value > 0 {
		d.add(r.from, below(path, "reserve"), r.value.String(),
			fmt.Sprintf("more than the limit of %v: lower it, or raise the limit", l.value))
	}
}

// shown is a setting of any type.
type shown interface {
	show() (value string, from origin)
	demanded() bool
}

// fieldInfo is a field of document, settings or another struct of a document.
type fieldInfo struct {
	index int
	name  string
	live  bool
}

// fieldsOf returns the fields of a struct type that a document can have.
func fieldsOf(t reflect.Type) []fieldInfo {
	var fields []fieldInfo
	for f := range t.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			fields = append(fields, fieldInfo{index: f.Index[0], name: name, live: f.Tag.Get("live") != ""})
		}
	}
	return fields
}

// controllerFields lists the settings of the controller.
var controllerFields = fieldsOf(reflect.TypeFor[controller]())

// poolFields lists the settings of a pool, in the order of the struct.
var poolFields = fieldsOf(reflect.TypeFor[settings]())

// at returns the setting of a field, or nil if there is none.
func (s *settings) at(f fieldInfo) shown {
	v := reflect.ValueOf(s).Elem().Field(f.index)
	if v.IsNil() {
		return nil
	}
	return v.Interface().(shown)
}

// fill copies from o the fields, all of them pointers, that s lacks.
func fill[T settings | controller](s, o *T) {
	into, from := reflect.ValueOf(s).Elem(), reflect.ValueOf(o).Elem()
	for i := range into.NumField() {
		if v := into.Field(i); v.IsNil() {
			v.Set(from.Field(i))
		}
	}
}
