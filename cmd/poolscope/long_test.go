//go:build unix

package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var long = flag.Bool("long", false, "also what compiles the standard library under the race detector, or downloads")

func onlyLong(t *testing.T) {
	t.Helper()
	if !*long {
		t.Skip("make test-poolscope: compiles the standard library again, or downloads")
	}
	t.Parallel()
}

// overlayAlone returns an overlay whose importing file is in no package.
func overlayAlone(t *testing.T) string {
	t.Helper()
	env, err := newToolchain("", "")
	if err != nil {
		t.Fatal(err)
	}
	c := &costs{Alloc: [][2]float64{{1, 1}, {2, 1}}}
	path, err := writeOverlay(t.TempDir(), env, []*target{{Dir: t.TempDir(), Name: "main"}}, &options{command: "run"}, c)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestGosOwnTestsOfSyncPassOnIt(t *testing.T) {
	onlyLong(t)
	for _, flags := range [][]string{{}, {"-race"}} {
		args := append([]string{"test", "-count=1", "-short", "-overlay=" + overlayAlone(t)}, flags...)
		cmd := exec.CommandContext(t.Context(), "go", append(args, "sync")...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("go test %v sync: %v\n%s", flags, err, out)
		} else {
			t.Logf("%s", out)
		}
	}
}

// A race build drops each fourth Put, which counts as one all the same.
func TestCountsAreExactUnderTheRaceDetector(t *testing.T) {
	onlyLong(t)
	s := poolscope(t, "counted", "run", "-race", ".", "storm")
	s.Env = append(s.Env, "CGO_ENABLED=1")
	s.code(t, 7)
	gets, misses, puts, _ := s.row(t, "*main.object")
	if got := fmt.Sprintln(gets, misses, puts); got != s.out.String() {
		t.Errorf("counted are %q gets, misses and puts, the program knows of %q\n%s", got, s.out.String(), s.err.String())
	}
}

func TestAProgramWithAVersionIsBuiltFromACopy(t *testing.T) {
	onlyLong(t)
	s := poolscope(t, "", "run", "golang.org/x/tools/cmd/stringer@v0.30.0", "-help")
	_ = s.Run()
	if !strings.Contains(s.err.String(), "Usage of stringer") {
		t.Fatal(s.err.String())
	}
	if text, err := os.ReadFile(s.report); err != nil || !strings.Contains(string(text), "fmt.newPrinter") {
		t.Errorf("%v\n%s", err, text)
	}
}

// A vendored program, whose tree nobody may write to, is built as it is.
func TestAVendoredProgramIsBuiltFromItsVendorDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":             "module example.com/vendored\n\ngo 1.26\n\nrequire example.com/dep v1.0.0\n",
		"main.go":            "package main\n\nimport \"example.com/dep\"\n\nfunc main() {\n\tfor range 5 {\n\t\tdep.Use()\n\t}\n}\n",
		"vendor/modules.txt": "# example.com/dep v1.0.0\n## explicit; go 1.26\nexample.com/dep\n",
		"vendor/example.com/dep/dep.go": "package dep\n\nimport \"sync\"\n\ntype Object struct{}\n\n" +
			"var p = sync.Pool{New: func() any { return new(Object) }}\n\nfunc Use() { p.Put(p.Get()) }\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o444); err != nil {
			t.Fatal(err)
		}
	}
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
