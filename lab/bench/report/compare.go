package main

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// view is how a case is shown.
type view struct {
	name    string
	title   string
	explain string
	chart   id // the setting that the chart shows; its pool is left open
}

// also is one more column of a case's table, at the chart's setting.
var also = map[string]struct{ title, unit, suffix string }{
	"Starved": {"hit rate", "hit-%", " %"},
	"Append":  {"peak", "peak-ratio", ""},
}

var views = []view{
	{
		"GetPut",
		"Get and Put, one goroutine",
		"One Get, one write to the first byte, one Put.",
		id{Case: "GetPut", Param: "size=1024", CPU: "1"},
	},
	{
		"GetPutParallel",
		"Get and Put, every P at once",
		"The same on as many goroutines as there are Ps. Time is per operation over all of them, so two Ps ideally halve it.",
		id{Case: "GetPutParallel", Param: "size=1024", CPU: "2"},
	},
	{
		"Mixed",
		"Mixed sizes",
		"Sizes from 64 B to 64 KiB, most of them small; eight buffers held at any time. `syncpool` is an array of sync.Pools " +
			"here, one for each power of two: one pool cannot do it.",
		id{Case: "Mixed", Param: "size=mixed", CPU: "1"},
	},
	{"MixedParallel", "Mixed sizes, every P at once", "", id{Case: "MixedParallel", Param: "size=mixed", CPU: "2"}},
	{
		"Handoff",
		"Get here, Put there",
		"One goroutine gets, another puts, as in a pipeline. 256 buffers at a time go over a channel, whose cost is in every figure.",
		id{Case: "Handoff", Param: "size=1024", CPU: "2"},
	},
	{"Burst", "Bursts", "1,000 buffers taken, then all given back.", id{Case: "Burst", Param: "size=1024", CPU: "1"}},
	{"BurstParallel", "Bursts, every P at once", "", id{Case: "BurstParallel", Param: "size=1024", CPU: "2"}},
	{
		"Starved",
		"Garbage collections in the loop",
		"A collection after every burst of 1 to 64 buffers; the time of the collection is not in the figure.",
		id{Case: "Starved", Param: "size=1024", CPU: "2"},
	},
	{
		"ManyPools",
		"Many pools",
		"Round 1,024 pools, so that nothing of a pool is in the first-level cache when its turn comes.",
		id{Case: "ManyPools", Param: "size=1024", CPU: "1"},
	},
	{"Objects", "Objects", "A pointer to 256 bytes.", id{Case: "Objects", Param: "size=256", CPU: "1"}},
	{"ObjectsParallel", "Objects, every P at once", "", id{Case: "ObjectsParallel", Param: "size=256", CPU: "2"}},
	{
		"Append",
		"Writing 10 MiB",
		"In pieces of 32 KiB. `make` and `syncpool` are a bytes.Buffer, new and of a sync.Pool; `buffer` is `Buffer`, `chunked` is " +
			"`Chunked`. The peak is the most memory while a new one grows, by its content.",
		id{Case: "Append", Param: "size=10485760", CPU: "1"},
	},
}

const (
	reference = "syncpool"
	ours      = "sizeclasses-otel"
)

// comparisonBlock is the part of BENCHMARKS.md that compare measures, and its
// charts.
func comparisonBlock(o options, r *results) (string, error) {
	var b strings.Builder
	b.WriteString(environment(r))
	for _, v := range views {
		rows := r.pools(v)
		if len(rows) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n### %s\n\n", v.title)
		if v.explain != "" {
			fmt.Fprintf(&b, "%s\n\n", v.explain)
		}
		name := "compare-" + strings.ToLower(v.name) + ".svg"
		if err := r.chart(o, v, rows, name); err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "![%s](lab/bench/results/%s)\n\n", v.title, name)
		b.WriteString(r.table(v, rows))
	}
	return b.String(), nil
}

// pools is the pools of a case, by their time at the chart's setting.
func (r *results) pools(v view) []string {
	all := r.distinct(v.name, poolOf)
	at := func(pool string) float64 {
		v.chart.Pool = pool
		return r.median(v.chart, "sec/op")
	}
	slices.SortStableFunc(all, func(a, b string) int { return cmp.Compare(at(a), at(b)) })
	return all
}

