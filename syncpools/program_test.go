//go:build linux

package syncpools_test

import (
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
