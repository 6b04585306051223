// Package models_test has spin, a model checker, go through every order of the steps of
// three algorithms whose rightness is argued in comments: the free numbers of Fixed,
// the barrier by which shards change hands, sealing. make models. It takes spin and a C
// compiler from Debian; -short skips it.
//
// The models are transcripts by hand, and sequentially consistent: a change of the code
// has to be made in them too, for which functions has what they are of. Each has bugs that
// can be planted, and that spin has to find.
package models_test

import (
	"crypto/sha256"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// models has, by file, what it is compiled with, and whether there is a bug then.
var models = []struct {
	name, flags string
	planted     bool
}{
	{"fixed", "", false},
	{"fixed", "-DSLOTS=1 -DWAITS", false},
	{"fixed", "-DSLOTS=1 -DWAITS -DCLOSES -DROUNDS=1", false},
	{"fixed", "-DNO_TAG", true},
	{"fixed", "-DSLOTS=1 -DWAITS -DMARK_STORED", true},
	{"barrier", "", false},
	{"barrier", "-DEARLY", true},
	{"barrier", "-DLATE", true},
	{"barrier", "-DUNLOCKED", true},
	{"seal", "", false},
	{"seal", "-DUNCLIPPED", true},
	{"seal", "-DNO_UNSEAL", true},
}

func TestSpinFindsPlantedBugsAndNoOthers(t *testing.T) {
	for _, program := range []string{"spin", "cc"} {
		if _, err := exec.LookPath(program); err != nil || testing.Short() {
			lacking := fmt.Sprintf("-short, or no %s: apt-get install spin gcc libc6-dev: %v", program, err)
			if os.Getenv("CI") != "" && !testing.Short() {
				t.Fatal(lacking)
			}
			t.Skip(lacking)
		}
	}
	for _, m := range models {
		t.Run(strings.TrimSpace(m.name+" "+m.flags), func(t *testing.T) {
			out := check(t, m.name, strings.Fields(m.flags))
			found := strings.Contains(out, "pan:1: ")
			whole := strings.Contains(out, "errors: 0") && !strings.Contains(out, "max search depth too small") &&
				!strings.Contains(out, "Search not completed")
			if found != m.planted || !m.planted && !whole {
				t.Errorf("planted %v, found %v, all of it seen %v:\n%s", m.planted, found, whole, out)
			}
			for line := range strings.Lines(out) {
				if strings.Contains(line, "states, stored") || strings.HasPrefix(line, "pan:1: ") {
					t.Log(strings.TrimSpace(line))
				}
			}
		})
	}
}

// check makes a program of the model that goes through its states, and runs it.
func check(t *testing.T, name string, flags []string) string {
	t.Helper()
	model, err := filepath.Abs(name + ".pml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	run := func(program string, args ...string) string {
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %q: %v\n%s", program, args, err, out)
		}
		return string(out)
	}
	run("spin", append(flags, "-a", model)...)
	run("cc", "-w", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=4000", "-o", "pan", "pan.c")
	return run("./pan", "-m300000")
}

// functions has the code that a model is of, without comments, as a number. Where it
// differs, go through the model, and write down the new one.
var functions = map[string][]struct{ file, names, sum string }{
	"fixed": {{"strategies/slots.go", "init next take claim release handOn remove enqueue wait close", "57b26432"}},
	"barrier": {
		{"internal/percpu/barrier.go", "Generation BarrierSince", "6e04a416"},
		{"internal/magazine/shards.go", "install detach drain", "8fcbbab5"},
	},
	"seal": {
		{"internal/magazine/aging.go", "seal unseal payOwed takeUnused", "42af202a"},
		{"internal/magazine/cell.go", "Pop Push load", "0f41adae"},
	},
}

func TestModelsAreOfTheCode(t *testing.T) {
	t.Parallel()
	for name, parts := range functions {
		for _, p := range parts {
			if sum := sumOf(t, "../../"+p.file, strings.Fields(p.names)); sum != p.sum {
				t.Errorf("%s.pml is of %s of %q, which is %s now", name, p.file, p.sum, sum)
			}
		}
	}
}

func sumOf(t *testing.T, file string, names []string) string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	sum, left := sha256.New(), map[string]bool{}
	for _, name := range names {
		left[name] = true
	}
	for _, d := range parsed.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && left[f.Name.Name] {
			delete(left, f.Name.Name)
			// Without the positions, which comments move too.
			if err := printer.Fprint(sum, token.NewFileSet(), f); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(left) > 0 {
		t.Errorf("%s has no %v", file, left)
	}
	return fmt.Sprintf("%x", sum.Sum(nil)[:4])
}
