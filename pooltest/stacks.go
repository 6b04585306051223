package pooltest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

// watched records where objects were taken since a time: those still in use, and
// those that the garbage collector took meanwhile.
type watched struct {
	since  time.Time
	remove []func()

	mu   sync.Mutex
	lost []pool.Misuse
}

func watch(registries []*pool.Registry) *watched {
	w := &watched{since: time.Now()}
	for _, r := range registries {
		w.remove = append(w.remove, r.OnMisuse(w.note))
	}
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

// where lists the stacks that took the missing objects, as far as they are known.
func (w *watched) where(l leak) string {
	if !l.looks {
		return ""
	}
	taken := map[string]int64{} // by stack
	l.entry.Samples(func(s control.Sample) bool {
		if !s.Taken.Before(w.since) {
			taken[pool.Stack(s.Get).String()]++
		}
		return true
	})
	w.addLost(taken, l.entry.Name())
	return listed(taken, l.objects)
}

// addLost counts the objects of a pool that the garbage collector took.
func (w *watched) addLost(taken map[string]int64, name string) {
	for _, m := range w.lostSoFar() {
		if m.Pool == name {
			taken[m.Get.String()]++
		}
	}
}

func (w *watched) lostSoFar() []pool.Misuse {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.lost)
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
