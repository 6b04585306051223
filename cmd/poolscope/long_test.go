//go:build unix

package main

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

var long = flag.Bool("long", false, "also what compiles the standard library under the race detector, or downloads")

var next = flag.String("next", "go1.27.3", "the Go that is taken through GOTOOLCHAIN")

func onlyLong(t *testing.T) {
	t.Helper()
	onlyLongAlone(t)
	t.Parallel()
}

// onlyLongAlone is for a test that sets the environment.
func onlyLongAlone(t *testing.T) {
	t.Helper()
	if !*long {
		t.Skip("compiles the standard library or programs of others, for minutes: make test-poolscope, make test-programs")
	}
}

// overlayAlone returns an overlay whose importing file is in no package.
func overlayAlone(t *testing.T, env *toolchain) string {
	t.Helper()
	c := &costs{Alloc: [][2]float64{{1, 1}, {2, 1}}}
	path, err := writeOverlay(t.TempDir(), env, []*target{{Dir: t.TempDir(), Name: "main"}}, &options{command: "run"}, c)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Under the race detector also those of packages that use sync.Pools, which ghosts have
// nothing to say of.
func TestGosOwnTestsPassOnIt(t *testing.T) {
	onlyLongAlone(t)
	withPools := []string{"-race", "encoding/json", "fmt", "io", "log/...", "net/http", "text/template"}
	for _, version := range toolchains() {
		t.Setenv("GOTOOLCHAIN", version)
		env, err := newToolchain("", filepath.Join(t.TempDir(), "goroot"))
		if err != nil || env.GOVERSION != version {
			t.Fatalf("%v, %v, want %s", err, env, version)
		}
		for _, args := range [][]string{{}, withPools} {
			args = slices.Concat([]string{"test", "-count=1", "-short", "-overlay=" + overlayAlone(t, env)}, args, []string{"sync"})
			cmd := env.command("", args...)
			cmd.Env = append(cmd.Environ(), "CGO_ENABLED=1")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s %v: %v\n%s", version, args, err, out)
			} else {
				t.Logf("%s: %s", version, out)
			}
		}
	}
}

// The tests of our own pools' ghosts, with pools that are a sync.Pool and nothing else.
func TestEverySyncPoolHasGhostsUnderTheRaceDetector(t *testing.T) {
	onlyLong(t)
	s := poolscope(t, "../../../internal/raceghost", "test", "-race", "-v", "-run", "RaceDetectorSees|CorrectCode|TurnedOff", ".")
	s.Env = append(s.Env, "CGO_ENABLED=1", "OTELPOOL_TEST_OVERLAID=1")
	s.code(t, 0)
	const mistakes = 77 // 20 in each of 4 pools, less the part of an object in 3 of them
	if n := strings.Count(s.out.String(), "--- PASS: TestTheRaceDetectorSeesUseAfterPut/plain"); n != mistakes {
		t.Errorf("%d mistakes were reported:\n%s", n, s.out.String())
	}
}

func TestAUseAfterPutIsReportedUnderTheRaceDetector(t *testing.T) {
	onlyLong(t)
	for _, c := range []struct {
		args []string
		code int
	}{
		{[]string{"run", "-race", ".", "mistake"}, 66},
		{[]string{"run", "-race", "."}, 0},
		{[]string{"test", "-race", "-run", "Mistake"}, 1},
		{[]string{"test", "-race", "-run", "Correct"}, 0},
	} {
		s := poolscope(t, "misused", c.args...)
		s.Env = append(s.Env, "CGO_ENABLED=1")
		s.code(t, c.code)
		reported := putInRender.MatchString(s.out.String() + s.err.String())
		if reported != (c.code != 0) {
			t.Errorf("%v: a report of the Put: %v\n%s%s", c.args, reported, s.out.String(), s.err.String())
		}
	}
}

var putInRender = regexp.MustCompile(`(?s)Previous write at 0x\w+ by goroutine \d+:\n.*sync\.memoryWasPutBackToItsPool\(\)\n` +
	`.*created at:\n.*sync\.\(\*Pool\)\.Put\(\)\n.*main\.go:15 `)

// Another Go comes through GOTOOLCHAIN, to the module cache, whose files cannot be replaced.
// A race build drops each fourth Put, which counts as one all the same.
func TestCountsAreExactOnEachGoHoweverAProgramIsBuilt(t *testing.T) {
	onlyLong(t)
	for _, version := range toolchains() {
		costs := filepath.Join(t.TempDir(), "costs.json")
		for how, flags := range map[string][]string{
			"plain": nil, "stripped": {"-ldflags=-s -w"}, "PIE": {"-buildmode=pie"}, "race": {"-race"}, "trimmed": {"-trimpath"},
		} {
			t.Run(version+" "+how, func(t *testing.T) {
				s := poolscope(t, "counted", slices.Concat([]string{"run", "-costs", costs}, flags, []string{".", "storm"})...)
				s.on(version, how == "race")
				s.code(t, 7)
				gets, misses, puts, _ := s.row(t, "*main.object")
				if got := fmt.Sprintln(gets, misses, puts); got != s.out.String() {
					t.Errorf("counted are %q gets, misses and puts, the program knows of %q\n%s", got, s.out.String(), s.err.String())
				}
				s.isOf(t, version)
			})
		}
		t.Run(version+" test -cover", func(t *testing.T) {
			s := poolscope(t, "tested", "test", "-costs", costs, "-cover")
			s.on(version, false)
			s.code(t, 1)
			if gets, misses, puts, _ := s.row(t, "*int"); gets != 100 || misses != 1 || puts != 100 {
				t.Errorf("%d gets, %d misses, %d puts of 100, 1, 100", gets, misses, puts)
			}
			if !strings.Contains(s.out.String(), "% of statements") {
				t.Errorf("no coverage: %s", s.out.String())
			}
			s.isOf(t, version)
		})
	}
}

