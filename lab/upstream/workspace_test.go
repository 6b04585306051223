package upstream_test

import (
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/otelpool/pool/lab/internal/others"
)

// workspace is the directory in which a suite runs, and the flags that make the go
// command find our pool there.
type workspace struct {
	*testing.T
	suite suite
	mode  mode
	dir   string            // the go command's
	args  []string          // the go command's
	files map[string]string // added or replaced by an overlay: path to content
}

// prepareSync has Go's test file compiled in package gosync as if it lay there,
// with two lines changed: what it imports as sync, and, for a race build, the line
// that leaves it out of those.
func prepareSync(w *workspace) {
	const imported, constraint = "\n\t. \"sync\"\n", "\n//go:build !race\n"
	source := w.read(filepath.Join(w.goEnv("GOROOT"), "src", "sync", "pool_test.go"))
	source = w.replaceOnce(source, imported, "\n\t. \"github.com/otelpool/pool/lab/upstream/gosync\"\n")
	if w.mode.race {
		source = w.replaceOnce(source, constraint, "\n")
	}
	w.dir = w.abs(".")
	w.files[w.abs("gosync/pool_test.go")] = source
	// Go's has it from the runtime, which gives it to package sync alone.
	w.files[w.abs("gosync/cleanup_test.go")] = `package sync_test

import . "github.com/otelpool/pool/lab/upstream/gosync"

func runtime_blockUntilEmptyCleanupQueue(timeout int64) bool { return BlockUntilEmptyCleanupQueue(timeout) }
`
}

// prepareGRPC adds a file to gRPC's package mem that sets its default buffer pool,
// and gives the go command a go.mod that says where that pool comes from.
func prepareGRPC(w *workspace) {
	w.dir = w.pristine()
	w.files[filepath.Join(w.dir, "mem", "zz_ours.go")] = `package mem

import "github.com/otelpool/pool/lab/upstream/inject"

func init() { defaultBufferPool = inject.Pool() }
`
	w.require("", "adapters/arrowpool", "adapters/grpcpool", "lab")
}

// prepareArrow has the allocator that Arrow's tests use be ours.
func prepareArrow(w *workspace) {
	w.args = append(w.args, "-vet=off") // which refuses formats in its tests
	w.dir = w.pristine()
	w.files[filepath.Join(w.dir, "arrow", "memory", "go_allocator.go")] = `package memory

import "github.com/otelpool/pool/lab/upstream/inject"

type GoAllocator struct{}

var injected = inject.Allocator()

func NewGoAllocator() *GoAllocator { return &GoAllocator{} }

func (*GoAllocator) Allocate(size int) []byte             { return injected.Allocate(size) }
func (*GoAllocator) Reallocate(size int, b []byte) []byte { return injected.Reallocate(size, b) }
func (*GoAllocator) Free(b []byte)                        { injected.Free(b) }
`
	w.require("", "adapters/arrowpool", "adapters/grpcpool", "lab")
}

// require has the module use our modules, by their directories, and the suite's replacements.
func (w *workspace) require(dirs ...string) {
	mod, sum := w.read(filepath.Join(w.dir, "go.mod")), w.read(filepath.Join(w.dir, "go.sum"))
	for _, dir := range dirs {
		mod += "\nrequire " + path.Join(ours, dir) + " v0.0.0-00010101000000-000000000000\n"
		mod += "replace " + path.Join(ours, dir) + " => " + w.abs("../../"+dir) + "\n"
		sum += w.read(w.abs("../../" + dir + "/go.sum"))
	}
	for theirs, dir := range w.suite.replace {
		mod += "replace " + theirs + " => " + w.abs("../../"+dir) + "\n"
		sum += w.read(w.abs("../../" + dir + "/go.sum"))
	}
	file := filepath.Join(w.TempDir(), "go.mod")
	w.write(file, mod)
	w.write(strings.TrimSuffix(file, "mod")+"sum", sum)
	w.args = append(w.args, "-mod=mod", "-modfile="+file)
}

const ours = "github.com/otelpool/pool"

// pristine is a copy of the suite's module, compared with its checksum.
func (w *workspace) pristine() string {
	dir, err := others.Module{Path: w.suite.module, Version: w.suite.version, Sum: w.checksum()}.Pristine(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return dir
}

// checksum is the suite's, or the module's line in go.sum if the lab requires it.
func (w *workspace) checksum() string {
	if w.suite.sum != "" {
		return w.suite.sum
	}
	line := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(w.suite.module+" "+w.suite.version) + ` (h1:\S+)$`)
	m := line.FindStringSubmatch(w.read("../go.sum"))
	if m == nil {
		w.Fatalf("no checksum of %s %s in go.sum", w.suite.module, w.suite.version)
	}
	return m[1]
}

// overlay writes the added files and the list that the go command wants of them.
func (w *workspace) overlay() string {
	dir := w.TempDir()
	var list struct{ Replace map[string]string }
	list.Replace = make(map[string]string)
	for path, content := range w.files {
		file := filepath.Join(dir, filepath.Base(path))
		w.write(file, content)
		list.Replace[path] = file
	}
	text, err := json.Marshal(list)
	if err != nil {
		w.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	w.write(file, string(text))
	return file
}

func (w *workspace) goEnv(name string) string {
	text, err := others.Go(w.Context(), ".", "env", name)
	if err != nil {
		w.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func (w *workspace) replaceOnce(s, from, to string) string {
	if strings.Count(s, from) != 1 {
		w.Fatalf("%q is not there, or more than once: has Go changed its tests?", from)
	}
	return strings.Replace(s, from, to, 1)
}

func (w *workspace) read(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		w.Fatal(err)
	}
	return string(content)
}

func (w *workspace) write(path, content string) {
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		w.Fatal(err)
	}
}

func (w *workspace) abs(path string) string {
	abs, err := filepath.Abs(filepath.FromSlash(path))
	if err != nil {
		w.Fatal(err)
	}
	return abs
}
