//go:build linux

package syncpools_test

import (
	"os/exec"
	"strings"
	"testing"
)

// The program's pools are named in every way it can be built: stripped ones by
// their New functions.
func TestPoolsOfAProgramAreNamed(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: builds a program in five ways")
	}
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"plain":    {nil, []string{"main.variable 10", "main.pointer 10", "net/http.", "main.newPool main.go:24 10 80"}},
		"stripped": {[]string{"-ldflags=-s -w"}, []string{"main.newPool main.go:24 10 80", "of *bytes.Buffer 10"}},
		"pie":      {[]string{"-buildmode=pie"}, []string{"main.variable 10", "main.pointer 10"}},
		"cover":    {[]string{"-cover"}, []string{"main.variable 10", "main.pointer 10"}},
		"-N -l":    {[]string{"-gcflags=-N -l"}, []string{"main.variable 10", "main.pointer 10"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := command(t, build(t, "program", c.args...))
			for _, want := range c.want {
				if !strings.Contains(out, want) {
					t.Errorf("no pool %q:\n%s", want, out)
				}
			}
		})
	}
}

// Counts are what a program knows, at each of 600 collections and between, in every way
// it can be built. make census-next does the same with the next Go version.
func TestCountsAreExactHoweverAProgramIsBuilt(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: builds a program in six ways")
	}
	t.Parallel()
	for name, args := range map[string][]string{
		"plain": nil, "stripped": {"-ldflags=-s -w"}, "pie": {"-buildmode=pie"}, "cover": {"-cover"}, "-N -l": {"-gcflags=-N -l"}, "race": {"-race"},
	} {
		t.Run(name, func(t *testing.T) {
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
