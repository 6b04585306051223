package built_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/otelpool/pool/e2e/internal/built"
)

func TestBuildErrorCarriesTheGoToolsOutput(t *testing.T) {
	t.Parallel()
	err := built.Compile(t.Context(), module(t, "func main() { undefinedName() }"), filepath.Join(t.TempDir(), "b"))
	if err == nil || !strings.Contains(err.Error(), "undefined: undefinedName") {
		t.Errorf("error %v does not say what is wrong with the source", err)
	}
}

func TestConcurrentBuildsLeaveOneBinaryAndNothingElse(t *testing.T) {
	t.Parallel()
	source, cache := module(t, "func main() {}"), filepath.Join(t.TempDir(), "cache")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := built.Compile(t.Context(), source, filepath.Join(cache, "b")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	entries, err := os.ReadDir(cache)
	if err != nil || len(entries) != 1 || entries[0].Name() != "b" {
		t.Errorf("cache has %v, %v; want only b", entries, err)
	}
}

// module writes a main package that imports nothing, so that building it costs
// little more than the link.
func module(t *testing.T, body string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range map[string]string{
		"go.mod": "module m\n\ngo 1.26\n", "main.go": "package main\n\n" + body + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
