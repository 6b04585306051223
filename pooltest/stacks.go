package pooltest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

// watched is what a test watches: the objects of its pools that were out before, and
// where others were taken since, as far as the garbage collector took them meanwhile.
type watched struct {
	family *family
	before map[*pool.Entry]out
	since  time.Time
	remove []func()

	mu   sync.Mutex
	lost []pool.Misuse
}

// watch begins to watch, for the test whose goroutine calls it.
func watch(t testing.TB, registries []*pool.Registry) *watched {
	w := &watched{before: make(map[*pool.Entry]out)}
	for _, r := range registries {
		for _, e := range r.All() {
			w.before[e] = outOf(e)
		}
		w.remove = append(w.remove, r.OnMisuse(w.note))
	}
	w.since = time.Now()
	w.family = join(t, registries)
	return w
}

func (w *watched) note(m pool.Misuse) {
	if m.Kind == pool.MisuseLost {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.lost = append(w.lost, m)
	}
}

func (w *watched) stop() {
	for _, remove := range w.remove {
		remove()
	}
}

// hint is for pools that sample.
const hint = "\nTo see where, run go test -tags otelpool_debug, or set Safety: strategies.SafetyStrict in the pool's config."

// where lists the stacks that took the test's missing objects, as far as they are known.
func (w *watched) where(l leak) string {
	if !l.looks && !l.shared { // those of a shared pool are ours by its samples
		return ""
	}
	taken := map[string]int64{} // by stack
	l.entry.Samples(func(s control.Sample) bool {
		ours, _ := w.family.has(s.Tree)
		if !s.Taken.Before(w.since) && (ours || !l.shared) {
			taken[pool.Stack(s.Get).String()]++
		}
		return true
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range w.lost {
		if m.Pool == l.entry.Name() && !l.shared {
			taken[m.Get.String()]++
		}
	}
	return listed(taken, l.ours)
}

func listed(taken map[string]int64, missing int64) string {
	var text strings.Builder
	stacks := slices.SortedFunc(maps.Keys(taken), func(a, b string) int {
		return cmp.Or(cmp.Compare(taken[b], taken[a]), cmp.Compare(a, b))
	})
	known := int64(0)
	for _, s := range stacks {
		fmt.Fprintf(&text, "\n%d taken by\n%s", taken[s], s)
		known += taken[s]
	}
	if known < missing {
		text.WriteString(hint)
	}
	return text.String()
}
