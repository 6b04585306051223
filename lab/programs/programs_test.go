package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/module"
)

func TestTableIsComplete(t *testing.T) {
	seen := make(map[string]bool)
	for _, p := range programs {
		if seen[p.name] {
			t.Errorf("%s is there twice", p.name)
		}
		seen[p.name] = true
		if err := module.Check(p.module.Path, p.module.Version); err != nil || !strings.HasPrefix(p.module.Sum, "h1:") {
			t.Errorf("%s: %v, sum %q", p.name, err, p.module.Sum)
		}
		if p.change == nil || len(p.tests) == 0 || len(p.benchmarks) == 0 {
			t.Errorf("%s has no change, no tests or no benchmarks", p.name)
		}
		for _, b := range p.benchmarks {
			if _, err := regexp.Compile(b.pattern); err != nil {
				t.Errorf("%s: %v", p.name, err)
			}
		}
		for dir, pattern := range p.parts {
			if _, err := regexp.Compile(pattern); err != nil || !slices.Contains(p.tests, dir) {
				t.Errorf("%s: only %s of %s, which is not one of its tests, or %v", p.name, pattern, dir, err)
			}
		}
		for test, reason := range p.skip {
			if reason == "" {
				t.Errorf("%s: no reason to skip %s", p.name, test)
			}
		}
	}
}

func TestAnUnknownProgramIsRefusedWithTheKnownOnes(t *testing.T) {
	err := run(t.Context(), []string{"-program", "fasthttq"}, io.Discard)
	if want := `-program "fasthttq": want one of fasthttp, `; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error %v, want %s…", err, want)
	}
}

func TestAnEditThatFindsNothingIsAnError(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.go")
	edited := func(text string) (string, error) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := kept("a.go", "writers", 814_000).apply(dir)
		got, _ := os.ReadFile(file)
		return string(got), err
	}
	const want = "import \"github.com/otelpool/pool/strategies\"\nvar writers = strategies.Values[any]{\n\tName: \"writers\",\n" +
		"\tSize: func(*any) int64 { return 814000 },\n\tNew: f,\n}"
	got, err := edited("import \"github.com/otelpool/pool/otelpool\"\nvar writers = otelpool.Pool{\n\tNew: f,\n}")
	if err != nil || got != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	if got, err := edited("var writers pool"); err == nil || got != "var writers pool" {
		t.Errorf("%q, %v, want an error and no change", got, err)
	}
}

