package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot/plotter"
)

// growth is a cost over what it grows with.
type growth struct {
	name   string // of the case
	key    string // of the parameter that it grows with; "" is GOMAXPROCS
	title  string
	axis   string
	charts []chartOf
}

// chartOf is one figure of it.
type chartOf struct {
	unit  string // in the output
	axis  string
	scale float64
	pools []string // whose lines it shows; nil is all
	logY  bool
}

var growths = []growth{
	{"GrowthPools", "pools", "Number of pools", "pools", []chartOf{
		{"sec/op", "ns per Get and Put", 1e9, nil, true},
		{"overhead-B", "bytes beside the buffers, per pool", 1, []string{"sizeclasses"}, false}}},
	{"GrowthClasses", "classes", "Number of size classes", "classes", []chartOf{
		{"sec/op", "ns per Get and Put", 1e9, nil, false},
		{"overhead-B", "bytes beside the buffers, one P", 1, nil, false}}},
	{"GrowthProcs", "", "GOMAXPROCS", "GOMAXPROCS", []chartOf{
		{"sec/op", "ns per Get and Put, over all", 1e9, []string{"sizeclasses", "syncpool"}, false},
		{"overhead-B", "bytes beside the buffers", 1, []string{"memory"}, false}}},
	{"GrowthGoroutines", "goroutines", "Goroutines", "goroutines", []chartOf{
		{"sec/op", "ns per Get and Put, over all", 1e9, nil, false}}},
	{"GrowthIdle", "idle", "Idle buffers of 64 B", "idle buffers", []chartOf{
		{"sec/op", "ms per garbage collection", 1e3, nil, true},
		{"gc-cpu-sec/op", "ms of processor time per collection", 1e3, nil, true},
		{"overhead-B", "bytes beside each buffer", 1, nil, false}}},
	{"GrowthCollect", "pools", "Collection by the OpenTelemetry SDK", "pools", []chartOf{
		{"sec/op", "ms per collection", 1e3, nil, true}}},
}

// growthBlock is the part of BENCHMARKS.md that growth measures, and its charts.
func growthBlock(o options, r *results) (string, error) {
	var b strings.Builder
	b.WriteString(environment(r))
	for _, g := range growths {
		fmt.Fprintf(&b, "\n### %s\n\n", g.title)
		all, err := r.growing(g)
		if err != nil {
			return "", err
		}
		for i, c := range g.charts {
			name := fmt.Sprintf("%s-%d.svg", strings.ToLower(g.name), i+1)
			var shown []line
			for _, s := range all {
				if l := s.line(r, c); len(l.at) > 0 {
					shown = append(shown, l)
				}
			}
			if len(shown) == 0 {
				continue
			}
			if err := lines(filepath.Join(o.root, "lab", "bench", "results", name), g.title, g.axis, c.axis, shown, true,
				c.logY); err != nil {
				return "", err
			}
			fmt.Fprintf(&b, "![%s: %s](lab/bench/results/%s)\n\n", g.title, c.axis, name)
		}
		b.WriteString(r.growthTable(g, all))
	}
	return strings.TrimRight(b.String(), "\n"), nil
}

// grown is one line of a growth: a pool, or, in collections, a number of
// classes.
type grown struct {
	name string
	x    []float64
	at   []id
}

// growing sorts the lines of a case into what grows.
func (r *results) growing(g growth) (all []*grown, err error) {
	byName := map[string]*grown{}
	for _, at := range r.order {
		if at.Case != g.name {
			continue
		}
		name, value := at.Pool, at.CPU
		for part := range strings.SplitSeq(at.Param, "/") {
			key, v, _ := strings.Cut(part, "=")
			switch {
			case key == g.key:
				value = v
			case name == "":
				name = part
			}
		}
		x, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return nil, fmt.Errorf("%s at %s: %w", g.name, at.Param, err)
		}
		if byName[name] == nil {
			byName[name] = &grown{name: name}
			all = append(all, byName[name])
		}
		byName[name].x = append(byName[name].x, x)
		byName[name].at = append(byName[name].at, at)
	}
	return all, nil
}

// line is a chart's line. A logarithmic axis has no 0: it stands at the left end, as
// 1.
func (s *grown) line(r *results, c chartOf) line {
	l := line{name: s.name}
	if c.pools != nil && !slices.Contains(c.pools, s.name) {
		return l
	}
	for i, at := range s.at {
		if sum, ok := r.summary(at, c.unit); ok && (sum.Center > 0 || !c.logY) {
			l.at = append(l.at, plotter.XY{X: max(s.x[i], 1), Y: sum.Center * c.scale})
		}
	}
	return l
}

// growthTable has a row per step of the growth and a column per line and figure.
func (r *results) growthTable(g growth, all []*grown) string {
	header := []string{g.axis}
	type column struct {
		of *grown
		chartOf
	}
	var columns []column
	for _, c := range g.charts {
		for _, s := range all {
			if len(s.line(r, c).at) > 0 {
				columns = append(columns, column{s, c})
				header = append(header, s.name+": "+c.axis)
			}
		}
	}
	t := newTable(header...)
	for _, x := range steps(all) {
		cells := []string{strconv.FormatFloat(x, 'f', -1, 64)}
		for _, c := range columns {
			cells = append(cells, c.of.cell(r, x, c.chartOf))
		}
		t.row(cells...)
	}
	return t.String()
}

func (s *grown) cell(r *results, x float64, c chartOf) string {
	for i, at := range s.at {
		if sum, ok := r.summary(at, c.unit); ok && s.x[i] == x {
			return trimmed(sum.Center * c.scale)
		}
	}
	return ""
}

// steps is every value that anything grew to, in order of appearance.
func steps(all []*grown) (xs []float64) {
	seen := map[float64]bool{}
	for _, s := range all {
		for _, x := range s.x {
			if !seen[x] {
				seen[x] = true
				xs = append(xs, x)
			}
		}
	}
	return xs
}
