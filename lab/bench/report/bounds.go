package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"golang.org/x/perf/benchfmt"
)

// rule is an entry of bounds.yaml, which explains the fields.
type rule struct {
	Name   string
	Suite  string
	Of     string
	To     string
	Beside string
	Pools  []string
	Cases  []string
	CPU    []int
	GOGC   []int
	Unit   string
	Max    *ceiling
	Below  *float64
	Min    *float64
	Aim    *ceiling
	Next   float64
	CI     *float64
}

// bound is a rule for one pair of benchmarks at one setting.
type bound struct {
	rule
	of, to, beside id
}

func readBounds(o options) ([]bound, error) {
	file := filepath.Join(o.root, "lab", "bench", "bounds.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var doc struct{ Bounds []rule }
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&doc); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var all []bound
	var errs []error
	for _, r := range doc.Bounds {
		if err := r.validate(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %q: %w", file, r.Name, err))
			continue
		}
		all = append(all, r.expand()...)
	}
	return all, errors.Join(errs...)
}

func (r *rule) validate() error {
	if r.Suite == "" {
		r.Suite = "compare"
	}
	if r.Unit == "" {
		r.Unit = "sec/op"
	}
	limits := 0
	for _, given := range []bool{r.Max != nil, r.Below != nil, r.Min != nil} {
		if given {
			limits++
		}
	}
	_, known := suites[r.Suite]
	switch {
	case r.Of == "":
		return errors.New("of is empty: name a benchmark")
	case limits != 1:
		return fmt.Errorf("%d limits: give one of max, below and min", limits)
	case len(r.CPU) == 0:
		return errors.New("cpu is empty: say at which GOMAXPROCS it must hold")
	case !known:
		return fmt.Errorf("suite %q: use compare, worth or growth", r.Suite)
	}
	return nil
}

// expand is the rule for each pool, case and setting.
func (r *rule) expand() (all []bound) {
	orNone := func(s []string) []string {
		if len(s) == 0 {
			return []string{""}
		}
		return s
	}
	gogc := []string{""}
	if len(r.GOGC) > 0 {
		gogc = texts(r.GOGC)
	}
	for _, c := range orNone(r.Cases) {
		for _, p := range orNone(r.Pools) {
			fill := strings.NewReplacer("{case}", c, "{pool}", p).Replace
			for _, cpu := range texts(r.CPU) {
				for _, g := range gogc {
					b := bound{
						rule:   *r,
						of:     parseID(fill(r.Of), cpu, g),
						to:     parseID(fill(r.To), cpu, g),
						beside: parseID(fill(r.Beside), cpu, g),
					}
					b.Name = fill(r.Name)
					all = append(all, b)
				}
			}
		}
	}
	return all
}

func texts(numbers []int) (all []string) {
	for _, n := range numbers {
		all = append(all, fmt.Sprint(n))
	}
	return all
}

// parseID parses a name in bounds.yaml; "" is none.
func parseID(name, cpu, gogc string) id {
	if name == "" {
		return id{}
	}
	at := parseName(benchfmt.Name(name))
	at.CPU, at.GOGC = cpu, gogc
	return at
}

// ids is the lines of output that the bound needs.
func (b *bound) ids() (all []id) {
	for _, at := range []id{b.of, b.to, b.beside} {
		if at != (id{}) {
			all = append(all, at)
		}
	}
	return all
}

// verdict is a bound and what was measured.
type verdict struct {
	bound
	measured bool
	value    float64
	limit    string     // in words
	parts    [2]float64 // that value is the ratio of
	other    float64    // shown beside it
	ok       bool
}

// judge applies a bound to a suite's results: to their medians, or, leniently,
// to the fastest rounds.
func (b *bound) judge(r *results, lenient bool) verdict {
	v := verdict{bound: *b, measured: true, limit: b.limitText(r, lenient)}
	figure := func(at id) float64 {
		if b.Unit == slowUnit {
			v.measured = len(r.values[at]["sec/op"]) > 0
			return r.slow(at)
		}
		if len(r.values[at][b.Unit]) == 0 {
			v.measured = false
			return 0
		}
		if lenient && b.Min == nil {
			return r.fastest(at, b.Unit)
		}
		return r.median(at, b.Unit)
	}
	v.parts[0] = figure(b.of)
	v.value = v.parts[0]
	if b.to != (id{}) {
		v.parts[1] = figure(b.to)
		v.value /= v.parts[1]
	}
	if b.beside != (id{}) {
		v.other = figure(b.beside)
	}
	v.ok = v.measured && b.holds(r, v.value, lenient)
	return v
}

func (b *bound) holds(r *results, value float64, lenient bool) bool {
	switch {
	case lenient && b.Min != nil:
		return value >= *b.CI
	case lenient:
		return value <= *b.CI
	case b.Min != nil:
		return value >= *b.Min
	case b.Below != nil:
		return value < *b.Below
	default:
		return value <= b.most(r)
	}
}

// most is Max where the results come from.
func (b *bound) most(r *results) float64 {
	limit := b.Max.at(r.config["cpu"])
	if r.next() {
		limit += b.Next
	}
	return limit
}

// limitText is the bound in words.
func (b *bound) limitText(r *results, lenient bool) string {
	text, limit := "≤ ", 0.0
	switch {
	case b.Min != nil:
		text, limit = "≥ ", *b.Min
	case b.Below != nil:
		text, limit = "< ", *b.Below
	default:
		limit = b.most(r)
	}
	if lenient {
		limit = *b.CI
	}
	text += trimmed(limit)
	if b.Aim != nil && !lenient {
		text += ", aim " + trimmed(b.Aim.at(r.config["cpu"]))
	}
	return text
}

// narrowed is a step cut down to what the bounds need of it.
func narrowed(st step, bounds []bound) (step, bool) {
	var levels [][]string
	for i := range bounds {
		for _, at := range bounds[i].ids() {
			if at.Case != st.name || (at.GOGC != "" && at.GOGC != st.gogc) || (st.pool != "" && at.Pool != st.pool) {
				continue
			}
			for level, name := range at.levels() {
				if level == len(levels) {
					levels = append(levels, nil)
				}
				if !slices.Contains(levels[level], name) {
					levels[level] = append(levels[level], name)
				}
			}
		}
	}
	st.only = levels
	return st, levels != nil
}

// levels is the parts of the name below the case.
func (at id) levels() (names []string) {
	if at.Pool != "" {
		names = append(names, "pool="+at.Pool)
	}
	if at.Param != "" {
		names = append(names, strings.Split(at.Param, "/")...)
	}
	return names
}
