//go:build linux

package syncpools_test

import (
	"flag"
	"os/exec"
	"strings"
	"testing"
)

var builds = flag.Bool("builds", false, "also builds that compile the standard library, for minutes")

// The program's pools are named in every way it can be built: stripped ones by
// their New functions.
func TestPoolsOfAProgramAreNamed(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: builds a program in five ways")
	}
	t.Parallel()
	for name, c := range map[string]struct {
		long bool
		args []string
		want []string
	}{
		"plain":    {false, nil, []string{"main.variable 10", "main.pointer 10", "net/http.", "main.newPool main.go:24 10 80"}},
		"stripped": {false, []string{"-ldflags=-s -w"}, []string{"main.newPool main.go:24 10 80", "of *bytes.Buffer 10"}},
		"pie":      {true, []string{"-buildmode=pie"}, []string{"main.variable 10", "main.pointer 10"}},
		"cover":    {true, []string{"-cover"}, []string{"main.variable 10", "main.pointer 10"}},
		"-N -l":    {true, []string{"-gcflags=-N -l"}, []string{"main.variable 10", "main.pointer 10"}},
	} {
		t.Run(name, func(t *testing.T) {
			unlessLong(t, c.long)
			t.Parallel()
			out := command(t, build(t, "program", c.args...))
			for _, want := range c.want {
				if !strings.Contains(out, want) {
					t.Errorf("no pool %q:\n%s", want, out)
				}
			}
			nearlyAllNamed(t, out)
		})
	}
}

// nearlyAllNamed fails unless 95 % of a program's pools have the name of a variable, of a
// function or of a package's type, which leads to the pool.
func nearlyAllNamed(t *testing.T, out string) {
	t.Helper()
	var named, others []string
	for line := range strings.Lines(out) {
		row, isOne := strings.CutPrefix(strings.TrimSpace(line), "sync.Pool ")
		switch {
		case strings.HasPrefix(line, "unknown: 0"), !isOne && !strings.HasPrefix(line, "unknown: "):
		case isOne && (!strings.HasPrefix(row, "of ") || strings.Contains(row, ".")):
			named = append(named, row)
		default:
			others = append(others, strings.TrimSpace(line))
		}
	}
	t.Logf("%d named: %q", len(named), named)
	if len(named) < 8 || float64(len(others)) > 0.05*float64(len(named)+len(others)) {
		t.Errorf("these are not named: %q", others)
	}
}

func unlessLong(t *testing.T, long bool) {
	t.Helper()
	if long && !*builds {
		t.Skip("make census: compiles what a plain build does not need")
	}
}

// Counts are what a program knows, at each of 600 collections and between, in every way
// it can be built. make census does all, and the same with the next Go version.
func TestCountsAreExactHoweverAProgramIsBuilt(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: builds a program in six ways")
	}
	t.Parallel()
	for name, args := range map[string][]string{
		"plain": nil, "stripped": {"-ldflags=-s -w"}, "pie": {"-buildmode=pie"}, "cover": {"-cover"},
		"-N -l": {"-gcflags=-N -l"}, "race": {"-race"},
	} {
		t.Run(name, func(t *testing.T) {
			unlessLong(t, name != "plain" && name != "stripped")
			t.Parallel()
			var drain []string
			if name == "race" {
				if _, err := exec.LookPath("gcc"); err != nil {
					t.Skip("the race detector needs gcc")
				}
				drain = []string{"drain"}
			}
			if out := command(t, build(t, "exact", args...), drain...); !strings.HasSuffix(out, "00 checks\n") {
				t.Error(out)
			}
		})
	}
}
