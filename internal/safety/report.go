package safety

import (
	"strings"

	"github.com/otelpool/pool"
)

// maxTold bounds the places that a pool remembers having told of; others are
// counted only.
const maxTold = 1000

// found counts misuse and tells of it, or panics where that was asked for: at
// what makes other code go wrong, and not at what is lost or foreign. What is
// wrong was done at late, if that is known.
func (w *Watch) found(kind pool.MisuseKind, s *StandIn, late *trace) {
	w.counts[kind].Add(1)
	panics := w.Panics && kind != pool.MisuseLost && kind != pool.MisuseForeign
	if !panics && !w.Registry.ObservesMisuse() {
		return
	}
	m := s.misuse(kind)
	m.Pool, m.Late = w.name, late.stack()
	if w.news(m) {
		w.Registry.ObserveMisuse(m)
	}
	if panics {
		panic(m.String())
	}
}

// news tells whether nobody was told of misuse of the kind at its place.
func (w *Watch) news(m pool.Misuse) bool {
	key := strings.Join([]string{m.Kind.String(), m.Culprit().Site()}, " ")
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, told := w.told[key]; told || len(w.told) >= maxTold {
		return false
	}
	if w.told == nil {
		w.told = make(map[string]struct{})
	}
	w.told[key] = struct{}{}
	return true
}

// foreignEvery is how many foreign buffers there are to one whose origin is
// looked for, after the first.
const foreignEvery = 127

// Foreign is told of a buffer, or object, that nobody knows. It does nothing if w
// is nil.
func (w *Watch) Foreign(size int) {
	if w == nil {
		return
	}
	if !w.Strict && w.counts[pool.MisuseForeign].Load()%foreignEvery != 0 {
		w.counts[pool.MisuseForeign].Add(1)
		return
	}
	late := new(trace)
	late.capture()
	w.found(pool.MisuseForeign, &StandIn{size: size}, late)
}
