//go:build linux

package syncpools_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// command runs a program and returns what it prints.
func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	if slices.Contains(args, "-race") {
		cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// build returns a program of testdata.
func build(t *testing.T, name string, args ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), name)
	command(t, "go", append(append([]string{"build", "-o", program}, args...), "./testdata/"+name)...)
	return program
}

// goroot is the directory of the go command that builds. A Go that came through GOTOOLCHAIN
// lies beneath the module cache, where the go command replaces no file: for that it is a
// directory of links, which the test's go command is taken from.
func goroot(t *testing.T) string {
	t.Helper()
	root := strings.TrimSpace(command(t, "go", "env", "GOROOT"))
	if cache := strings.TrimSpace(command(t, "go", "env", "GOMODCACHE")); !strings.HasPrefix(root, cache) {
		return root
	}
	links := t.TempDir()
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if err := os.Symlink(filepath.Join(root, e.Name()), filepath.Join(links, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("GOROOT", links)
	t.Setenv("GOTOOLCHAIN", "local")
	t.Setenv("PATH", filepath.Join(links, "bin")+string(filepath.ListSeparator)+os.Getenv("PATH"))
	return links
}

// overlaid returns the flag that builds with a changed package sync.
func overlaid(t *testing.T, old, changed string) string {
	t.Helper()
	original := filepath.Join(goroot(t), "src/sync/pool.go")
	text, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("no %q in sync/pool.go of %s", old, runtime.Version())
	}
	dir := t.TempDir()
	mine, overlay := filepath.Join(dir, "pool.go"), filepath.Join(dir, "overlay.json")
	content, err := json.Marshal(map[string]any{"Replace": map[string]string{original: mine}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{mine: []byte(strings.Replace(string(text), old, changed, 1)), overlay: content} {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return "-overlay=" + overlay
}

// A Go version may change sync.Pool: the census refuses it and says why. That a reading
// which does not fit is refused, TestAReadingOfAnotherLayoutIsRefused shows without a build.
func TestAChangedLayoutIsRefused(t *testing.T) {
	if !*builds {
		t.Skip("make census: compiles the standard library for each layout")
	}
	for name, c := range map[string]struct{ old, changed, want string }{
		"as it is":          {"\tnoCopy noCopy\n", "\tnoCopy noCopy\n", "census: <nil>"},
		"a field in Pool":   {"\tNew func() any\n", "\tpurpose string\n\tNew func() any\n", "has no field New where it was"},
		"a field in locals": {"\tshared  poolChain", "\tgets uintptr\n\tshared  poolChain", "has another layout"},
		"wider locals": {"pad [128 - unsafe.Sizeof(poolLocalInternal{})%128]byte",
			"pad [256 - unsafe.Sizeof(poolLocalInternal{})%128]byte", "layout"},
	} {
		t.Run(name, func(t *testing.T) {
			if out := command(t, build(t, "layout", overlaid(t, c.old, c.changed))); !strings.Contains(out, c.want) {
				t.Errorf("%s, want %q", out, c.want)
			}
		})
	}
}

// Get and Put are the same instructions with a census and without.
func TestGetAndPutCostNothingMore(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: builds and disassembles two programs")
	}
	without, with := instructions(t, build(t, "bare")), instructions(t, build(t, "program"))
	if len(without) < 60 {
		t.Fatalf("only %d instructions of Get and Put found", len(without))
	}
	if !slices.Equal(without, with) {
		t.Errorf("other instructions:\n%s\nwant:\n%s", strings.Join(with, "\n"), strings.Join(without, "\n"))
	}
	t.Logf("%d instructions", len(without))
}

// address is one of the program, of code or of data, which every program has elsewhere.
var address = regexp.MustCompile(`0x[0-9a-f]{4,}|[0-9a-f]+\(IP\)`)

// instruction is what objdump prints after file, line, address and bytes.
var instruction = regexp.MustCompile(`^  \S+:\d+\s+0x[0-9a-f]+\s+[0-9a-f]+\s+(\S.*)`)

// instructions are those of Get and Put, with addresses left out.
func instructions(t *testing.T, program string) (all []string) {
	t.Helper()
	for line := range strings.Lines(command(t, "go", "tool", "objdump", "-s", `^sync\.\(\*Pool\)\.(Get|Put)$`, program)) {
		if parts := instruction.FindStringSubmatch(line); parts != nil {
			all = append(all, address.ReplaceAllString(parts[1], "ADDRESS"))
		}
	}
	return all
}
