package poolconfig_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/poolconfig"
)

// watched is a configuration of a file that is watched until the test ends, and
// what is reported.
func watched(t *testing.T, file string) (*pool.Registry, <-chan error) {
	t.Helper()
	r := new(pool.Registry)
	c, err := poolconfig.Load(poolconfig.Options{File: file, Registry: r, Environ: []string{}})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	reports, done := make(chan error, 100), make(chan struct{})
	go func() {
		defer close(done)
		c.Watch(ctx, func(err error) { reports <- err })
	}()
	t.Cleanup(func() { cancel(); <-done })
	return r, reports
}

func put(t *testing.T, file, document string) {
	t.Helper()
	must(t, os.WriteFile(file, []byte(document), 0o644))
}

// becomes waits for a budget to be in force.
func becomes(t *testing.T, r *pool.Registry, budget int64) {
	t.Helper()
	eventually(t, func() string {
		if r.Budget().Limit() != budget {
			return "the budget is another"
		}
		return ""
	})
}

func TestWatchSeesAFileThatIsWrittenAndOneThatIsReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "pools.yaml")
	put(t, file, "budget: 1MiB\n")
	r, reports := watched(t, file)
	put(t, file, "budget: 2MiB\n")
	becomes(t, r, 2<<20)
	put(t, file, "budget: lots\n")
	for {
		if err := <-reports; err != nil {
			want(t, "report", err, `poolconfig: pools.yaml:1: budget is "lots": `+sizeRemedy+", or unlimited")
			break
		}
	}
	want(t, "budget", r.Budget().Limit(), 2<<20)
	put(t, filepath.Join(dir, "new"), "budget: 3MiB\n")
	must(t, os.Rename(filepath.Join(dir, "new"), file))
	becomes(t, r, 3<<20)
}

const sizeRemedy = "use bytes or a size like 512KiB, 64MiB or 1.5GiB"

// Kubernetes mounts a ConfigMap as a link to ..data/pools.yaml, and ..data as a
// link that it replaces.
func TestWatchSeesAConfigMapThatIsReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	version := func(name, document string) {
		must(t, os.Mkdir(filepath.Join(dir, name), 0o755))
		put(t, filepath.Join(dir, name, "pools.yaml"), document)
		must(t, os.Symlink(name, filepath.Join(dir, "..tmp")))
		must(t, os.Rename(filepath.Join(dir, "..tmp"), filepath.Join(dir, "..data")))
	}
	version("..1", "budget: 1MiB\n")
	file := filepath.Join(dir, "pools.yaml")
	must(t, os.Symlink(filepath.Join("..data", "pools.yaml"), file))
	r, _ := watched(t, file)
	version("..2", "budget: 2MiB\n")
	becomes(t, r, 2<<20)
}

func TestWatchReportsAFileThatIsGoneAndKeepsWhatItSaid(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pools.yaml")
	put(t, file, "budget: 1MiB\n")
	r, reports := watched(t, file)
	must(t, os.Remove(file))
	if err := <-reports; err == nil || !strings.Contains(err.Error(), "poolconfig: the document: open ") {
		t.Error(err)
	}
	want(t, "budget", r.Budget().Limit(), 1<<20)
	put(t, file, "budget: 2MiB\n")
	becomes(t, r, 2<<20)
}

func TestWatchWithoutADocumentWaitsForTheEnd(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c, err := poolconfig.Load(poolconfig.Options{Environ: []string{}, Registry: new(pool.Registry)})
	must(t, err)
	cancel()
	c.Watch(ctx, nil)
	(*poolconfig.Config)(nil).Watch(ctx, nil)
}
