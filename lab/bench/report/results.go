package main

import (
	"errors"
	"go/version"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/klauspost/cpuid/v2"
	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchmath"
)

// id identifies the subject of a line of output.
type id struct {
	Case  string // GetPut
	Pool  string // sizeclasses-otel
	Param string // size=1024
	CPU   string
	GOGC  string
}

// results is the figures of a suite.
type results struct {
	config map[string]string // of the run
	order  []id
	values map[id]map[string][]float64 // by unit, one a round
}

// read parses a file in the Go benchmark format. A file that is not there has no
// results.
func read(file string) (*results, error) {
	r := &results{config: map[string]string{}, values: map[id]map[string][]float64{}}
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	reader := benchfmt.NewReader(f, file)
	for reader.Scan() {
		switch record := reader.Result().(type) {
		case *benchfmt.Result:
			r.add(record)
		case *benchfmt.SyntaxError:
			return nil, record
		}
	}
	return r, reader.Err()
}

func (r *results) add(b *benchfmt.Result) {
	for _, c := range b.Config {
		r.config[c.Key] = strings.TrimSpace(string(c.Value))
	}
	// A hypervisor may give the processor any name.
	if cpu, vendor := r.config["cpu"], r.config["vendor"]; !strings.Contains(cpu, vendor) && vendor != cpuid.VendorUnknown.String() {
		r.config["cpu"] = strings.TrimSpace(vendor + " " + cpu)
	}
	at := parseName(b.Name)
	at.GOGC = b.GetConfig("gogc")
	if r.values[at] == nil {
		r.values[at] = map[string][]float64{}
		r.order = append(r.order, at)
	}
	for _, v := range b.Values {
		r.values[at][v.Unit] = append(r.values[at][v.Unit], v.Value)
	}
}

func parseName(n benchfmt.Name) id {
	base, parts := n.Parts()
	at := id{Case: string(base), CPU: "1"}
	for _, p := range parts {
		part := string(p)
		switch {
		case strings.HasPrefix(part, "-"):
			at.CPU = part[1:]
		case strings.HasPrefix(part, "/pool="):
			at.Pool = part[len("/pool="):]
		default:
			at.Param = strings.TrimPrefix(at.Param+part, "/")
		}
	}
	return at
}

// summary is the median of a line's rounds and what it lies between; ok is false
// if there is none.
func (r *results) summary(at id, unit string) (s benchmath.Summary, ok bool) {
	values := r.values[at][unit]
	if len(values) == 0 {
		return s, false
	}
	sample := benchmath.NewSample(slices.Clone(values), &benchmath.DefaultThresholds)
	return benchmath.AssumeNothing.Summary(sample, 0.95), true
}

// median is that alone; 0 if there is none.
func (r *results) median(at id, unit string) float64 {
	s, _ := r.summary(at, unit)
	return s.Center
}

// fastest is the smallest value: what the machine can do when nothing else runs
// on it.
func (r *results) fastest(at id, unit string) float64 {
	values := r.values[at][unit]
	if len(values) == 0 {
		return 0
	}
	return slices.Min(values)
}

// slowUnit is that of slow, in bounds.yaml.
const slowUnit = "slow processes"

// slow is how many processes were slow in all that they measured of a line, and not in
// sync.Pool's: a processor that slows down for a while slows both. The lines of a process
// have one index.
func (r *results) slow(at id) (n float64) {
	theirs := at
	theirs.Pool = reference
	for process := range r.values[at]["sec/op"] {
		if r.slowIn(at, process) && (at == theirs || !r.slowIn(theirs, process)) {
			n++
		}
	}
	return n
}

// slowIn reports whether a process was above 1.25 of the processes' median.
func (r *results) slowIn(at id, process int) bool {
	values := r.values[at]["sec/op"]
	return process < len(values) && values[process] > 1.25*r.median(at, "sec/op")
}

// next tells whether the results are of a later Go than 1.26, whose sync.Pool is faster.
func (r *results) next() bool {
	goVersion := r.config["go"]
	return goVersion != "" && version.Compare(goVersion, "go1.27") >= 0
}

// distinct is the different values of one part of the ids of a case, in order of
// appearance.
func (r *results) distinct(name string, part func(id) string) (all []string) {
	for _, at := range r.order {
		if v := part(at); at.Case == name && !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	return all
}

func poolOf(at id) string  { return at.Pool }
func paramOf(at id) string { return at.Param }
func cpuOf(at id) string   { return at.CPU }
func gogcOf(at id) string  { return at.GOGC }
