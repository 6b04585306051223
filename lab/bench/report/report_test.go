package main

import (
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/perf/benchfmt"
)

const repository = "../../.."

// The published files match the kept measurements, the rules and the code: after a
// change of any, run make bench-render. The test only checks that charts exist,
// since their last digits depend on the processor.
func TestDocumentsAreRendered(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pages := []string{"BENCHMARKS.md", "docs/strategies.md"}
	kept, _ := filepath.Glob(repository + "/lab/bench/*-go1.*.txt")
	for i := range kept {
		kept[i] = "lab/bench/" + filepath.Base(kept[i])
	}
	for _, name := range append(append(pages, kept...),
		"lab/bench/bounds.yaml", "lab/bench/results/compare.txt", "lab/bench/results/worth.txt",
		"lab/bench/results/growth.txt") {
		write(t, filepath.Join(dir, name), contents(t, filepath.Join(repository, name)))
	}
	if err := render(options{root: dir}); err != nil {
		t.Fatal(err)
	}
	for _, name := range pages {
		if contents(t, filepath.Join(dir, name)) != contents(t, filepath.Join(repository, name)) {
			t.Errorf("%s is not what the measurements make: make bench-render", name)
		}
	}
	charts := func(root string) (names []string) {
		files, err := filepath.Glob(filepath.Join(root, "lab", "bench", "results", "*.svg"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			names = append(names, filepath.Base(f))
		}
		return names
	}
	if made, kept := charts(dir), charts(repository); !slices.Equal(made, kept) {
		t.Errorf("charts %v in lab/bench/results, want %v: make bench-render, and remove the others", kept, made)
	}
}

func TestEveryBoundIsOfABenchmarkThatASuiteRuns(t *testing.T) {
	t.Parallel()
	bounds, err := readBounds(options{root: repository})
	if err != nil {
		t.Fatal(err)
	}
	if len(bounds) < 40 {
		t.Errorf("only %d bounds", len(bounds))
	}
	for _, b := range bounds {
		for _, at := range b.ids() {
			runs := func(st step) bool {
				return st.name == at.Case && slices.Contains(strings.Split(st.cpu, ","), at.CPU) && (at.GOGC == "" || st.gogc == at.GOGC)
			}
			if !slices.ContainsFunc(suites[b.Suite].steps, runs) {
				t.Errorf("%s: no step of %s runs %+v", b.Name, b.Suite, at)
			}
		}
	}
}

func TestBadBoundsAreNamed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"bounds: [{name: x, to: A, cpu: [1], max: 1}]":                        `"x": of is empty`,
		"bounds: [{name: x, of: A, cpu: [1]}]":                                `"x": 0 limits`,
		"bounds: [{name: x, of: A, cpu: [1], max: 1, min: 0}]":                `"x": 2 limits`,
		"bounds: [{name: x, of: A, max: 1}]":                                  `"x": cpu is empty`,
		"bounds: [{name: x, of: A, cpu: [1], max: 1, suite: other}]":          `suite "other"`,
		"bounds: [{name: x, of: A, cpu: [1], maximum: 1}]":                    "maximum",
		"bounds: [{name: x, of: A, max: 1}, {name: y, cpu: [1], below: 0.5}]": `"y": of is empty`,
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "lab", "bench", "bounds.yaml"), text)
		if _, err := readBounds(options{root: dir}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}

const sample = `goos: linux
gogc:
BenchmarkGetPut/pool=ours/size=64     	100	10 ns/op	0 B/op
BenchmarkGetPut/pool=ours/size=64-2   	100	 8 ns/op
BenchmarkGetPut/pool=sync/size=64     	100	16 ns/op
BenchmarkGetPut/pool=ours/size=64     	100	14 ns/op
BenchmarkGetPut/pool=ours/size=64     	100	90 ns/op
gogc: 25
BenchmarkEcho/pool=ours/path=http/size=4-2	5	7 ns/op	3 x/s
`

func TestResultsAreReadByCasePoolParameterAndSetting(t *testing.T) {
	t.Parallel()
	r := sampled(t)
	at := id{Case: "GetPut", Pool: "ours", Param: "size=64", CPU: "1"}
	if m := r.median(at, "sec/op"); math.Abs(m-14e-9) > 1e-15 {
		t.Errorf("median %v of 10, 14 and 90 ns, want 14 ns", m)
	}
	if f := r.fastest(at, "sec/op"); math.Abs(f-10e-9) > 1e-15 {
		t.Errorf("fastest %v, want 10 ns", f)
	}
	echo := id{Case: "Echo", Pool: "ours", Param: "path=http/size=4", CPU: "2", GOGC: "25"}
	if m := r.median(echo, "x/s"); m != 3 {
		t.Errorf("3 x/s at GOGC 25 read as %v; there are %v", m, slices.Collect(maps.Keys(r.values)))
	}
	if got := r.distinct("GetPut", cpuOf); !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("GOMAXPROCS %v, want 1 and 2", got)
	}
}

