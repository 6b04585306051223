package houserules_test

import (
	"archive/zip"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// consumer is a program of somebody else's. It says what it saw.
const consumer = `package main

import (
	"fmt"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/otelpool"
	"github.com/otelpool/pool/strategies"
)

var bodies = strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "bodies"}))

func main() {
	inst, err := otelpool.Start()
	if err != nil {
		panic(err)
	}
	defer inst.Stop()
	var p pool.Bytes = bodies
	p.Put(p.Get(1000))
	var s pool.Stats
	bodies.Stats(&s)
	fmt.Println(s.Name, s.Gets(), s.Puts())
}
`

// Importers ignore our go.work and replace directives, so only a module from
// outside shows what they get. Ours comes to it as a released version would:
// as a zip from a module proxy, here one of files.
func TestModuleWorksFromOutside(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: builds and links a whole program, the same under every build tag; make test does it in its unit stage")
	}
	version := fmt.Sprintf("v0.0.0-check.p%d.t%d", os.Getpid(), time.Now().UnixNano()) // never cached before
	proxy := t.TempDir()
	publish(t, proxy, version)

	dir := t.TempDir()
	write(t, dir, "go.mod", fmt.Sprintf("module example.com/consumer\n\ngo 1.26.0\n\nrequire %s %s\n", module, version))
	write(t, dir, "go.sum", read(t, "go.sum")) // spares a look into the checksum database
	write(t, dir, "main.go", consumer)
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
	t.Cleanup(func() { forget(t, version) })

	if got, want := run("run", "."), "bodies 1 1\n"; got != want {
		t.Errorf("the consumer printed %q, want %q", got, want)
	}
	refuse(t, "go mod graph", run("mod", "graph"), "google.golang.org/grpc@", "/exporters/otlp/")
	refuse(t, "what is linked", run("list", "-deps", "."), otel+"/sdk", otel+"/exporters", "google.golang.org/")
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

// publish packs the root module into a directory laid out as a module proxy:
// go.dev/ref/mod#goproxy-protocol and #zip-files.
func publish(t *testing.T, proxy, version string) {
	t.Helper()
	dir := filepath.Join(proxy, filepath.FromSlash(module), "@v")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "list", version+"\n")
	write(t, dir, version+".info", fmt.Sprintf(`{"Version":%q}`, version))
	write(t, dir, version+".mod", read(t, "go.mod"))
	f, err := os.Create(filepath.Join(dir, version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for name := range rootFiles(t) {
		w, err := z.Create(module + "@" + version + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(read(t, name))); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// forget takes the version out of the module cache, which nobody will ask for
// again.
func forget(t *testing.T, version string) {
	cache := goEnv(t, "GOMODCACHE")
	files, err := filepath.Glob(filepath.Join(cache, "cache", "download", filepath.FromSlash(module), "@v", version+".*"))
	if err != nil {
		t.Fatal(err)
	}
	unpacked := filepath.Join(cache, filepath.FromSlash(module)+"@"+version)
	err = filepath.WalkDir(unpacked, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = os.Chmod(name, 0o755) // the go command takes write permission away
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	for _, name := range append(files, unpacked) {
		if err := os.RemoveAll(name); err != nil {
			t.Error(err)
		}
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
