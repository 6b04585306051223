package upstream_test

import (
	"flag"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/otelpool/pool/lab/internal/others"
)

var long = flag.Bool("long", false, "also run the suites with checked buffers and under the race detector")

func TestUpstreamSuitesPassOnOurPools(t *testing.T) {
	for _, s := range suites {
		for _, m := range s.modes {
			if m.long && !*long {
				continue
			}
			name := s.name + "/" + m.name
			if m.race {
				name += "-race"
			}
			t.Run(name, func(t *testing.T) {
				w := newWorkspace(t, s, m)
				not := slices.Concat(m.skip, m.soon)
				w.checkSkips(not)
				r := w.test(m, "-skip", exactly(not))
				if r.Failed() {
					t.Errorf("FAILED: %s\n%s", strings.Join(r.Failures, " "), r.Output)
				}
				w.report(r, m)
				if len(m.soon) > 0 {
					w.passesSoon(m)
				}
			})
		}
	}
}

// passesSoon runs the tests that depend on what the runtime does between two lines.
func (w *workspace) passesSoon(m mode) {
	var r others.Results
	for range 5 {
		if r = w.test(m, "-run", exactly(m.soon), "-count=1"); !r.Failed() && len(r.Passed) > 0 {
			return
		}
	}
	w.Errorf("FAILED five times: %s\n%s", strings.Join(r.Failures, " "), r.Output)
}

// A suite that passes whatever its pool does would tell nothing.
func TestInjectionBites(t *testing.T) {
	for _, s := range suites {
		if s.modes[0].long && !*long {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			w := newWorkspace(t, s, mode{name: s.bite.mode})
			if r := w.test(mode{name: s.bite.mode}, "-run", s.bite.run); !r.Failed() || !strings.Contains(r.Output, s.bite.want) {
				t.Errorf("failures %v; want some, and %q in:\n%s", r.Failures, s.bite.want, r.Output)
			}
		})
	}
}

func newWorkspace(t *testing.T, s suite, m mode) *workspace {
	s.packages = slices.DeleteFunc(slices.Clone(s.packages), func(p string) bool { return p == m.without })
	w := &workspace{T: t, suite: s, mode: m, files: make(map[string]string)}
	s.prepare(w)
	w.args = append(w.args, "-overlay="+w.overlay())
	if s.variable != "" {
		w.args = append(w.args, "-ldflags=-X="+s.variable+"="+m.name)
	}
	if m.race {
		w.args = append(w.args, "-race")
	}
	if m.less {
		w.args = append(w.args, "-short")
	}
	if m.tags != "" {
		w.args = append(w.args, "-tags="+m.tags)
	}
	return w
}

// checkSkips fails for a skip that skips nothing any more.
func (w *workspace) checkSkips(skips []skip) {
	var sources strings.Builder
	for _, content := range w.files {
		sources.WriteString(content)
	}
	for _, dir := range w.suite.packages {
		files, err := filepath.Glob(filepath.Join(w.dir, dir, "*_test.go"))
		if err != nil {
			w.Fatal(err)
		}
		for _, file := range files {
			sources.WriteString(w.read(file))
		}
	}
	for _, s := range skips {
		name, _, _ := strings.Cut(strings.Replace(s.test, "Test/", "(s) Test", 1), "/")
		function := "\nfunc " + name + "("
		if s.reason == "" || !strings.Contains(sources.String(), function) {
			w.Errorf("skip of %s, because %q: there is no such test, or no reason", s.test, s.reason)
		}
	}
}

// exactly is a pattern for those tests.
func exactly(skips []skip) string {
	all := make([]string, len(skips))
	for i, s := range skips {
		all[i] = "^" + strings.ReplaceAll(s.test, "/", "$/^") + "$"
	}
	return strings.Join(all, "|")
}

// test runs the suite. Its results may come from the go command's cache, which
// knows all that they depend on: our sources, the overlay and the mode.
func (w *workspace) test(m mode, selection ...string) others.Results {
	args := slices.Concat([]string{"-timeout=10m"}, w.args, selection)
	if *long {
		args = append(args, "-count=1")
	}
	var env []string
	if m.race {
		env = []string{"CGO_ENABLED=1"}
	}
	r, err := others.Test(w.Context(), w.dir, env, append(args, w.suite.packages...)...)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// report says what ran, and fails if a package had nothing to run.
func (w *workspace) report(r others.Results, m mode) {
	if len(r.Passed) != len(w.suite.packages) {
		w.Errorf("tests passed in %d of %d packages: %v", len(r.Passed), len(w.suite.packages), r.Passed)
	}
	for p, n := range r.Passed {
		w.Logf("%s %s: %d tests passed", p, w.suite.version, n)
	}
	for _, s := range m.skip {
		w.Logf("skipped %s: %s", s.test, s.reason)
	}
}
