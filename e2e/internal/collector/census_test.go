package collector_test

import (
	"encoding/json"
	"flag"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/otelpool/pool/e2e/internal/built"
	"github.com/otelpool/pool/e2e/internal/collector"
)

var census = flag.Bool("census", false, "link the collector with a census of its sync.Pools, twice, for minutes")

// The collector knows nothing of us: an overlay adds the import, and one file of its own
// that serves the page, to its main package.
func TestNearlyAllSyncPoolsOfTheCollectorAreNamed(t *testing.T) {
	if !*census {
		t.Skip("make census: links the collector twice")
	}
	for name, ldflags := range map[string]string{"as built": "", "stripped": "-s -w"} {
		t.Run(name, func(t *testing.T) {
			page := startWithCensus(t, withCensus(t, ldflags))
			var named map[string]bool
			var others []string
			for end := time.Now().Add(2 * time.Minute); len(named) < 15 && time.Now().Before(end); {
				page.use(t)
				named, others = page.pools(t)
			}
			t.Logf("%d are named: %q", len(named), slices.Sorted(maps.Keys(named)))
			if len(named) < 15 || float64(len(others)) > 0.05*float64(len(named)+len(others)) {
				t.Errorf("less than 95 %% of 15 or more; these are not named: %q", others)
			}
		})
	}
}

// withCensus builds the collector with the library's packages that the census and the page
// need. They import the standard library only, so that no dependency of the collector's
// moves.
func withCensus(t *testing.T, ldflags string) string {
	t.Helper()
	source, err := built.RepoPath("e2e", "otelcol")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	copyLibrary(t, filepath.Join(dir, "pool"))
	mod := read(t, filepath.Join(source, "go.mod")) +
		"\nrequire github.com/otelpool/pool v0.0.0\n\nreplace github.com/otelpool/pool => " + filepath.Join(dir, "pool") + "\n"
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{
		filepath.Join(source, "zz_census.go"): filepath.Join(dir, "census.go"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"otelcol.mod": mod, "otelcol.sum": read(t, filepath.Join(source, "go.sum")), "overlay.json": string(overlay),
		"census.go": read(t, "testdata/census.go.txt"), "pool/go.mod": "module github.com/otelpool/pool\n\ngo 1.26\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	binary := filepath.Join(dir, "otelcol")
	run(t, source, "build", "-buildvcs=false", "-ldflags="+ldflags, "-modfile="+filepath.Join(dir, "otelcol.mod"),
		"-overlay="+filepath.Join(dir, "overlay.json"), "-o", binary, ".")
	return binary
}

// copyLibrary copies what the census and the page need.
func copyLibrary(t *testing.T, to string) {
	t.Helper()
	workspace, err := built.RepoPath("go.work")
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Dir(workspace)
	list := run(t, root, "list", "-deps", "-f", "{{if not .Standard}}{{.Dir}}{{end}}", "./syncpools/auto", "./poolz")
	for dir := range strings.FieldsSeq(list) {
		rel, err := filepath.Rel(root, dir)
		if err != nil {
			t.Fatal(err)
		}
		if rel != "." {
			if err := os.CopyFS(filepath.Join(to, rel), os.DirFS(dir)); err != nil && !os.IsExist(err) {
				t.Fatal(err)
			}
		}
	}
	files, err := filepath.Glob(filepath.Join(root, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if err := os.WriteFile(filepath.Join(to, filepath.Base(file)), []byte(read(t, file)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %q: %v\n%s", args, err, &complaints)
	}
	return string(out)
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// censused is a collector with a page.
type censused struct {
	*collector.Collector
	page string
}

func startWithCensus(t *testing.T, binary string) censused {
	t.Helper()
	address := filepath.Join(t.TempDir(), "address")
	c, err := collector.Start(t.Context(), collector.Options{Binary: binary, Env: []string{"CENSUS_ADDRESS=" + address}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Stop() })
	return censused{c, "http://" + read(t, address)}
}

func (c censused) use(t *testing.T) {
	for range 20 {
		post(t, c.Collector, request("e2e"))
	}
	if _, err := c.Scrape(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// pools splits the pools by whether they have the name of a variable, of a function or
// of a package's type, which leads to the pool.
func (c censused) pools(t *testing.T) (named map[string]bool, others []string) {
	t.Helper()
	unknown, err := strconv.Atoi(c.ask(t, "/unknown"))
	if err != nil {
		t.Fatal(err)
	}
	others = slices.Repeat([]string{"one that cannot be told"}, unknown)
	var report struct {
		Pools []struct{ Name, Strategy string }
	}
	if err := json.Unmarshal([]byte(c.ask(t, "/?format=json")), &report); err != nil {
		t.Fatal(err)
	}
	named = make(map[string]bool)
	for _, p := range report.Pools {
		switch name, isOne := strings.CutPrefix(p.Name, "sync.Pool "); {
		case !isOne || p.Strategy != "sync.Pool":
		case strings.HasPrefix(name, "of ") && !strings.Contains(name, "."):
			others = append(others, name)
		default:
			named[name] = true
		}
	}
	return named, others
}

func (c censused) ask(t *testing.T, path string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.page+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
