package houserules_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module     = "github.com/otelpool/pool"
	vocabulary = module + "/control"
	otel       = "go.opentelemetry.io/otel"
)

// imports says what the packages of a directory, and of those below it, may
// import besides the standard library and each other, in every module. The longest
// entry counts, and a directory without one fails the test: where a new package
// stands is for its author to say. TestArrowsPointDown fails on a circle.
var imports = map[string][]string{
	"":                  {vocabulary, module + "/internal/ask"},
	"control":           {},
	"internal/ask":      {},
	"internal/percpu":   {},
	"internal/gcpool":   {module + "/internal/percpu"},
	"internal/magazine": {module, vocabulary, module + "/internal/percpu", module + "/internal/reach"},
	"internal/config":   {module, vocabulary},
	"internal/reach":    {},
	"internal/safety": {module, vocabulary, module + "/internal/ask", module + "/internal/percpu",
		module + "/internal/raceghost"},
	"internal/raceghost": {},
	"internal/cgroup":    {},
	"internal/handle":    {module + "/internal/ask"},
	"internal/trace":     {},
	"internal/sim": {
		module, vocabulary, module + "/adaptive", module + "/internal/magazine", module + "/internal/percpu",
		module + "/internal/reach", module + "/internal/trace",
	},
	"internal/benchcase":   {},
	"internal/adaptertest": {module, vocabulary, module + "/pooltest", module + "/strategies"},
	"internal/testalloc":   {module + "/internal/raceghost"},
	"internal/testcost":    {module + "/internal/raceflag"},
	"internal/raceflag":    {},
	"strategies": {
		module, vocabulary, module + "/internal/config", module + "/internal/gcpool", module + "/internal/handle",
		module + "/internal/magazine", module + "/internal/percpu", module + "/internal/raceghost", module + "/internal/safety",
	},
	"strategies/codecs": {module, module + "/internal/config", module + "/strategies"},
	"otelpool": {
		module, vocabulary, module + "/internal/ask", module + "/internal/gcpool", module + "/internal/handle",
		module + "/internal/percpu", module + "/internal/raceghost", otel,
	},
	"adaptive":         {module, vocabulary, module + "/internal/ask", module + "/internal/config", module + "/internal/reach"},
	"adaptive/signals": {vocabulary, module + "/internal/percpu"},
	"poolz":            {module, vocabulary, module + "/internal/ask"},
	"syncpools":        {module, module + "/internal/percpu", module + "/internal/raceflag"},
	"syncpools/auto":   {module + "/syncpools"},
	"pooltest":         {module, vocabulary, module + "/internal/percpu", module + "/internal/raceghost"},
	"cmd": {
		module, vocabulary, module + "/internal/magazine", module + "/internal/sim", module + "/internal/trace",
		module + "/adaptive", module + "/strategies",
	},
	"cmd/poollint":  {module + "/cmd/poollint", "golang.org/x/tools", "github.com/golangci/plugin-module-register"},
	"cmd/poolscope": {otel, "golang.org/x/tools"},
	"poolconfig": {
		module,
		vocabulary,
		module + "/adaptive",
		module + "/strategies",
		module + "/internal/ask",
		module + "/internal/config",
		"go.yaml.in/yaml/v4",
	},
	"poolprof": {module, vocabulary, module + "/internal/ask", "github.com/google/pprof"},
	"adapters": {
		module, vocabulary, module + "/strategies", // and what an interface or a format takes
		"github.com/twmb/franz-go/pkg/kgo", "github.com/klauspost/compress",
	},
	"adapters/grpcpool/protocodec": {
		module, module + "/adapters/grpcpool", module + "/strategies", "google.golang.org/grpc", "google.golang.org/protobuf",
	},
	"shims":         {module, module + "/strategies"},
	"examples":      {module, module + "/strategies", module + "/otelpool", otel},
	"examples/otlp": {anything},
	"lab":           {anything},
	"e2e":           {anything},
	"tools":         {},
}

// anything is the rule of what only we run.
const anything = "*"

// inTests is what every test may import, so that pools are tested with a running
// SDK. There is no assertion library in it.
var inTests = []string{module + "...", otel}

// testLibraries has what the tests of a package compare with.
var testLibraries = map[string][]string{
	"cmd/poolscope":        {"go.opentelemetry.io/proto/otlp", "google.golang.org/protobuf"},
	"poolconfig":           {"github.com/google/jsonschema-go"},
	"adapters/arrowpool":   {"github.com/apache/arrow-go/v18"},
	"adapters/franzpool":   {"github.com/twmb/franz-go/pkg/kfake"},
	"adapters/grpcpool":    {"google.golang.org/grpc", "google.golang.org/protobuf"},
	"adapters/parquetpool": {"github.com/parquet-go/parquet-go"},

	"shims/bytebufferpool": {"github.com/valyala/bytebufferpool"},
}

func TestImportsPointOneWay(t *testing.T) {
	t.Parallel()
	for name, file := range sources(t) {
		dir := path.Dir(name)
		rule, ok := ruleFor(dir)
		if !ok {
			t.Errorf("%s: no rule says what packages in %s may import: add one", name, dir)
			continue
		}
		if strings.HasSuffix(name, "_test.go") {
			rule = slices.Concat(inTests, rule, testLibraries[dir])
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if !allowed(imported, dir, rule) {
				t.Errorf("%s imports %s: packages in %s may not", name, imported, dir)
			}
		}
	}
}

