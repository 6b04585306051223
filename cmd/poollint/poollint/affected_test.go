package poollint_test

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// affected are versions of modules with mistakes that became known, and those that
// mended them.
var affected = []struct {
	module, version, mended string
	where, want             string // a line of the report, which is of the file's package
}{
	// CVE-2023-45286: a retried request's body was put twice, and disclosed to others.
	{"github.com/go-resty/resty/v2", "v2.10.0", "v2.11.0", "client.go", "two owners: bodyBuf"},
	// go-resty/resty#421: the body was sent after the defer had put it.
	{"github.com/go-resty/resty/v2", "v2.5.0", "", "request.go", "returned and put"}, // later versions still have it in another function
	// opentelemetry-collector#13954: a body closed twice put its decoder twice.
	{
		"go.opentelemetry.io/collector/config/confighttp",
		"v0.136.0",
		"v0.138.0",
		"compression.go",
		"Close that puts twice: a second Close puts inner",
	},
	// syncthing/syncthing#7409: buffers of its own pool, which pools names, were lost on nine error paths;
	// v1.15.0 has one of them left.
	{"github.com/syncthing/syncthing", "v1.13.1", "", "lib/protocol/protocol.go", "forgotten Put"},
}

// pools are the types of the modules above that no rule of poollint knows.
const pools = "-pools=github.com/syncthing/syncthing/lib/protocol.bufferPool:Get/Put"

// It meets the modules as the proxy has them.
func TestMistakesThatBecameKnownAreFound(t *testing.T) {
	if os.Getenv("POOLLINT_AFFECTED") == "" {
		t.Skip("POOLLINT_AFFECTED is not set: downloads and compiles modules; make test-poollint sets it")
	}
	tool := buildTool(t)
	for _, a := range affected {
		if got := lintModule(t, tool, a.module, a.version, path.Dir(a.where)); !mentions(got, a.where, a.want) {
			t.Errorf("%s@%s: no %q in %s:\n%s", a.module, a.version, a.want, a.where, got)
		}
		if a.mended == "" {
			continue
		}
		if got := lintModule(t, tool, a.module, a.mended, path.Dir(a.where)); mentions(got, a.where, a.want) {
			t.Errorf("%s@%s has it mended:\n%s", a.module, a.mended, got)
		}
	}
}

func mentions(report, where, want string) bool {
	for line := range strings.Lines(report) {
		if strings.Contains(line, "/"+where+":") && strings.Contains(line, want) {
			return true
		}
	}
	return false
}

func buildTool(t testing.TB) string {
	t.Helper()
	tool := filepath.Join(t.TempDir(), "poollint")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", tool, "..").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return tool
}

// lintModule is poollint's report on a package of a module, required by another.
func lintModule(t *testing.T, tool, module, version, within string) string {
	t.Helper()
	dir, pkg := t.TempDir(), path.Join(module, within)
	files := map[string]string{
		"go.mod":  "module example.com/user\n\ngo 1.26.0\n\nrequire " + module + " " + version + "\n",
		"main.go": "package user\n\nimport _ \"" + pkg + "\"\n",
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := func(name string, args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := run("go", "list", "-deps", "."); err != nil {
		t.Fatalf("%s@%s: %v\n%s", module, version, err, out)
	}
	out, _ := run(tool, "-test=false", pools, pkg) // fails where it finds something
	return out
}
