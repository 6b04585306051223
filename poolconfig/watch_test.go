package poolconfig_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/poolconfig"
)

// watching is a configuration of a file that is watched until the test ends.
type watching struct {
	*testing.T
	registry *pool.Registry
	reports  chan error
}

func watch(t *testing.T, file string) *watching {
	t.Helper()
	w := &watching{t, new(pool.Registry), make(chan error, 1000)}
	c, err := poolconfig.Load(poolconfig.Options{File: file, Registry: w.registry, Environ: []string{}})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Watch(ctx, func(err error) { w.reports <- err })
	}()
	t.Cleanup(func() { cancel(); <-done })
	return w
}

// looks waits for so many looks at the document.
func looks(n int) {
	time.Sleep(time.Duration(n) * time.Second)
	synctest.Wait()
}

// becomes lets Watch look twice, and then the budget must be so many MiB, with
// one report of the reload.
func (w *watching) becomes(budget int64) {
	w.Helper()
	looks(2)
	w.stays(budget)
	if len(w.reports) != 1 {
		w.Errorf("%d reports, want 1", len(w.reports))
	}
	for len(w.reports) > 0 {
		must(w.T, <-w.reports)
	}
}

func (w *watching) stays(budget int64) {
	w.Helper()
	want(w.T, "budget in MiB", w.registry.Budget().Limit()>>20, budget)
}

// complains lets Watch look twice, and takes its one report.
func (w *watching) complains(budget int64, text string) {
	w.Helper()
	looks(2)
	w.stays(budget)
	if len(w.reports) != 1 {
		w.Fatalf("%d reports, want 1", len(w.reports))
	}
	if err := <-w.reports; err == nil || !strings.Contains(err.Error(), text) {
		w.Errorf("%v: want %s", err, text)
	}
}

func put(t *testing.T, file, document string) {
	t.Helper()
	must(t, os.WriteFile(file, []byte(document), 0o644))
}

func link(t *testing.T, to, name string) {
	t.Helper()
	must(t, os.Symlink(to, name+".new"))
	must(t, os.Rename(name+".new", name))
}

// bubble runs a test on real files and a clock of its own, so that it need not
// wait for looks.
func bubble(t *testing.T, test func(t *testing.T, dir string)) {
	t.Helper()
	t.Parallel()
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt) // or os/signal's own goroutine would begin in the bubble and never end
	signal.Stop(c)
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) { test(t, dir) })
}

func TestWatchSeesWhatEditorsDo(t *testing.T) {
	bubble(t, func(t *testing.T, dir string) {
		file := filepath.Join(dir, "pools.yaml")
		put(t, file, "budget: 1MiB\n")
		w := watch(t, file)
		put(t, file, "budget: 2MiB\n") // in place
		w.becomes(2)
		put(t, file+"~", "budget: 3MiB\n") // replaced
		must(t, os.Rename(file+"~", file))
		w.becomes(3)
		must(t, os.Rename(file, file+"~")) // moved away, and written anew
		put(t, file, "budget: 4MiB\n")
		w.becomes(4)
		must(t, os.Truncate(file, 0)) // cut, and written later
		w.complains(4, "the document is empty: write {}")
		put(t, file, "budget: 5MiB\n")
		w.becomes(5)
		put(t, file, "budget: lots\n")
		w.complains(5, `poolconfig: pools.yaml:1: budget is "lots": use bytes`)
		looks(10)
		want(t, "reports of what did not change", len(w.reports), 0)
	})
}

// The begin of a number is a number too.
func TestWatchDoesNotReadADocumentThatIsBeingWritten(t *testing.T) {
	bubble(t, func(t *testing.T, dir string) {
		file := filepath.Join(dir, "pools.yaml")
		put(t, file, "budget: 1MiB\n")
		w := watch(t, file)
		for _, part := range []string{"budget: 8", "budget: 800", "budget: 8000MiB\npools: {", "budget: 8000MiB\npools: {}\n"} {
			put(t, file, part)
			looks(1)
			w.stays(1)
		}
		looks(1)
		w.stays(8000)
		want(t, "reports", len(w.reports), 1)
	})
}

func TestWatchReadsADocumentThatIsWrittenWithoutEnd(t *testing.T) {
	bubble(t, func(t *testing.T, dir string) {
		file := filepath.Join(dir, "pools.yaml")
		put(t, file, "budget: 1MiB\n")
		w := watch(t, file)
		time.Sleep(time.Millisecond) // no look meets a write
		for i := range 300 {         // 6 s
			put(t, file, fmt.Sprintf("budget: 2MiB # %d\n", i))
			time.Sleep(20 * time.Millisecond)
		}
		w.stays(2)
	})
}