// The runtime keeps procPin and procUnpin for those who link to them, the hook for
// sync.Pool, and the getter of a goroutine's pprof labels; the linker has the sections'
// ends. Whoever wants another name has to argue with this test.
func TestLinknameHasItsHomes(t *testing.T) {
	t.Parallel()
	homes := []string{"internal/percpu/pinned.go", "internal/percpu/labels.go", "syncpools/runtime.go"}
	for name, file := range sources(t) {
		for _, group := range file.Comments {
			for _, c := range group.List {
				if strings.HasPrefix(c.Text, "//go:linkname ") && !slices.Contains(homes, name) {
					t.Errorf("%s: %s: only %v may", name, c.Text, homes)
				}
			}
		}
	}
}

// ruleFor is the rule of the nearest directory that has one. The root's is for
// the root alone.
func ruleFor(dir string) ([]string, bool) {
	if dir == "." {
		return imports[""], true
	}
	for ; dir != "."; dir = path.Dir(dir) {
		if rule, ok := imports[dir]; ok {
			return rule, true
		}
	}
	return nil, false
}

func allowed(imported, dir string, rule []string) bool {
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return true // the standard library
	}
	if dir != "." && strings.HasPrefix(imported+"/", module+"/"+dir+"/") {
		return true // its own subpackages
	}
	return slices.ContainsFunc(rule, func(r string) bool {
		if r == anything {
			return true
		}
		if all, ok := strings.CutSuffix(r, "..."); ok {
			return imported == all || strings.HasPrefix(imported, all+"/")
		}
		if r == module {
			return imported == r // the vocabulary, not what is below it
		}
		return imported == r || strings.HasPrefix(imported, r+"/")
	})
}

// What may import each other, directly or by way of others, is one room with a
// wall in it.
func TestArrowsPointDown(t *testing.T) {
	t.Parallel()
	var visit func(dir string, path []string)
	done := make(map[string]bool)
	visit = func(dir string, path []string) {
		if slices.Contains(path, dir) {
			t.Fatalf("a circle: %s", strings.Join(append(path, dir), " → "))
		}
		if done[dir] {
			return
		}
		for _, to := range importable(dir) {
			visit(to, append(slices.Clip(path), dir))
		}
		done[dir] = true
	}
	for dir := range imports {
		visit(dir, nil)
	}
}

// importable returns the rows that a row's packages may import.
func importable(dir string) (to []string) {
	for other := range imports {
		target := strings.TrimSuffix(module+"/"+other, "/")
		inside := strings.HasPrefix(other+"/", dir+"/") && dir != ""
		if other != dir && !inside && allowed(target, dir, imports[dir]) && !slices.Contains(imports[other], anything) {
			to = append(to, other)
		}
	}
	slices.Sort(to)
	return to
}

func TestRuleOfTheNearestDirectory(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		dir, imported string
		want          bool
	}{
		{".", "net/http", true},
		{".", module + "/strategies", false},
		{"control", module, false},
		{".", otel, false},
		{"strategies", module + "/internal/magazine", true},
		{"strategies", otel + "/metric", false},
		{"strategies", module + "/otelpool", false},
		{"otelpool", otel + "/metric", true},
		{"otelpool", module + "/strategies", false},
		{"otelpool", module + "/internal/magazine", false},
		{"otelpool", module + "/otelpool/internal/x", true},
		{"adaptive", module + "/poolz", false},
		{"examples/basic", module + "/strategies", true},
		{"examples/basic", otel + "/exporters/stdout/stdoutmetric", true},
	} {
		rule, ok := ruleFor(c.dir)
		if got := allowed(c.imported, c.dir, rule); !ok || got != c.want {
			t.Errorf("%s may import %s: %v, want %v", c.dir, c.imported, got, c.want)
		}
	}
}

// sources is every Go file of every module, whatever its build tags, by its path
// from the root.
func sources(t *testing.T) map[string]*ast.File {
	t.Helper()
	files := make(map[string]*ast.File)
	for _, dir := range allModules(t) {
		for name := range moduleFiles(t, dir) {
			name = path.Join(dir, name)
			if path.Ext(name) != ".go" || strings.Contains(name, "testdata/") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.ImportsOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			files[name] = file
		}
	}
	if len(files) < 10 {
		t.Fatalf("only %d Go files found: %v", len(files), slices.Sorted(maps.Keys(files)))
	}
	return files
}

// root is the module's directory, seen from this test's.
const root = "../.."

// rootFiles are those of the root module.
func rootFiles(t *testing.T) map[string]fs.FileInfo {
	t.Helper()
	return moduleFiles(t, ".")
}

// notOurs are directories of what is stored or made beside our files.
var notOurs = []string{".git", "vendor", "node_modules"}

// moduleFiles is what go mod download would pack of the module in a directory:
// every regular file but those of nested modules and of directories that are not
// ours, by its path from there. Found by walking, so that nothing depends on the state of git.
func moduleFiles(t *testing.T, dir string) map[string]fs.FileInfo {
	t.Helper()
	files := make(map[string]fs.FileInfo)
	err := fs.WalkDir(os.DirFS(filepath.Join(root, dir)), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." {
			if _, err := os.Stat(filepath.Join(root, dir, name, "go.mod")); err == nil || slices.Contains(notOurs, d.Name()) {
				return fs.SkipDir
			}
		}
		if d.Type().IsRegular() {
			if files[name], err = d.Info(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
