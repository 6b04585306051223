package pooltest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

// watched knows where objects were taken from the pools of registries since a
// time: what is still out, and what the garbage collector took in the meantime.
type watched struct {
	since  time.Time
	remove []func()

	mu   sync.Mutex
	lost []pool.Misuse
}

func watch(registries []*pool.Registry) *watched {
	w := &watched{since: time.Now()}
	for _, r := range registries {
		w.remove = append(w.remove, r.OnMisuse(func(m pool.Misuse) {
			if m.Kind == pool.MisuseLost {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.lost = append(w.lost, m)
			}
		}))
	}
	return w
}

func (w *watched) stop() {
	for _, remove := range w.remove {
		remove()
	}
}

// hint is for pools that look, but not at everything.
const hint = "\nTo see where: go test -tags otelpool_debug, or Safety: strategies.SafetyStrict in the pool's config."

// where says by which code what is missing was taken, as far as that is known.
func (w *watched) where(l leak) string {
	if !l.looks {
		return ""
	}
	taken := map[string]int64{} // by stack
	known := int64(0)
	note := func(s pool.Stack) {
		taken[s.String()]++
		known++
	}
	l.entry.Samples(func(s control.Sample) bool {
		if !s.Taken.Before(w.since) {
			note(s.Get)
		}
		return true
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range w.lost {
		if m.Pool == l.entry.Name() {
			note(m.Get)
		}
	}
	return listed(taken, known, l.objects)
}

func listed(taken map[string]int64, known, missing int64) string {
	var text strings.Builder
	stacks := make([]string, 0, len(taken))
	for s := range taken {
		stacks = append(stacks, s)
	}
	slices.SortFunc(stacks, func(a, b string) int {
		if n := taken[b] - taken[a]; n != 0 {
			return int(n)
		}
		return strings.Compare(a, b)
	})
	for _, s := range stacks {
		fmt.Fprintf(&text, "\n%d taken by\n%s", taken[s], s)
	}
	if known < missing {
		text.WriteString(hint)
	}
	return text.String()
}
