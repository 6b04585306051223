//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatCannotWorkIsRefusedInOneLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dir  string
		args []string
		env  string
		want string
	}{
		"no toolchain":       {"counted", []string{"run", "."}, "PATH=/nowhere", "no go command in $PATH"},
		"GOFLAGS":            {"counted", []string{"run", "."}, "GOFLAGS=-overlay=mine.json", "GOFLAGS has -overlay=mine.json: poolscope"},
		"-overlay":           {"counted", []string{"build", "-overlay=mine.json"}, "", "-overlay is given"},
		"-otlp, build":       {"counted", []string{"build", "-otlp"}, "", "use run or test"},
		"-otlp, protocol":    {"counted", []string{"run", "-otlp", "."}, "OTEL_EXPORTER_OTLP_PROTOCOL=json", "use grpc or http"},
		"-otlp, no page":     {"counted", []string{"run", "-otlp", "-page", "", "."}, "", "poolscope reads the page"},
		"-C":                 {"counted", []string{"build", "-C", "x"}, "", "-C is given"},
		"-cover":             {"counted", []string{"build", "-covermode", "atomic"}, "", "-covermode is given: the go command covers"},
		"GOFLAGS, -cover":    {"counted", []string{"run", "."}, "GOFLAGS=-mod=mod -cover", "GOFLAGS has -cover: the go command covers"},
		"a plugin":           {"counted", []string{"build", "-buildmode", "plugin", "."}, "", "-buildmode=plugin:"},
		"a library":          {"library", []string{"run", "."}, "", "example.com/library is package library: poolscope run needs"},
		"several packages":   {"tested", []string{"build", "./..."}, "", "several packages: poolscope build takes one"},
		"-otlp, several":     {"tested", []string{"test", "-otlp", "./..."}, "", "several packages: -otlp exports the tests of one"},
		"-advise":            {"counted", []string{"run", "-advise=yes", "."}, "", "-advise=yes: true or false is wanted"},
		"-page":              {"counted", []string{"run", "-page", "8081", "."}, "", "-page 8081: an address is wanted"},
		"-page, port":        {"counted", []string{"run", "-page", "127.0.0.1:88081", "."}, "", "-page 127.0.0.1:88081: an address"},
		"-prices":            {"counted", []string{"run", "-prices", "16", "."}, "", "-prices 16: use the prices of a core"},
		"nowhere":            {"counted", []string{"run", "-report", "", "-page", "", "."}, "", "nothing would show the counts"},
		"-costs":             {"counted", []string{"run", "-costs", "main.go", "."}, "", "main.go: not the costs of a Go version"},
		"calibrate":          {"counted", []string{"calibrate", "now"}, "", "calibrate takes no arguments but -costs"},
		"no package":         {"counted", []string{"run", "./missing"}, "", "missing"},
		"no file":            {"counted", []string{"run", "missing.go"}, "", "stat missing.go: no such file"},
		"not required":       {"counted", []string{"run", "example.com/x"}, "", "to add it: go get example.com/x"},
		"no value":           {"counted", []string{"run", "-page"}, "", "-page needs a value"},
		"a version, go test": {"counted", []string{"test", "example.com/x@v1.0.0"}, "", "go test does not take a version"},
		"no such version":    {"counted", []string{"run", "example.invalid/x@v1.0.0"}, "GOPROXY=off", "no module has this package"},
		"only for cgo":       {"cgo", []string{"run", "."}, "CGO_ENABLED=0", "build constraints exclude all Go files"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := poolscope(t, c.dir, c.args...)
			s.Env = append(s.Env, c.env)
			if s.Run() == nil {
				t.Error("accepted")
			}
			if text := s.err.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, c.want) {
				t.Errorf("%q, want one line with %q", text, c.want)
			}
		})
	}
}

func TestHelpIsNoMistake(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-h"}, {"help"}, {"--help"}, {"run", "-advise", "-h", "."}} {
		s := poolscope(t, "counted", "build")
		s.Args = append(s.Args[:1], args...)
		if s.code(t, 0); s.out.String() != help || s.err.Len() > 0 {
			t.Errorf("%q prints %s%s", args, s.out.String(), s.err.String())
		}
	}
}

func TestAnotherCommandIsRefused(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"-report", "x"}, {"runs"}} {
		s := poolscope(t, "counted", "build")
		s.Args = append(s.Args[:1], args...)
		if s.code(t, 2); strings.Count(s.err.String(), "\n") != 1 || !strings.Contains(s.err.String(), "poolscope -h explains") {
			t.Errorf("%q: %s", args, s.err.String())
		}
	}
}

// The compiler's own words are shown as they are.
func TestAModuleThatDoesNotBuildSaysWhy(t *testing.T) {
	t.Parallel()
	s := poolscope(t, "broken", "run", ".")
	if s.code(t, 1); !strings.Contains(s.err.String(), "undefined: undefined") {
		t.Errorf("%q", s.err.String())
	}
}

func TestAnotherShapeOfSyncPoolIsRefused(t *testing.T) {
	t.Parallel()
	env, err := newToolchain("", "")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(filepath.Join(env.GOROOT, "src", "sync", "pool.go"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := patchPool(source, env.GOVERSION); err != nil {
		t.Errorf("as it is: %v", err)
	}
	for old, want := range map[string]string{
		"x = p.getSlow(pid)":               "0 of “x = p.getSlow(pid)” in Get",
		"type poolLocalInternal struct":    "0 of struct poolLocalInternal",
		"func poolCleanup()":               "0 of function poolCleanup",
		"local := make([]poolLocal, size)": "0 of “local := make([]poolLocal, size)” in pinSlow",
	} {
		other := strings.NewReplacer("getSlow", "getOther", "Internal", "Other", "Cleanup", "Age", "make(", "newLocals(").Replace(old)
		changed := strings.Replace(string(source), old, other, 1)
		_, err := patchPool([]byte(changed), "go9.9")
		if err == nil || !strings.HasPrefix(err.Error(), "sync.Pool of go9.9 is unlike") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", old, err, want)
		}
	}
}
