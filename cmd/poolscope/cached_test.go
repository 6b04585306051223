//go:build unix

package main

import (
	"archive/zip"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// files are those of a directory, by name.
type files map[string]string

func (f files) write(t *testing.T, dir string, mode os.FileMode) {
	t.Helper()
	for name, text := range f {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
}

// published is a module example.com/published with a program that uses a pool five times.
var published = files{
	"go.mod": "module example.com/published\n\ngo 1.26\n",
	"cmd/program/main.go": "package main\n\nimport \"sync\"\n\ntype object struct{}\n\n" +
		"var p = sync.Pool{New: func() any { return new(object) }}\n\n" +
		"func main() {\n\tfor range 5 {\n\t\tp.Put(p.Get())\n\t}\n}\n",
}

// published makes poolscope find the module at a proxy, and keep it in a cache, of the test's.
func (s *scoped) published(t *testing.T) (cache string) {
	t.Helper()
	const version = "v1.0.0"
	proxy, cache := t.TempDir(), t.TempDir()
	at := filepath.Join(proxy, "example.com/published/@v")
	files{
		"list": version + "\n", version + ".info": fmt.Sprintf(`{"Version": %q}`, version), version + ".mod": published["go.mod"],
	}.write(t, at, 0o644)
	f, err := os.Create(filepath.Join(at, version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	for name, text := range maps.All(published) {
		w, err := z.Create("example.com/published@" + version + "/" + name)
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	s.Env = append(s.Env, "GOPROXY=file://"+proxy, "GOMODCACHE="+cache, "GONOSUMDB=*", "GOSUMDB=off", "GOWORK=off", "GOFLAGS=-modcacherw")
	return cache
}

func (s *scoped) fiveGets(t *testing.T) {
	t.Helper()
	if gets, misses, puts, _ := s.row(t, "*main.object"); gets != 5 || misses != 1 || puts != 5 {
		t.Errorf("%d gets, %d misses, %d puts, want 5, 1, 5", gets, misses, puts)
	}
}

func TestAProgramWithAVersionIsBuiltFromACopy(t *testing.T) {
	t.Parallel()
	s := poolscope(t, "", "build", "example.com/published/cmd/program@v1.0.0")
	s.published(t)
	s.Dir = t.TempDir()
	s.code(t, 0)
	program := command(t, filepath.Join(s.Dir, "program"))
	if out, err := program.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s.fiveGets(t)
}

// A program of a module that go.mod requires lies in the cache, too.
func TestADependencysProgramIsBuiltFromACopy(t *testing.T) {
	t.Parallel()
	s := poolscope(t, "", "run", "example.com/published/cmd/program")
	s.published(t)
	s.Dir = t.TempDir()
	files{
		"go.mod":  "module example.com/user\n\ngo 1.26\n\nrequire example.com/published v1.0.0\n",
		"tool.go": "//go:build tools\n\npackage user\n\nimport _ \"example.com/published/cmd/program\"\n",
	}.write(t, s.Dir, 0o644)
	tidy := command(t, "go", "mod", "tidy")
	tidy.Dir, tidy.Env = s.Dir, s.Env
	if out, err := tidy.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	before := tree(t, s.Dir)
	s.code(t, 0)
	s.fiveGets(t)
	if after := tree(t, s.Dir); after != before {
		t.Errorf("the module's directory was\n%s\nand is\n%s", before, after)
	}
}

func TestAProgramIsRunInsideTheModuleCache(t *testing.T) {
	t.Parallel()
	s := poolscope(t, "", "run", ".")
	cache := s.published(t)
	download := command(t, "go", "mod", "download", "example.com/published@v1.0.0")
	download.Dir, download.Env = t.TempDir(), s.Env
	if out, err := download.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s.Dir = filepath.Join(cache, "example.com/published@v1.0.0/cmd/program")
	s.code(t, 0)
	s.fiveGets(t)
}

func TestADependencyInAWorkspaceIsRefused(t *testing.T) {
	t.Parallel()
	env := &toolchain{GOWORK: "/somewhere/go.work"}
	err := (&options{}).replace(env, "example.com/published", "", "")
	if err == nil || !strings.Contains(err.Error(), "set GOWORK=off") {
		t.Errorf("%v, want advice to set GOWORK=off", err)
	}
}