func sampled(t *testing.T) *results {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sample.txt")
	write(t, file, sample)
	r, err := read(file)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestBoundsAreJudged(t *testing.T) {
	t.Parallel()
	r := sampled(t)
	limit := func(x float64) *float64 { return &x }
	base := rule{
		Name: "n",
		Of:   "GetPut/pool=ours/size=64",
		To:   "GetPut/pool=sync/size=64",
		CPU:  []int{1},
		Max:  &ceiling{0.875, 0.875},
		CI:   limit(0.6),
	}
	strict, none := base, base
	strict.Max, strict.Below = nil, limit(0.87)
	none.Of = "GetPut/pool=none/size=64"
	for _, c := range []struct {
		what    string
		rule    rule
		lenient bool
		ok      bool
	}{
		{"the median, 14 of 16, is at the bound", base, false, true},
		{"and not below less", strict, false, false},
		{"the fastest, 10 of 16, is above the bound for CI", base, true, false},
		{"what was not measured does not hold", none, false, false},
	} {
		if err := c.rule.validate(); err != nil {
			t.Fatal(err)
		}
		if v := c.rule.expand()[0].judge(r, c.lenient); v.ok != c.ok {
			t.Errorf("%s: ok is %v (%v)", c.what, v.ok, v.value)
		}
	}
}

func TestACeilingIsTheProcessorsAndTheGos(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "lab", "bench", "bounds.yaml"),
		"bounds: [{name: x, of: A, cpu: [1], max: {amd: 0.8, intel: 0.9}, next: 0.0625}, {name: y, of: A, cpu: [1], max: 2}]")
	bounds, err := readBounds(options{root: dir})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		cpu, vendor, goVersion string
		want                   float64
	}{
		{"AMD EPYC", "AMD", "go1.26.8", 0.8},
		{"Virtual Turin-like Processor   ", "AMD", "go1.26.8", 0.8},
		{"Intel(R) Xeon(R) Processor", "", "go1.26.8", 0.9}, // measured before the vendor was asked
		{"", "VendorUnknown", "go1.26.8", 0.9},
		{"Intel(R) Xeon(R) Processor", "Intel", "go1.27.3", 0.9625},
	} {
		r := &results{config: map[string]string{}, values: map[id]map[string][]float64{}}
		r.add(&benchfmt.Result{Name: benchfmt.Name("X"), Config: []benchfmt.Config{
			{Key: "cpu", Value: []byte(c.cpu)}, {Key: "vendor", Value: []byte(c.vendor)}, {Key: "go", Value: []byte(c.goVersion)},
		}})
		if got := bounds[0].most(r); got != c.want {
			t.Errorf("%q, %s: %v, want %v", c.cpu, c.goVersion, got, c.want)
		}
		if got := bounds[1].most(r); got != 2 {
			t.Errorf("%q, %s: %v, want 2 everywhere", c.cpu, c.goVersion, got)
		}
	}
}

func TestAProcessorsFileHasTheLinesOfItsTable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "lab", "bench", "bounds.yaml"), contents(t, filepath.Join(repository, "lab/bench/bounds.yaml")))
	raw := filepath.Join(dir, "raw")
	const ours = "BenchmarkGetPut/pool=sizeclasses-otel/size=1024 \t 9\t 8 ns/op\n"
	const theirs = "BenchmarkGetPut/pool=syncpool/size=1024 \t 9\t 10 ns/op\n"
	write(
		t,
		raw,
		"go: go1.27.3\ncpu: AMD EPYC(TM) 9B14\n"+ours+theirs+
			"PASS\ncpu: AMD EPYC(TM) 9B14\nBenchmarkStarved/pool=make/size=64 \t 9\t 8 ns/op\n"+
			ours+theirs+ours+theirs+"BenchmarkGetPut/pool=sizeclasses-otel/size=1024 \t 9\t 20 ns/op\n",
	)
	file, err := keepProcessor(options{root: dir}, raw)
	if err != nil {
		t.Fatal(err)
	}
	if got := filepath.Base(file); got != "amd-epyc-9b14-go1.27.txt" {
		t.Errorf("the file is %s", got)
	}
	if got := contents(t, file); strings.Count(got, "cpu:") != 1 || strings.Contains(got, "Starved") || strings.Count(got, ours) != 3 {
		t.Errorf("it has\n%s", got)
	}
	bounds, err := readBounds(options{root: dir})
	if err != nil {
		t.Fatal(err)
	}
	table, err := processorsBlock(options{root: dir}, bounds)
	if want := "| 1 P: 0.8, 1 of 4 processes slow (≤ 0.94, aim 0.82) |"; err != nil || !strings.Contains(table, want) {
		t.Errorf("%v, no %s in\n%s", err, want, table)
	}
}

