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
	"strings"
	"testing"
	"time"
)

// consumer is a program of somebody else's.
type consumer struct {
	imports []string // the modules it requires besides the root, by their directories
	program string
	prints  string
	ungraph []string // what must not be in its module graph
	unlink  []string // what must not be linked
}

var consumers = map[string]consumer{
	"root": {
		program: `package main

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
`,
		prints:  "bodies 1 1\n",
		ungraph: []string{"google.golang.org/grpc@", "/exporters/otlp/"},
		unlink:  []string{otel + "/sdk", otel + "/exporters", "google.golang.org/"},
	},
	"grpcpool": {
		imports: []string{"adapters/grpcpool"},
		program: `package main

import (
	"fmt"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adapters/grpcpool"
	"github.com/otelpool/pool/strategies"
	"google.golang.org/grpc/mem"
)

var (
	buffers = strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "grpc"}))

	p mem.BufferPool = strategies.Must(grpcpool.New(grpcpool.Config{Buffers: buffers}))
)

func main() {
	mem.Copy(make([]byte, 5000), p).Free()
	var s pool.Stats
	buffers.Stats(&s)
	fmt.Println(s.Name, s.Gets(), s.Puts())
}
`,
		prints:  "grpc 1 1\n",
		ungraph: []string{"/exporters/otlp/"},
		unlink:  []string{otel},
	},
}

// Importers ignore our go.work and replace directives, so only a module from
// outside shows what they get. Ours come to it as released versions would: as
// zips from a module proxy, here one of files.
func TestModulesWorkFromOutside(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: builds and links whole programs, the same under every build tag; make test does it in its unit stage")
	}
	for name, c := range consumers {
		t.Run(name, c.check)
	}
}

func (c consumer) check(t *testing.T) {
	version := fmt.Sprintf("v0.0.0-check.p%d.t%d", os.Getpid(), time.Now().UnixNano()) // never cached before
	proxy, dir := t.TempDir(), t.TempDir()
	mod, sum := "module example.com/consumer\n\ngo 1.26.0\n", ""
	for _, imported := range append([]string{"."}, c.imports...) {
		publish(t, proxy, imported, version)
		mod += fmt.Sprintf("\nrequire %s %s\n", path.Join(module, imported), version)
		sum += read(t, filepath.Join(imported, "go.sum")) // spares a look into the checksum database
	}
	write(t, dir, "go.mod", mod)
	write(t, dir, "go.sum", sum)
	write(t, dir, "main.go", c.program)
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

	if got := run("run", "."); got != c.prints {
		t.Errorf("the consumer printed %q, want %q", got, c.prints)
	}
	refuse(t, "go mod graph", run("mod", "graph"), c.ungraph...)
	refuse(t, "what is linked", run("list", "-deps", "."), c.unlink...)
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

// forget takes the version of our modules out of the module cache, which nobody
// will ask for again.
func forget(t *testing.T, version string) {
	cache := goEnv(t, "GOMODCACHE")
	for _, dir := range []string{module, module + "/adapters/*"} {
		dir = filepath.FromSlash(dir)
		for _, pattern := range []string{
			filepath.Join(cache, "cache", "download", dir, "@v", version+".*"),
			filepath.Join(cache, dir+"@"+version),
		} {
			found, err := filepath.Glob(pattern)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range found {
				remove(t, name)
			}
		}
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
