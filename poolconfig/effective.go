package poolconfig

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/otelpool/pool/control"
	"go.yaml.in/yaml/v4"
)

// Effective is the configuration in force.
type Effective struct {
	Settings []Setting
	// Unused has the entries of the document, and the variables, that match no
	// open pool: misspelt, or for pools yet to be made.
	Unused []string
}

// Setting is one setting in force.
type Setting struct {
	Pool  string // "" for the budget and the controller
	Field string // "limit"
	Value string // as a document would write it
	From  string // "pools.yaml:7", "OTELPOOL_LIMIT", "code", or "the program" if it has changed the pool since
	Live  bool   // Reload may change it; the others are set when a pool is made
}

const program origin = "the program"

// Effective returns the settings in force, of the budget, the controller and
// every open pool, with their origins. It leaves out settings that a pool
// cannot have, and pools that hang or panic.
func (c *Config) Effective() Effective {
	if c == nil {
		return Effective{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.state.Load()
	e := Effective{Settings: c.shared(s)}
	subjects := c.subjects()
	answered, _ := c.read(subjects, s) // Reload names the others
	for _, sub := range answered {
		e.Settings = append(e.Settings, c.effective(s, sub)...)
	}
	e.Unused = s.unused(subjects)
	return e
}

// shared returns the settings that belong to no pool. It leaves out the
// controller's settings that nobody has set: the controller chooses them
// itself.
func (c *Config) shared(s *state) (all []Setting) {
	ctl := c.ours()
	if ctl == nil {
		return []Setting{inForce("", "budget", limit(c.registry.Budget().Limit()), s.budgetOf(), limit(c.initial))}
	}
	_, choices := s.control(ctl.inCode)
	for _, k := range choices {
		if k.from != code || !unset[k.value] {
			all = append(all, Setting{Field: k.field, Value: k.value, From: string(k.from), Live: k.field != managesField})
		}
	}
	return all
}

// unset has the values, as written, that leave a choice to the controller.
var unset = map[string]bool{
	duration(0).String(): true, share(0).String(): true, size(0).String(): true, band{}.String(): true, forceGC(0).String(): true,
	boolean(false).String(): true,
}

// inForce is a live setting whose value should be the one asked for; if it is
// not, the program has set it.
func inForce[T fmt.Stringer](pool, field string, value T, s *setting[T], inCode T) Setting {
	asked, from := orCode(s, inCode)
	if value.String() != asked.String() {
		from = program
	}
	return Setting{Pool: pool, Field: field, Value: value.String(), From: string(from), Live: true}
}

// effective is the settings of one pool.
func (c *Config) effective(s *state, sub *subject) []Setting {
	set, was, name := s.of(sub.name), c.original(sub), sub.entry.Name()
	var all []Setting
	if _, ok := sub.source.(control.Switchable); ok {
		all = append(all, inForce(name, "mode", mode(sub.now.mode), set.Mode, mode(was.mode)))
	}
	if _, ok := sub.source.(control.Resizable); ok {
		all = append(all, inForce(name, "limit", limit(sub.now.limit), set.Limit, limit(was.limit)))
	}
	if _, ok := sub.source.(control.Tunable); ok {
		v, from := orCode(set.Reserve, size(0))
		all = append(all, Setting{Pool: name, Field: "reserve", Value: v.String(), From: string(from), Live: true})
	}
	if sub.making == nil {
		return all
	}
	for _, made := range sub.making.choices {
		if !slices.ContainsFunc(all, func(s Setting) bool { return s.Field == made.field }) {
			all = append(all, Setting{Pool: name, Field: made.field, Value: made.value, From: string(made.origin(&set))})
		}
	}
	return all
}

// origin is the place of the choice's value: the line that it has moved to, if
// the settings still have it.
func (c *choice) origin(set *settings) origin {
	if v := set.at(poolField(c.field)); v != nil {
		if value, at := v.show(); value == c.value {
			return at
		}
	}
	return c.from
}

// orCode is a setting, or the code's value.
func orCode[T any](s *setting[T], inCode T) (T, origin) {
	if s == nil {
		return inCode, code
	}
	return s.value, s.from
}

// unused lists the entries and variables that match no open pool.
func (s *state) unused(subjects []*subject) []string {
	var all []string
	for _, e := range s.doc.Pools {
		if !slices.ContainsFunc(subjects, func(sub *subject) bool { return matches(e.pattern, sub.name) }) {
			all = append(all, fmt.Sprintf("%s (%s)", e.pattern, e.from))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.env.pools)) {
		if !slices.ContainsFunc(subjects, func(sub *subject) bool { return variable(sub.name) == name }) {
			all = append(all, prefix+"POOL_"+name)
		}
	}
	return all
}

// String is the configuration as a document with the same meaning, with the
// origin of each value in a comment.
func (e Effective) String() string {
	out, _ := yaml.Dump(e.document()) // no error: the tree is valid
	var b strings.Builder
	b.Write(out)
	for _, u := range e.Unused {
		fmt.Fprintf(&b, "# no open pool matches %s\n", u)
	}
	return b.String()
}

// document is the settings as YAML: first those of no pool, then the
// controller's, then the pools'.
func (e Effective) document() *yaml.Node {
	root, control, pools := mapping(), mapping(), mapping()
	var last string
	var of *yaml.Node
	for _, s := range e.Settings {
		if s.Pool != "" && s.Pool != last {
			of, last = mapping(), s.Pool
			pools.Content = append(pools.Content, text(escaped(s.Pool)), of)
		}
		into := root
		field, ofControl := strings.CutPrefix(s.Field, "controller.")
		switch {
		case ofControl:
			into = control
		case s.Pool != "":
			into = of
		}
		v := valueNode(s.Value)
		v.LineComment = s.From
		into.Content = append(into.Content, text(field), v)
	}
	attach(root, "controller", control)
	attach(root, "pools", pools)
	return root
}

// attach puts a mapping below root, unless it is empty.
func attach(root *yaml.Node, name string, m *yaml.Node) {
	if len(m.Content) > 0 {
		root.Content = append(root.Content, text(name), m)
	}
}

func mapping() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode} }

func text(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }

// valueNode is a value as a document writes it: prewarm and classes are YAML.
func valueNode(value string) *yaml.Node {
	if n, err := load([]byte(value)); err == nil && n != nil {
		return n
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Value: value}
}

// escaped is a name as a pattern that matches nothing else.
func escaped(name string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(name)
}

// ClassMetrics returns the names of the pools whose metrics have rows by size
// class, for otelpool.WithSizeClasses: those in inCode unless class_metrics is
// false for them, and all pools that the document names or that are open for
// which it is true.
//
//	otelpool.Start(otelpool.WithSizeClasses(conf.ClassMetrics("http.body")...))
//
// Metrics use it once, when they start: a later Reload has no effect on them.
func (c *Config) ClassMetrics(inCode ...string) []string {
	if c == nil {
		return inCode
	}
	s := c.state.Load()
	names := slices.Clone(inCode)
	for _, e := range s.sorted {
		if isName(e.pattern) {
			names = append(names, e.pattern)
		}
	}
	for _, e := range c.registry.All() {
		if e.Source() != nil {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool {
		if set := s.of(name); set.ClassMetrics != nil {
			return !bool(set.ClassMetrics.value)
		}
		return !slices.Contains(inCode, name)
	})
}
