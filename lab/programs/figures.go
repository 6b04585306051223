package main

import (
	"errors"
	"io/fs"
	"os"
	"slices"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchmath"
)

// line is a benchmark with one GOGC, in one copy.
type line struct{ pkg, name, gogc, copy string }

// figures are a program's, by unit, one a round.
type figures struct {
	config map[string]string
	order  []line // theirs
	values map[line]map[string][]float64
}

// readFigures has none where there is no file.
func readFigures(file string) (*figures, error) {
	f := &figures{config: make(map[string]string), values: make(map[line]map[string][]float64)}
	in, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	defer in.Close()
	reader := benchfmt.NewReader(in, file)
	for reader.Scan() {
		switch record := reader.Result().(type) {
		case *benchfmt.Result:
			f.add(record)
		case *benchfmt.SyntaxError:
			return nil, record
		}
	}
	return f, reader.Err()
}

func (f *figures) add(b *benchfmt.Result) {
	for _, c := range b.Config {
		f.config[c.Key] = string(c.Value)
	}
	at := line{b.GetConfig("pkg"), b.Name.String(), b.GetConfig("gogc"), b.GetConfig("copy")}
	if f.values[at] == nil {
		f.values[at] = make(map[string][]float64)
		if at.copy == "theirs" {
			f.order = append(f.order, at)
		}
	}
	for _, v := range b.Values {
		f.values[at][v.Unit] = append(f.values[at][v.Unit], v.Value)
	}
}

// compared is a unit's medians before and after.
type compared struct {
	before, after float64
	p             float64 // that chance alone makes such a difference
}

func (f *figures) compare(theirs line, unit string) compared {
	ours := theirs
	ours.copy = "ours"
	a, b := f.sample(theirs, unit), f.sample(ours, unit)
	if a == nil || b == nil {
		return compared{p: 1}
	}
	c := compared{before: a.median(), after: b.median(), p: benchmath.AssumeNothing.Compare(a.Sample, b.Sample).P}
	return c
}

// sample is nil where nothing was measured.
type sample struct{ *benchmath.Sample }

func (f *figures) sample(at line, unit string) *sample {
	values := f.values[at][unit]
	if len(values) == 0 {
		return nil
	}
	return &sample{benchmath.NewSample(slices.Clone(values), &benchmath.DefaultThresholds)}
}

func (s *sample) median() float64 { return benchmath.AssumeNothing.Summary(s.Sample, 0.95).Center }

// unsure is the p from which a difference is called none, benchstat's.
const unsure = 0.05

// ratio is 1 where both are 0.
func (c compared) ratio() float64 {
	if c.before == c.after {
		return 1
	}
	return c.after / c.before
}

// slower tells whether the requirement is broken: more than 3 % slower, and not by chance.
func (c compared) slower() bool { return c.ratio() > 1.03 && c.p < unsure }

// fewBytes for each operation are what was allocated once, divided by the number of operations.
const fewBytes = 64

// saves tells whether it is met: allocates at least 10 % less, and not by chance.
func (c compared) saves() bool { return c.before >= fewBytes && c.ratio() <= 0.9 && c.p < unsure }
