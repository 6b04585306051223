package safety

import (
	"strings"

	"github.com/otelpool/pool"
)

// maxTold bounds the places that a pool remembers having told of; others are
// counted only.
const maxTold = 1000

// found counts misuse and tells of it, or panics where that was asked for: at
// what makes other code go wrong, and not at the others. What is
// wrong was done at late, if that is known.
func (w *Watch) found(kind pool.MisuseKind, s *StandIn, late *trace) {
	w.counts[kind].Add(1) // first, so that an observer who asks for the count finds it there
	panics := w.Panics && kind != pool.MisuseLost && kind != pool.MisuseForeign && kind != pool.MisuseConfig
	if !panics && !w.Registry.ObservesMisuse() {
		return
	}
	m := s.misuse(kind)
	m.Pool, m.Late = w.name, late.stack()
	if w.news(m) { // without the lock: an observer may use the pool
		w.Registry.ObserveMisuse(m)
	}
	if panics {
		panic(m.String())
	}
}

// news tells whether nobody was told of misuse of the kind at its place. A mistake in a loop is one
// mistake: the counter says how often, and a log that repeats it would hide the next.
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

// seldom is how many there are of what may be frequent to one whose origin is looked
// for, after the first.
const seldom = 127

// Foreign is told of a buffer, or object, that nobody knows. It does nothing if w
// is nil. It may be called for every Put, by a program that pools buffers of its own.
func (w *Watch) Foreign(size int) {
	if w != nil {
		w.frequent(pool.MisuseForeign, &StandIn{size: size})
	}
}

// Misconfigured is told what is wrong with the pool's config, where it shows. It does
// nothing if w is nil.
func (w *Watch) Misconfigured(detail string) {
	if w != nil {
		w.frequent(pool.MisuseConfig, &StandIn{detail: detail})
	}
}

// frequent is found for what costs nothing to find. To find where it comes from costs a stack, which
// one in seldom pays for. The counter is read and then added to: of two that come together both may
// look, or neither until the next turn.
func (w *Watch) frequent(kind pool.MisuseKind, s *StandIn) {
	if !w.Strict && w.counts[kind].Load()%seldom != 0 {
		w.counts[kind].Add(1)
		return
	}
	late := new(trace)
	late.capture()
	w.found(kind, s, late)
}
