//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// The test binary is poolscope where this is set, so that it is a process of its own.
const asPoolscope = "POOLSCOPE_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asPoolscope) != "" {
		os.Exit(run(os.Args[1:], os.Stderr))
	}
	code := m.Run()
	os.RemoveAll(costsDir())
	os.Exit(code)
}

var costsDir = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "poolscope-test-")
	if err != nil {
		panic(err)
	}
	return dir
})

// costsOfTests is a file with costs that are measured once, by the first that wants them.
var costsOfTests = sync.OnceValue(func() string {
	file := filepath.Join(costsDir(), "costs.json")
	if code := run([]string{"calibrate", "-costs", file}, os.Stderr); code != 0 {
		panic(code)
	}
	return file
})

// scoped is poolscope, about to run in a directory of testdata.
type scoped struct {
	*exec.Cmd
	out, err bytes.Buffer
	report   string
}

func poolscope(t *testing.T, dir string, args ...string) *scoped {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &scoped{report: filepath.Join(t.TempDir(), "report.txt")}
	s.Cmd = exec.CommandContext(
		t.Context(),
		self,
		append([]string{args[0], "-report", s.report, "-costs", costsOfTests()}, args[1:]...)...)
	s.Dir = filepath.Join("testdata", dir)
	s.Env = append(os.Environ(), asPoolscope+"=1", "GOFLAGS=")
	s.Stdout, s.Stderr = &s.out, &s.err
	return s
}

func (s *scoped) code(t *testing.T, want int) {
	t.Helper()
	_ = s.Run()
	if got := s.ProcessState.ExitCode(); got != want {
		t.Fatalf("exit code %d, want %d\n%s%s", got, want, s.out.String(), s.err.String())
	}
}

// row is the report's line of a pool.
func (s *scoped) row(t *testing.T, object string) (gets, misses, puts, idle int) {
	t.Helper()
	text, err := os.ReadFile(s.report)
	if err != nil {
		t.Fatal(err)
	}
	pattern := `(?m)^ *(\d+) +\S+ +(\d+) +(\d+) +(\d+) .* ` + regexp.QuoteMeta(object) + ` .*$`
	line := regexp.MustCompile(pattern).FindStringSubmatch(string(text))
	if line == nil {
		t.Fatalf("no pool of %s in the report:\n%s", object, text)
	}
	var n [4]int
	for i := range n {
		n[i], _ = strconv.Atoi(line[1+i])
	}
	return n[0], n[1], n[2], n[3]
}

func TestARunCountsExactlyAndChangesNothing(t *testing.T) {
	t.Parallel()
	before := tree(t, "testdata/counted")
	s := poolscope(t, "counted", "run", ".", "storm")
	s.code(t, 7)
	gets, misses, puts, _ := s.row(t, "*main.object")
	if got := fmt.Sprintln(gets, misses, puts); got != s.out.String() {
		t.Errorf("counted are %q gets, misses and puts, the program knows of %q", got, s.out.String())
	}
	text, _ := os.ReadFile(s.report)
	if !strings.Contains(string(text), "main.perConnection main.go:") || !strings.Contains(string(text), "(30 pools)") {
		t.Errorf("pools that one function made are no row:\n%s", text)
	}
	if !regexp.MustCompile(`\$\S+ .* pays +\S.* main.use main.go:\d+ +\d+ hits of 1024 B`).Match(text) {
		t.Errorf("there is no verdict that the pool of objects of 1024 B pays:\n%s", text)
	}
	if after := tree(t, "testdata/counted"); after != before {
		t.Errorf("the program's directory was\n%s\nand is\n%s", before, after)
	}
}

// tree is what a directory has, with sizes and times.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			fmt.Fprintln(&b, path, info.Size(), info.Mode(), info.ModTime())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// command is one that ends with the test.
func command(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	return exec.CommandContext(t.Context(), name, args...)
}

func TestInputReachesTheProgram(t *testing.T) {
	t.Parallel()
	s := poolscope(t, "counted", "run", "main.go", "input")
	s.Stdin = strings.NewReader("a line\n")
	if s.code(t, 0); s.out.String() != "read a line\n" {
		t.Errorf("printed %q", s.out.String())
	}
}

func TestAFailedTestIsReported(t *testing.T) {
	t.Parallel()
	s := poolscope(t, "tested", "test")
	s.code(t, 1)
	if gets, misses, puts, _ := s.row(t, "*int"); gets != 100 || misses != 1 || puts != 100 {
		t.Errorf("%d gets, %d misses, %d puts of 100, 1, 100", gets, misses, puts)
	}
	if !strings.Contains(s.out.String(), "as it should") {
		t.Errorf("the test did not fail by itself: %s", s.out.String())
	}
}

// A package without tests stays one, and each with tests has its report.
func TestTestsOfSeveralPackagesAreReported(t *testing.T) {
	t.Parallel()
	before := tree(t, "testdata/tested")
	s := poolscope(t, "tested", "test", "./...")
	s.code(t, 1)
	if after := tree(t, "testdata/tested"); after != before {
		t.Errorf("the module's directory was\n%s\nand is\n%s", before, after)
	}
	text, _ := os.ReadFile(s.report)
	for _, want := range []string{"tested.test ", "tested.use tested.go:", "again.test ", "again.TestAgain again_test.go:"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in the report:\n%s", want, text)
		}
	}
	if !strings.Contains(s.out.String(), "example.com/tested/without\t[no test files]") {
		t.Errorf("a package without tests has some:\n%s", s.out.String())
	}
}

func TestABuiltProgramReportsByItself(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "program")
	s := poolscope(t, "counted", "build", "-ldflags=-s -w", "-o", program, ".")
	s.code(t, 0)
	cmd := exec.CommandContext(t.Context(), program, "storm")
	out, _ := cmd.Output()
	gets, misses, puts, _ := s.row(t, "*main.object")
	if got := fmt.Sprintln(gets, misses, puts); got != string(out) {
		t.Errorf("counted are %q, the program knows of %q", got, out)
	}
}
