package upstream_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
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
				if r.failed() {
					t.Errorf("FAILED: %s\n%s", strings.Join(r.failures, " "), r.output)
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
	var r results
	for range 5 {
		if r = w.test(m, "-run", exactly(m.soon), "-count=1"); !r.failed() && len(r.passed) > 0 {
			return
		}
	}
	w.Errorf("FAILED five times: %s\n%s", strings.Join(r.failures, " "), r.output)
}

// A suite that passes whatever its pool does would tell nothing.
func TestInjectionBites(t *testing.T) {
	for _, s := range suites {
		if s.modes[0].long && !*long {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			w := newWorkspace(t, s, mode{name: s.bite.mode})
			if r := w.test(mode{name: s.bite.mode}, "-run", s.bite.run); !r.failed() || !strings.Contains(r.output, s.bite.want) {
				t.Errorf("failures %v; want some, and %q in:\n%s", r.failures, s.bite.want, r.output)
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

// results are what go test reported.
type results struct {
	passed   map[string]int // by package, tests and subtests
	failures []string
	output   string // of what failed
	err      error
}

func (r results) failed() bool { return r.err != nil || len(r.failures) > 0 }

// test runs the suite. Its results may come from the go command's cache, which
// knows all that they depend on: our sources, the overlay and the mode.
func (w *workspace) test(m mode, selection ...string) results {
	args := append([]string{"test", "-json", "-timeout=10m"}, w.args...)
	args = append(args, selection...)
	if *long {
		args = append(args, "-count=1")
	}
	cmd := exec.CommandContext(w.Context(), "go", append(args, w.suite.packages...)...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if m.race {
		cmd.Env = append(cmd.Env, "CGO_ENABLED=1")
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		w.Fatal(err)
	}
	r := parse(w.T, out)
	r.output += stderr.String()
	r.err = err
	return r
}

func parse(t *testing.T, out []byte) results {
	r := results{passed: make(map[string]int)}
	output := make(map[string]string) // of tests that have not passed, by package and test
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var e struct{ Action, Package, Test, Output string }
		if err := d.Decode(&e); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("go test -json: %v", err)
		}
		name := e.Package + "." + e.Test
		output[name] += e.Output
		switch e.Action {
		case "pass":
			delete(output, name)
			if e.Test != "" {
				r.passed[e.Package]++
			}
		case "skip":
			delete(output, name)
		case "fail":
			r.failures = append(r.failures, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(output)) {
		r.output += output[name]
	}
	return r
}

// report says what ran, and fails if a package had nothing to run.
func (w *workspace) report(r results, m mode) {
	if len(r.passed) != len(w.suite.packages) {
		w.Errorf("tests passed in %d of %d packages: %v", len(r.passed), len(w.suite.packages), r.passed)
	}
	for p, n := range r.passed {
		w.Logf("%s %s: %d tests passed", p, w.suite.version, n)
	}
	for _, s := range m.skip {
		w.Logf("skipped %s: %s", s.test, s.reason)
	}
}