func TestTestsAreComparedOneByOne(t *testing.T) {
	var got tests
	got.compare(
		map[string]string{"a.": "pass", "a.TestX": "pass", "a.TestX/1": "pass", "a.TestY": "skip", "b.TestZ": "fail", "b.TestGone": "pass"},
		map[string]string{"a.": "fail", "a.TestX": "pass", "a.TestX/1": "fail", "a.TestY": "skip", "b.TestZ": "fail"},
	)
	want := tests{
		Theirs: counts{Passed: 3, Failed: 1, Skipped: 1}, Ours: counts{Passed: 1, Failed: 2, Skipped: 1},
		Differ: []string{"a.TestX/1: pass in theirs, fail in ours", "b.TestGone: pass in theirs, not run in ours"},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if err := got.verdict(); err == nil || !strings.Contains(err.Error(), "2 tests differ") {
		t.Errorf("verdict %v", err)
	}
	if s := got.Ours.String(); s != "1 pass, 2 fail, 1 are skipped" {
		t.Errorf("%q", s)
	}
}

func TestOnlyTestsThatFailedRunAgain(t *testing.T) {
	got := topLevel(map[string]string{
		"github.com/a/b.v2.TestX": "fail", "github.com/a/b.v2.TestX/1.5/s": "fail", "github.com/a/b.v2.TestW": "fail",
		"github.com/a/b.v2.": "fail", "github.com/a/c.TestY": "pass", "github.com/a/c.TestZ": "skip",
	})
	if want := map[string][]string{"github.com/a/b.v2": {"TestW", "TestX"}}; !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestWitnessIsAGoFile(t *testing.T) {
	if _, err := parser.ParseFile(token.NewFileSet(), witnessFile, fmt.Sprintf(witness, "main"), 0); err != nil {
		t.Error(err)
	}
}

func TestOnlyFiguresAreKept(t *testing.T) {
	var kept strings.Builder
	const figures = "pkg: a/b\ncpu: X\nBenchmarkA-2 100 5 ns/op 3 B/op\n"
	err := keepBenchmarks(&kept, []byte("goos: linux\nBenchmarkA\nlog: line\n"+figures+"--- BENCH: BenchmarkA-2\n    x.go:1: text\nPASS\n"))
	if err != nil || kept.String() != figures {
		t.Errorf("%q, %v, want %q", kept.String(), err, figures)
	}
}

// measuredFile has a benchmark that is slower, one that saves, and one whose difference may be chance.
func measuredFile(t *testing.T) *figures {
	t.Helper()
	var text strings.Builder
	for round := range 8 {
		for copy, factor := range map[string]float64{"theirs": 1, "ours": 1.1} {
			noise := float64(round)
			fmt.Fprintf(&text, "copy: %s\ngogc: 25\npkg: example.org/m/sub\n", copy)
			fmt.Fprintf(&text, "BenchmarkSlower-2 100 %v ns/op 8 B/op\n", factor*(1000+noise))
			fmt.Fprintf(&text, "BenchmarkSaves-2 100 %v ns/op %v B/op\n", 1000+noise, (1000+noise)/(factor*factor))
			fmt.Fprintf(&text, "BenchmarkChance-2 100 %v ns/op 0 B/op\n", 1000+500*float64((round*5+int(10*factor))%8))
		}
	}
	file := filepath.Join(t.TempDir(), "figures.txt")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := readFigures(file)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestRequirementsAreJudgedByMediansUnlessByChance(t *testing.T) {
	f := measuredFile(t)
	var s section
	for _, at := range f.order {
		s.Rows = append(s.Rows, f.row(at, "example.org/m"))
	}
	var got []string
	for _, r := range s.Rows {
		got = append(got, r.Name+" "+r.TimeCell()+" "+r.BytesCell())
	}
	want := []string{"sub Slower **1.10** –", "sub Saves ~ 1.00 **0.83**"}
	if len(got) != 3 || got[0] != want[0] || got[1] != want[1] || !strings.Contains(got[2], "sub Chance ~") {
		t.Errorf("%q, want %q and one by chance", got, want)
	}
	if s.Slower() != 1 || s.Saving() != 1 {
		t.Errorf("%d slower, %d saving, want 1 and 1", s.Slower(), s.Saving())
	}
}

func TestTellingLinesBeginWithWhatIsWrong(t *testing.T) {
	got := telling([]poolCounts{
		{Pool: "busy", During: "x", Gets: 5_000_000, Misses: 2, Puts: 5_000_000},
		{Pool: "misses", During: "x", Gets: 10_000, Misses: 5_000, Puts: 10_000, Evicted: 4_000},
		{Pool: "taken", During: "x", Gets: 15_279, Misses: 15_279},
		{Pool: "drops", During: "x", Gets: 2_000, Puts: 2_000, Dropped: 500},
		{Pool: "few", During: "x", Gets: 3},
	})
	want := []string{
		"`taken` | `x` | 15,279 Gets and no Put: only taken from",
		"`misses` | `x` | 10,000 Gets, 50 % of them misses; collections took 4,000",
		"`drops` | `x` | 2,000 Puts, 500 of them refused",
		"`busy` | `x` | 5,000,000 Gets, 2 misses, 0 evicted",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestPageIsWhatWasMeasured(t *testing.T) {
	o := options{root: "../.."}
	want, err := o.page()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../docs/programs.md")
	if err != nil || string(got) != want {
		t.Errorf("docs/programs.md is not what the results say: go run ./programs -render in lab; %v", err)
	}
}