func TestOtherFilesInTheDirectoryDoNotDeferAReload(t *testing.T) {
	bubble(t, func(t *testing.T, dir string) {
		file := filepath.Join(dir, "pools.yaml")
		put(t, file, "budget: 1MiB\n")
		w := watch(t, file)
		put(t, file, "budget: 2MiB\n")
		for i := range 110 { // 2.2 s
			put(t, filepath.Join(dir, "log"), fmt.Sprint(i))
			time.Sleep(20 * time.Millisecond)
		}
		w.stays(2)
		want(t, "reports", len(w.reports), 1)
	})
}

// Kubernetes mounts a ConfigMap as links into ..data, a link that it replaces.
func version(t *testing.T, mount, name, document string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Join(mount, name), 0o755))
	put(t, filepath.Join(mount, name, "pools.yaml"), document)
	link(t, name, filepath.Join(mount, "..data"))
}

func TestWatchFollowsEveryLinkOnTheWayToAConfigMap(t *testing.T) {
	bubble(t, func(t *testing.T, dir string) {
		mount, app := filepath.Join(dir, "mount"), filepath.Join(dir, "app")
		version(t, mount, "..1", "budget: 1MiB\n")
		link(t, filepath.Join("..data", "pools.yaml"), filepath.Join(mount, "pools.yaml"))
		must(t, os.Mkdir(app, 0o755))
		link(t, filepath.Join("..", "mount", "pools.yaml"), filepath.Join(app, "pools.yaml"))
		direct, linked := watch(t, filepath.Join(mount, "pools.yaml")), watch(t, filepath.Join(app, "pools.yaml"))
		for i := range int64(3) {
			version(t, mount, fmt.Sprint("..", i+2), fmt.Sprintf("budget: %dMiB\n", i+2))
			must(t, os.RemoveAll(filepath.Join(mount, fmt.Sprint("..", i+1))))
			linked.becomes(i + 2)
			direct.stays(i + 2)
		}
	})
}

func TestWatchGoesOnWhenDirectoriesAreReplaced(t *testing.T) {
	bubble(t, func(t *testing.T, dir string) {
		release := func(name, document string) {
			must(t, os.MkdirAll(filepath.Join(dir, name), 0o755))
			put(t, filepath.Join(dir, name, "pools.yaml"), document)
		}
		release("v1", "budget: 1MiB\n")
		release("v2", "budget: 2MiB\n")
		current := filepath.Join(dir, "current")
		link(t, "v1", current)
		w := watch(t, filepath.Join(current, "pools.yaml"))
		link(t, "v2", current)
		w.becomes(2)
		must(t, os.RemoveAll(filepath.Join(dir, "v2")))
		w.complains(2, "poolconfig: the document: open ")
		looks(10)
		want(t, "reports of what did not change", len(w.reports), 0)
		release("v2", "budget: 3MiB\n")
		w.becomes(3)
		must(t, os.Rename(filepath.Join(dir, "v2"), filepath.Join(dir, "old")))
		release("v2", "budget: 4MiB\n")
		w.becomes(4)
		put(t, filepath.Join(dir, "old", "pools.yaml"), "budget: 9MiB\n")
		looks(2)
		w.stays(4)
	})
}

func TestWatchSeesWhatChangedBeforeItBegan(t *testing.T) {
	bubble(t, func(t *testing.T, dir string) {
		file := filepath.Join(dir, "pools.yaml")
		put(t, file, "budget: 1MiB\n")
		w := &watching{t, new(pool.Registry), make(chan error, 10)}
		c, err := poolconfig.Load(poolconfig.Options{File: file, Registry: w.registry, Environ: []string{}})
		must(t, err)
		put(t, file, "budget: 2MiB\n")
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		c.Watch(ctx, func(err error) { w.reports <- err })
		w.stays(2)
		want(t, "reports", len(w.reports), 1)
	})
}

// What Watch took for in force, Reload has replaced: it must be seen again.
func TestWatchSeesADocumentThatGoesBackAfterAReload(t *testing.T) {
	bubble(t, func(t *testing.T, dir string) {
		file := filepath.Join(dir, "pools.yaml")
		put(t, file, "budget: 1MiB\n")
		r := new(pool.Registry)
		c, err := poolconfig.Load(poolconfig.Options{File: file, Registry: r, Environ: []string{}})
		must(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); c.Watch(ctx, nil) }()
		looks(2)
		put(t, file, "budget: 2MiB\n")
		must(t, c.Reload())
		put(t, file, "budget: 1MiB\n")
		looks(2)
		want(t, "budget", r.Budget().Limit(), 1<<20)
		cancel()
		<-done
	})
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
