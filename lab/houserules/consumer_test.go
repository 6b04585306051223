package houserules_test

import (
	"archive/zip"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Importers ignore our go.work and replace directives, so only a module from
// outside shows what they get. Ours come to it as released versions would: as
// zips from a module proxy, here one of files.
func TestModulesWorkFromOutside(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: builds and links whole programs, the same under every build tag; make test does it in its house-rules stage")
	}
	for name, c := range consumers {
		t.Run(name, c.check)
	}
}

func (c consumer) check(t *testing.T) {
	version := fmt.Sprintf("v0.0.0-check.p%d.t%d", os.Getpid(), time.Now().UnixNano()) // never cached before
	proxy, dir := t.TempDir(), t.TempDir()
	mod, sum := "module example.com/consumer\n\ngo 1.26.0\n", ""
	modules := slices.Concat([]string{"."}, c.imports, c.replaces)
	for _, imported := range modules {
		publish(t, proxy, imported, version)
		sum += read(t, filepath.Join(imported, "go.sum")) // spares a look into the checksum database
		if !slices.Contains(c.replaces, imported) {
			mod += fmt.Sprintf("\nrequire %s %s\n", path.Join(module, imported), version)
		}
	}
	for _, shim := range c.replaces {
		mod += replacement(t, shim, version)
	}
	write(t, dir, "go.mod", mod)
	write(t, dir, "go.sum", sum)
	write(t, dir, "main.go", c.source(t))
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod",
			"GOPROXY=file://"+filepath.ToSlash(proxy)+","+goEnv(t, "GOPROXY"),
			"GONOSUMDB="+module, "GONOPROXY=none", "GOPRIVATE=")
		out, err := cmd.Output()
		if err != nil {
			if exit, ok := errors.AsType[*exec.ExitError](err); ok {
				out = append(out, exit.Stderr...)
			}
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	t.Cleanup(func() {
		for _, imported := range modules {
			forget(t, path.Join(module, imported), version)
		}
	})

	if got := run("run", "."); got != c.prints {
		t.Errorf("the consumer printed %q, want %q", got, c.prints)
	}
	if len(c.ungraph) > 0 { // the graph takes a go.mod of all that others require
		refuse(t, "go mod graph", run("mod", "graph"), c.ungraph...)
	}
	refuse(t, "what is linked", run("list", "-deps", "."), c.unlink...)
}

// source is the program, with the code of documentation in it.
func (c consumer) source(t *testing.T) string {
	t.Helper()
	var code strings.Builder
	for _, dir := range c.imports {
		code.WriteString(documented(t, dir))
	}
	return strings.Replace(c.program, "\n//documented\n", "\n"+code.String(), 1)
}

// documented is the code in a package's documentation, which is what its users copy.
func documented(t *testing.T, dir string) string {
	t.Helper()
	var code strings.Builder
	for line := range strings.Lines(read(t, filepath.Join(dir, "doc.go"))) {
		if line, ok := strings.CutPrefix(line, "//\t"); ok {
			code.WriteString(line)
		}
	}
	return code.String()
}

// replacement is the line of go.mod in a shim's documentation, which has to be in the
// table of doors too, with the version that is tested for the one that will be released.
func replacement(t *testing.T, shim, version string) string {
	t.Helper()
	line := strings.TrimSpace(documented(t, shim))
	if page := "docs/existing-programs.md"; !strings.Contains(read(t, page), "`"+line+"`") {
		t.Errorf("%s does not have the line of %s: %s", page, shim, line)
	}
	words := strings.Fields(line) // replace theirs => ours version
	if len(words) != 5 || words[0] != "replace" || words[3] != path.Join(module, shim) {
		t.Fatalf("%s/doc.go has %q, want a replace line", shim, line)
	}
	if own := `const Version = "` + strings.TrimPrefix(words[4], "v") + `"`; !strings.Contains(read(t, "otelpool/start.go"), own) {
		t.Errorf("%s/doc.go has version %s, which is not otelpool.Version", shim, words[4])
	}
	return fmt.Sprintf("\nrequire %s v1.0.0\n%s %s\n", words[1], strings.Join(words[:4], " "), version)
}

// refuse reports lines that contain what must not be there.
func refuse(t *testing.T, what, lines string, unwanted ...string) {
	t.Helper()
	if !strings.Contains(lines, module) {
		t.Errorf("%s does not even contain %s:\n%s", what, module, lines)
	}
	for line := range strings.Lines(lines) {
		for _, s := range unwanted {
			if strings.Contains(line, s) {
				t.Errorf("%s has %s", what, strings.TrimSpace(line))
			}
		}
	}
}

// publish packs the module in a directory into one laid out as a module proxy:
// go.dev/ref/mod#goproxy-protocol and #zip-files.
func publish(t *testing.T, proxy, dir, version string) {
	t.Helper()
	name := path.Join(module, dir)
	at := filepath.Join(proxy, filepath.FromSlash(name), "@v")
	if err := os.MkdirAll(at, 0o755); err != nil {
		t.Fatal(err)
	}
	// What is not released has no version that a go.mod could require; a release
	// puts the root's there.
	mod := strings.ReplaceAll(read(t, filepath.Join(dir, "go.mod")), unreleased, version)
	write(t, at, "list", version+"\n")
	write(t, at, version+".info", fmt.Sprintf(`{"Version":%q}`, version))
	write(t, at, version+".mod", mod)
	f, err := os.Create(filepath.Join(at, version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for file := range moduleFiles(t, dir) {
		content := mod
		if file != "go.mod" {
			content = read(t, filepath.Join(dir, file))
		}
		w, err := z.Create(name + "@" + version + "/" + file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// unreleased is what nested modules require of the root, beside a replace.
const unreleased = "v0.0.0-00010101000000-000000000000"

// forget takes a version of a module of ours out of the module cache, which nobody
// will ask for again.
func forget(t *testing.T, name, version string) {
	cache, name := goEnv(t, "GOMODCACHE"), filepath.FromSlash(name)
	found, err := filepath.Glob(filepath.Join(cache, "cache", "download", name, "@v", version+".*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(found, filepath.Join(cache, name+"@"+version)) {
		remove(t, file)
	}
}

// remove removes what the go command took write permission from.
func remove(t *testing.T, name string) {
	err := filepath.WalkDir(name, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = os.Chmod(name, 0o755)
		}
		return err
	})
	if err := errors.Join(err, os.RemoveAll(name)); err != nil {
		t.Error(err)
	}
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatalf("go env %s: %v", name, err)
	}
	return strings.TrimSpace(string(out))
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// read is a file of the root module.
func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