func TestAProcessIsSlowWhereSyncPoolIsNot(t *testing.T) {
	t.Parallel()
	ours, theirs := id{Case: "X", Pool: "ours"}, id{Case: "X", Pool: reference}
	r := &results{values: map[id]map[string][]float64{
		ours:   {"sec/op": {8, 8, 16, 8, 16}},
		theirs: {"sec/op": {10, 10, 20, 20, 10}},
	}}
	if got := r.slow(ours); got != 1 {
		t.Errorf("%v slow, want the last: in the third sync.Pool is slow too", got)
	}
	if got := r.slow(theirs); got != 2 {
		t.Errorf("%v of sync.Pool slow, want 2", got)
	}
}

func TestACheckRunsOnlyWhatBoundsNeed(t *testing.T) {
	t.Parallel()
	bounds := []bound{
		{of: parseID("GetPut/pool=a/size=64", "1", ""), to: parseID("GetPut/pool=b/size=64", "1", "")},
		{of: parseID("Echo/pool=a/path=http/size=1", "2", "25")},
	}
	for _, c := range []struct {
		st      step
		pattern string
	}{
		{step{name: "GetPut"}, "^BenchmarkGetPut$/^(pool=a|pool=b)$/^(size=64)$"},
		{step{name: "Echo", gogc: "25"}, "^BenchmarkEcho$/^(pool=a)$/^(path=http)$/^(size=1)$"},
		{step{name: "Echo", gogc: "100"}, ""},
		{step{name: "Mixed"}, ""},
	} {
		st, wanted := narrowed(c.st, bounds)
		if wanted != (c.pattern != "") || (wanted && st.pattern() != c.pattern) {
			t.Errorf("%+v: %v, %s; want %q", c.st, wanted, st.pattern(), c.pattern)
		}
	}
}

func TestSpliceKeepsWhatIsWrittenByHand(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "page.md")
	write(t, file, "before\n<!-- begin a -->\nold $1\n<!-- end a -->\nbetween\n<!-- begin b -->\n<!-- end b -->\nafter\n")
	if err := splice(file, map[string]string{"a": "new $1"}); err != nil {
		t.Fatal(err)
	}
	want := "before\n<!-- begin a -->\n\nnew $1\n<!-- end a -->\nbetween\n<!-- begin b -->\n<!-- end b -->\nafter\n"
	if got := contents(t, file); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := splice(file, map[string]string{"c": "x"}); err == nil || !strings.Contains(err.Error(), "<!-- begin c -->") {
		t.Errorf("a block without marks: error %v, want the marks named", err)
	}
}

func TestBadCommandLinesAreExplained(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"0 arguments":            nil,
		`no command "x"`:         {"x"},
		"-benchtime: time: unkn": {"-benchtime", "100x", "compare"},
	} {
		dir := t.TempDir()
		var out strings.Builder
		if err := run(t.Context(), append([]string{"-root", dir}, args...), &out, &out); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", args, err, want)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "lab", "bench", "results", "*")); len(left) > 0 {
			t.Errorf("%q leaves %v", args, left)
		}
	}
}

func TestFiguresAreShortAndHaveUnits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ got, want string }{
		{trimmed(0.8514), "0.851"}, {trimmed(1.316), "1.32"}, {trimmed(10.04), "10"}, {trimmed(1234.6), "1235"}, {trimmed(0), "0"},
		{nanoseconds(9.345e-9), "9.3"}, {nanoseconds(1.5e-6), "1500"},
		{scaled(1.5e-6, "sec/op"), "1.500µs"}, {scaled(2048, "B/op"), "2.000KiB"},
		{sizeText("size=65536"), "64 KiB"}, {sizeText("size=mixed"), "mixed"}, {thousands(1e5), "100k"},
		{parseName(benchfmt.Name("GetPut/pool=a/size=1-4")).CPU, "4"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func contents(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), fs.ModePerm); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
