//go:build unix

package main

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// plantedCase is a place of testdata/planted, which says by how much it takes less CPU
// with a pool, or more.
type plantedCase struct {
	name, place string
	uses        int
	pays        bool
	verdict     string // of the pool, where it is not that of the place
}

var plantedCases = []plantedCase{
	{"buffers", "plainBuffer", 60_000, true, ""},
	{"structs", "plainStruct", 400_000, true, ""},
	{"growth", "plainGrowth", 100_000, true, ""},
	{"maps", "plainMap", 300_000, true, "not known"}, // a pooled map is not weighed
	{"scratch", "plainScratch", 700_000, true, ""},
	{"slices", "plainSlice", 20_000_000, false, ""},
	{"retained", "plainNode", 10_000_000, false, ""},
	{"batch", "plainBatch", 10_000_000, false, ""},
	{"strings", "plainString", 20_000_000, false, "pays"}, // less than a buffer for each string, more than none
	{"values", "plainValue", 15_000_000, false, ""},
}

// Each place is run without a pool and with one, and the one that takes less CPU by a fifth
// at least is what the advice has to be, and the verdict on the pool.
func TestAdviceAndVerdictsHaveTheRightSign(t *testing.T) {
	onlyLong(t)
	dir := t.TempDir()
	program, scopedProgram := filepath.Join(dir, "program"), filepath.Join(dir, "scoped")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".")
	build.Dir = "testdata/planted"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s := poolscope(t, "planted", "build", "-advise", "-page", "", "-o", scopedProgram, ".")
	s.code(t, 0)
	for _, c := range plantedCases {
		t.Run(c.name, func(t *testing.T) {
			if !c.measure(t, program) {
				t.Errorf("a pool makes less than a fifth of a difference, or one that it should not")
			}
			c.advice(t, reported(t, s.report, scopedProgram, c.name, "plain", strconv.Itoa(c.uses)))
			c.judged(t, reported(t, s.report, scopedProgram, c.name, "pooled", strconv.Itoa(c.uses)))
		})
	}
}

// measure tells whether a pool saves a fifth of the CPU time, or takes a fifth more, as the
// case wants. Others share the machine, so the least of runs in turn is compared, of more
// runs while that is not clear.
func (c *plantedCase) measure(t *testing.T, program string) bool {
	t.Helper()
	plain, pooled := math.Inf(1), math.Inf(1)
	for run := range 20 {
		plain = min(plain, c.cpu(t, program, "plain"))
		pooled = min(pooled, c.cpu(t, program, "pooled"))
		if clear := pooled >= 1.2*plain && !c.pays || pooled <= 0.8*plain && c.pays; clear && run >= 4 {
			t.Logf("%.1f ns without a pool, %.1f ns with one", plain, pooled)
			return true
		}
	}
	t.Logf("%.1f ns without a pool, %.1f ns with one", plain, pooled)
	return false
}

func (c *plantedCase) cpu(t *testing.T, program, how string) float64 {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, c.name, how, strconv.Itoa(c.uses/4)).Output()
	if err != nil {
		t.Fatal(err)
	}
	ns, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		t.Fatal(err)
	}
	return ns
}

// reported runs the program and returns its report.
func reported(t *testing.T, report, program string, args ...string) string {
	t.Helper()
	if err := os.Truncate(report, 0); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// advice has to be to pool what pays. What does not is said not to, or left out as
// memory that is no garbage soon.
func (c *plantedCase) advice(t *testing.T, report string) {
	t.Helper()
	_, advice, _ := strings.Cut(report, "has no pool")
	pattern := `(?m)^.* pool it .*main\.` + c.place + ` .*$`
	if !c.pays {
		pattern = `(?m)^(left out, .*|.* does not pay .*)main\.` + c.place + ` .*$`
	}
	if line := regexp.MustCompile(pattern).FindString(advice); line == "" {
		t.Errorf("the advice on main.%s is wrong, or there is none:\n%s", c.place, report)
	} else {
		t.Log(line)
	}
}

func (c *plantedCase) judged(t *testing.T, report string) {
	t.Helper()
	want := c.verdict
	switch {
	case want != "":
	case c.pays:
		want = "pays"
	default:
		want = "does not pay"
	}
	place := strings.Replace(c.place, "plain", "pooled", 1)
	if line := regexp.MustCompile(`(?m)^.*B +` + want + ` .*main\.` + place + ` .*$`).FindString(report); line == "" {
		t.Errorf("the verdict on main.%s is not that it %s:\n%s", place, want, report)
	} else {
		t.Log(line)
	}
}
