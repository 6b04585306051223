//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The module is a copy in which the command runs, and whose test passes before and after.
func TestMigrateReplacesEverySyncPoolAndNothingElse(t *testing.T) {
	t.Parallel()
	dir := migratedModule(t)
	before := tree(t, dir)
	if out := migrated(t, dir, "./..."); !strings.Contains(out, "forms.go:20: sync.Pool → otelpool.Pool\n") ||
		!strings.HasSuffix(out, "18 to change; -w changes them\n") || tree(t, dir) != before {
		t.Errorf("without -w it says, or has changed something:\n%s", out)
	}
	if out := migrated(t, dir, "-w", "./..."); !strings.Contains(out, "18 changed; next: go get "+ours+" && go vet ./...\n") {
		t.Errorf("with -w it says:\n%s", out)
	}
	for _, args := range [][]string{{"vet", "./..."}, {"test", "./..."}} {
		goIn(t, dir, args...)
	}
	for file, want := range map[string]string{
		"forms.go": "\t\"bytes\"\n\t\"sync\" // and a mutex\n\n" +
			"\t\"github.com/otelpool/pool/otelpool\"\n)\n\nvar zero otelpool.Pool // its zero value works\n",
		"alone.go": "import (\n\t\"github.com/otelpool/pool/otelpool\"\n)\n",
		"named.go": "\t\"fmt\"\n\n\t\"github.com/otelpool/pool/otelpool\"\n)\n", "other_plan9.go": "var other otelpool.Pool\n",
		"none.go": "import \"sync\"\n",
	} {
		if text := readFile(t, filepath.Join(dir, file)); !strings.Contains(text, want) {
			t.Errorf("%s is\n%s\nwithout\n%s", file, text, want)
		}
	}
	if out := migrated(t, dir, "./..."); out != "0 to change; -w changes them\n" {
		t.Errorf("the second time it says:\n%s", out)
	}
}

func TestMigrateRefusesWhatIsNoPackage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"-w"}, {"-x", "."}, {"./nowhere"}} {
		s := poolscope(t, "counted", "migrate")
		s.Args = append(s.Args[:1], append([]string{"migrate"}, args...)...)
		s.code(t, 1)
		if s.err.Len() == 0 {
			t.Errorf("%q: no complaint", args)
		}
	}
}

// migratedModule is a copy of testdata/migrated that may require our module.
func migratedModule(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/migrated")); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	goIn(t, dir, "mod", "edit", "-require="+ours+"@v0.0.0", "-replace="+ours+"="+root)
	if err := os.WriteFile(filepath.Join(dir, "go.sum"), []byte(readFile(t, "../../go.sum")), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func migrated(t *testing.T, dir string, args ...string) string {
	t.Helper()
	s := poolscope(t, "counted", "migrate")
	s.Args = append(s.Args[:1], append([]string{"migrate"}, args...)...)
	s.Dir = dir
	s.code(t, 0)
	return s.out.String()
}

func goIn(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %v: %v\n%s", args, err, out)
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
