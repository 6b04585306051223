package strategies_test

import (
	"strings"
	"sync"

	"github.com/otelpool/pool"
)

// reports is what observers of a registry were told.
type reports struct {
	mu  sync.Mutex
	all []pool.Misuse
}

func observe(r *pool.Registry) *reports {
	var got reports
	r.OnMisuse(func(m pool.Misuse) {
		got.mu.Lock()
		defer got.mu.Unlock()
		got.all = append(got.all, m)
	})
	return &got
}

// of is what was told of a kind.
func (r *reports) of(kind pool.MisuseKind) []pool.Misuse {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []pool.Misuse
	for _, m := range r.all {
		if m.Kind == kind {
			out = append(out, m)
		}
	}
	return out
}

// begins reports whether a stack begins in the named function of this package.
func begins(s pool.Stack, function string) bool {
	frames := s.Frames()
	return len(frames) > 0 && strings.HasSuffix(frames[0].Function, "."+function) &&
		strings.HasSuffix(frames[0].File, "_test.go") && frames[0].Line > 0
}