// toolchains are the Go that runs the tests, and the next.
func toolchains() []string { return []string{runtime.Version(), *next} }

// on builds with a Go, and with cgo for the race detector.
func (s *scoped) on(version string, race bool) {
	s.Env = append(s.Env, "GOTOOLCHAIN="+version)
	if race {
		s.Env = append(s.Env, "CGO_ENABLED=1")
	}
}

// isOf fails unless the report says which Go the program was built with.
func (s *scoped) isOf(t *testing.T, version string) {
	t.Helper()
	if text, err := os.ReadFile(s.report); err != nil || !strings.Contains(string(text), "\n"+version+", GOMAXPROCS") {
		t.Errorf("%v, no report of %s:\n%s", err, version, text)
	}
}

// Others' trees and home directories cannot be written to: nothing is, but the build cache.
func TestAProgramThatOthersOwnIsCounted(t *testing.T) {
	onlyLong(t)
	if os.Getuid() != 0 {
		t.Skip("needs root, to be nobody")
	}
	dir := t.TempDir() // whose parent only its owner may enter
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	const nobody = 65534
	for name, owner := range map[string]int{"": 0, "cache": nobody, "tmp": nobody, "tree": 0} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(path, 0o755), os.Chmod(path, 0o755), os.Chown(path, owner, owner)); err != nil {
			t.Fatal(err)
		}
	}
	published.write(t, filepath.Join(dir, "tree"), 0o444)
	before := tree(t, filepath.Join(dir, "tree"))
	self, err := os.ReadFile("/proc/self/exe")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "poolscope"), self, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := &scoped{report: filepath.Join(dir, "tmp", "report.txt")}
	s.Cmd = command(t, filepath.Join(dir, "poolscope"), "run", "-report", s.report, "./cmd/program")
	s.Dir, s.Stdout, s.Stderr = filepath.Join(dir, "tree"), &s.out, &s.err
	s.Env = []string{
		asPoolscope + "=1", "PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "GOCACHE=" + filepath.Join(dir, "cache"),
		"TMPDIR=" + filepath.Join(dir, "tmp"), "GOPATH=/nonexistent/go",
	}
	s.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	s.code(t, 0)
	s.fiveGets(t)
	if after := tree(t, filepath.Join(dir, "tree")); after != before {
		t.Errorf("the module's directory was\n%s\nand is\n%s", before, after)
	}
}

// The least of several runs in turn is compared, since others share the machine.
func TestCountingCostsItsOwnNanosecondAtMost(t *testing.T) {
	onlyLong(t)
	dir := t.TempDir()
	plain, counting := filepath.Join(dir, "plain"), filepath.Join(dir, "counting")
	build := command(t, "go", "build", "-o", plain, ".")
	build.Dir = "testdata/counted"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	poolscope(t, "counted", "build", "-page", "", "-o", counting, ".").code(t, 0)
	least := map[string]float64{plain: math.Inf(1), counting: math.Inf(1)}
	for range 15 {
		for program := range least {
			out, err := command(t, program, "pairs").Output()
			ns, parseErr := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
			if err != nil || parseErr != nil {
				t.Fatal(err, parseErr)
			}
			least[program] = min(least[program], ns)
		}
	}
	t.Logf("%.2f ns a pair, %.2f ns with counting", least[plain], least[counting])
	if least[counting] > least[plain]+1 {
		t.Errorf("a pair costs %.2f ns, and %.2f ns with counting: more than 1 ns more", least[plain], least[counting])
	}
}

// A vendored program, whose tree nobody may write to, is built as it is.
func TestAVendoredProgramIsBuiltFromItsVendorDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files{
		"go.mod":             "module example.com/vendored\n\ngo 1.26\n\nrequire example.com/dep v1.0.0\n",
		"main.go":            "package main\n\nimport \"example.com/dep\"\n\nfunc main() {\n\tfor range 5 {\n\t\tdep.Use()\n\t}\n}\n",
		"vendor/modules.txt": "# example.com/dep v1.0.0\n## explicit; go 1.26\nexample.com/dep\n",
		"vendor/example.com/dep/dep.go": "package dep\n\nimport \"sync\"\n\ntype Object struct{}\n\n" +
			"var p = sync.Pool{New: func() any { return new(Object) }}\n\nfunc Use() { p.Put(p.Get()) }\n",
	}.write(t, dir, 0o444)
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o755) }) // so that it can be removed
	s := poolscope(t, "", "run", ".")
	s.Dir = dir
	s.code(t, 0)
	if gets, misses, puts, _ := s.row(t, "*dep.Object"); gets != 5 || misses != 1 || puts != 5 {
		t.Errorf("%d gets, %d misses, %d puts, want 5, 1, 5", gets, misses, puts)
	}
}