// chart shows each of our strategies once, with its metrics on, and SizeClasses
// without too.
func (r *results) chart(o options, v view, pools []string, name string) error {
	at := v.chart
	at.Pool = reference
	limit := 6 * r.median(at, "sec/op") * 1e9
	var all []bar
	for _, pool := range pools {
		at.Pool = pool
		ns := r.median(at, "sec/op") * 1e9
		if ns > 0 && !slices.Contains(pools, pool+"-otel") || pool == "sizeclasses" {
			all = append(all, bar{pool, ns, nanoseconds(ns / 1e9), poolColor(pool)})
		}
	}
	title, axis := v.title+", GOMAXPROCS "+at.CPU, "ns per Get and Put (less is better)"
	if v.name == "Append" {
		axis = "ns for all (less is better)"
	}
	if size := sizeText(at.Param); size != "mixed" {
		title = fmt.Sprintf("%s: %s, GOMAXPROCS %s", v.title, size, at.CPU)
	}
	return bars(filepath.Join(o.root, "lab", "bench", "results", name), title, axis, all, limit)
}

func poolColor(pool string) color.Color {
	base, _, _ := strings.Cut(pool, "-")
	switch {
	case pool == reference:
		return orange
	case slices.Contains([]string{"sizeclasses", "fixed", "wrap", "pool", "bounded", "sync", "buffer", "chunked"}, base):
		return blue
	default:
		return gray
	}
}

// table has a row per pool and a column per size and GOMAXPROCS; the last says
// how the pool stands to sync.Pool in the chart's setting.
func (r *results) table(v view, pools []string) string {
	header := []string{"pool"}
	var columns []id
	for _, param := range r.distinct(v.name, paramOf) {
		for _, cpu := range r.distinct(v.name, cpuOf) {
			columns = append(columns, id{Case: v.name, Param: param, CPU: cpu})
			header = append(header, sizeText(param)+", "+psText(cpu))
		}
	}
	header = append(header, "× sync.Pool", "±", "allocs")
	if a, ok := also[v.name]; ok {
		header = append(header, a.title)
	}
	t := newTable(header...)
	for _, pool := range pools {
		t.row(r.cells(v, pool, columns)...)
	}
	return t.String()
}

func (r *results) cells(v view, pool string, columns []id) []string {
	cells := []string{emphasis(pool)}
	spread := 0.0
	for _, at := range columns {
		at.Pool = pool
		s, ok := r.summary(at, "sec/op")
		if !ok {
			cells = append(cells, "")
			continue
		}
		spread = max(spread, (s.Hi-s.Lo)/2/s.Center) // infinite with less than 6 rounds
		cells = append(cells, nanoseconds(s.Center))
	}
	at := v.chart
	at.Pool = reference
	to := r.median(at, "sec/op")
	at.Pool = pool
	cells = append(cells, trimmed(r.median(at, "sec/op")/to), percent(spread), trimmed(r.median(at, "allocs/op")))
	if a, ok := also[v.name]; ok {
		cells = append(cells, trimmed(r.median(at, a.unit))+a.suffix)
	}
	return cells
}

// percent is a spread, if there are enough rounds to know it.
func percent(spread float64) string {
	if math.IsInf(spread, 0) {
		return "?"
	}
	return fmt.Sprintf("%.0f %%", spread*100)
}

func emphasis(pool string) string {
	if pool == ours {
		return "**" + pool + "**"
	}
	return pool
}

// sizeText is a parameter for people.
func sizeText(param string) string {
	size, isSize := strings.CutPrefix(param, "size=")
	if !isSize {
		return param
	}
	n, err := strconv.Atoi(size)
	switch {
	case err != nil:
		return size
	case n >= 1<<20:
		return strconv.Itoa(n>>20) + " MiB"
	case n >= 1<<10:
		return strconv.Itoa(n>>10) + " KiB"
	default:
		return size + " B"
	}
}

func psText(cpu string) string {
	if cpu == "1" {
		return "1 P"
	}
	return cpu + " Ps"
}

// environment describes the machine and versions of a suite's run.
func environment(r *results) string {
	c := r.config
	return fmt.Sprintf("%s: %s, %s cores.\n%s, %s, commit %s; medians of %s rounds of %s per line.\n",
		c["date"], c["cpu"], c["cores"], c["kernel"], c["go"], c["commit"], c["rounds"], c["benchtime"])
}
