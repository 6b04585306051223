//go:build race

package raceghost_test

import (
	"maps"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"weak"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/otelpool"
	"github.com/otelpool/pool/pooltest"
	"github.com/otelpool/pool/strategies"
)

// seeded is the environment's name for a process that makes one mistake and is to fail.
const seeded = "OTELPOOL_TEST_SEEDED"

// TestSeeded is what the other tests run, as go test -race would, in a process each.
func TestSeeded(t *testing.T) {
	if os.Getenv(seeded) == "" {
		t.Skip("it fails on purpose, and is run by TestTheRaceDetectorSeesUseAfterPut")
	}
	wrapped := otelpool.Wrap(new(sync.Pool), "maps", otelpool.WithRegistry(new(pool.Registry)))
	for kind, p := range map[string]untyped{"wrap": wrapped, "plain": new(sync.Pool)} {
		t.Run("map/"+kind, func(*testing.T) { mapRead(p) })
	}
	for kind, open := range kinds {
		t.Run(kind, func(t *testing.T) {
			for name, mistake := range mistakes {
				t.Run(name, func(t *testing.T) { make1000(t, open(), mistake) })
			}
			t.Run("correct", func(*testing.T) { storm(open(), 50, 100) })
			t.Run("switched off", func(t *testing.T) {
				pooltest.RaceGhosts(false)
				make1000(t, open(), read)
			})
		})
	}
}

func make1000(t *testing.T, p pool.Bytes, mistake func(*testing.T, pool.Bytes, []byte)) {
	b := p.Get(1000)
	clear(b)
	mistake(t, p, b)
}

// cannot tells which mistakes a pool does not let anybody make.
func cannot(kind, mistake string) bool {
	whole := !slices.Contains([]string{"sizeclasses", "sampled", "strict", "clearing", "fixed", "values", "plain slices"}, kind)
	again := kind == "chunked" && (mistake == "double" || mistake == "double by two") // the slice finds that itself
	return mistake == "suffix" && whole || again                                      // an object cannot be put in part
}

func TestTheRaceDetectorSeesUseAfterPut(t *testing.T) {
	t.Parallel()
	table := slices.Sorted(maps.Keys(kinds))
	if testing.Short() {
		table = []string{"sampled", "wrap bytes.Buffer"}
	}
	for _, kind := range table {
		for name := range mistakes {
			if cannot(kind, name) {
				continue
			}
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				if report, err := haunted(t, kind, name); err == nil || !explains(report) {
					t.Errorf("%v; no report of the Put:\n%s", err, report)
				}
			})
		}
	}
}

// explains reports whether one of the reports has the ghost, with a name that says why, and
// the Put that made it, with its place.
func explains(output string) bool {
	for report := range strings.SplitSeq(output, "WARNING: DATA RACE") {
		if ghost.MatchString(report) {
			return true
		}
	}
	return false
}

var ghost = regexp.MustCompile(`(?s)write at 0x\w+ by goroutine \d+:\n.*\.memoryWasPutBackToItsPool\(\)\n` +
	`.*Goroutine \d+ \((finished|running)\) created at:\n.*raceghost_test\.giveBack(Again)?\(\)\n +\S+/mistakes_test.go:\d+ `)

func TestTheRaceDetectorSeesAMapAfterPut(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"wrap", "plain"} {
		_, checked := kinds[kind]
		if report, err := haunted(t, "map", kind); (err != nil && explains(report)) != checked {
			t.Errorf("%s: %v:\n%s", kind, err, report)
		}
	}
}

func TestCorrectCodeIsNotAccused(t *testing.T) {
	t.Parallel()
	for kind := range kinds {
		if report, err := haunted(t, kind, "correct"); err != nil {
			t.Errorf("%s: %v\n%s", kind, err, report)
		}
	}
}

// A million with the whole suite, which takes 5 s.
func TestAStormOf100GoroutinesIsNotAccused(t *testing.T) {
	each := 10_000
	if testing.Short() {
		each = 200
	}
	start := time.Now()
	storm(kinds["sampled"](), 100, each)
	t.Logf("%d pairs of Get and Put in %v", 100*each, time.Since(start))
}

func TestAGhostKeepsNothingAlive(t *testing.T) {
	t.Parallel()
	p := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Safety: strategies.SafetyOff}))
	b := p.Get(1000)
	memory := weak.Make(&b[0])
	p.Put(b)
	p.Close()
	for deadline := time.Now().Add(10 * time.Second); memory.Value() != nil; runtime.GC() {
		if time.Now().After(deadline) {
			t.Fatal("what was put, in a pool that was closed, is not collected")
		}
	}
}

func TestGhostsCanBeTurnedOff(t *testing.T) {
	t.Parallel()
	if report, err := haunted(t, "fixed", "switched off"); err != nil {
		t.Errorf("by RaceGhosts(false): %v\n%s", err, report)
	}
	for kind := range kinds {
		if report, err := haunted(t, kind, "read", "OTELPOOL_RACE_GHOSTS=off"); err != nil {
			t.Errorf("%s: by the environment: %v\n%s", kind, err, report)
		}
	}
}

// haunted runs a case of TestSeeded.
func haunted(t *testing.T, kind, name string, env ...string) (string, error) {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestSeeded$/^"+under(kind)+"$/^"+under(name)+"$")
	cmd.Env = append(append(os.Environ(), seeded+"=1", "GORACE=atexit_sleep_ms=0"), env...)
	out, err := cmd.CombinedOutput()
	if strings.Contains(string(out), "no tests to run") {
		t.Fatalf("there is no case %s, %s", kind, name)
	}
	return string(out), err
}

// under is a subtest's name as -test.run knows it.
func under(name string) string { return strings.ReplaceAll(name, " ", "_") }

// storm gets and puts from many goroutines that use what they get.
func storm(p pool.Bytes, goroutines, each int) {
	var all sync.WaitGroup
	for range goroutines {
		all.Go(func() {
			for range each {
				b := p.Get(1000)
				b[0]++
				b[len(b)-1]++
				p.Put(b)
			}
		})
	}
	all.Wait()
}
