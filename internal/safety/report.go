package safety

import (
	"strings"

	"github.com/otelpool/pool"
)

// maxTold bounds the places that a pool remembers having reported; others are only
// counted.
const maxTold = 1000

// found counts misuse and reports it, or panics if the config says so and the kind
// harms other code. late is the place of the mistake, if that is known.
func (w *Watch) found(kind pool.MisuseKind, s *StandIn, late *trace) {
	harms := kind != pool.MisuseLost && kind != pool.MisuseForeign && kind != pool.MisuseConfig
	w.report(kind, s, late, w.Panics && harms)
}

// report is found that panics as it is told.
func (w *Watch) report(kind pool.MisuseKind, s *StandIn, late *trace, panics bool) {
	w.counts[kind].Add(1) // first, so that an observer that reads the count finds it there
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

// news reports whether misuse of this kind at this place is reported for the first
// time. A mistake in a loop is one mistake: the counter says how often, and a log
// that repeats it would hide the next.
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

// seldom is the number of frequent cases per case whose stack is taken, after the
// first.
const seldom = 127

// Foreign reports a buffer or object that the pool does not know. It does nothing
// if w is nil. A program that puts buffers of its own may call it for every Put.
func (w *Watch) Foreign(size int) {
	if w != nil {
		w.frequent(pool.MisuseForeign, &StandIn{size: size})
	}
}

// Misconfigured reports a mistake in the pool's config that shows only now. It does
// nothing if w is nil.
func (w *Watch) Misconfigured(detail string) {
	if w != nil {
		w.frequent(pool.MisuseConfig, &StandIn{detail: detail})
	}
}

// frequent is found for mistakes that cost nothing to find. Finding their place
// costs a stack, so it takes one for one in seldom. It reads the counter and then
// adds to it: if two come at the same time, both may take a stack, or neither until
// the next turn.
func (w *Watch) frequent(kind pool.MisuseKind, s *StandIn) {
	if !w.Strict && w.counts[kind].Load()%seldom != 0 {
		w.counts[kind].Add(1)
		return
	}
	late := new(trace)
	late.capture()
	w.found(kind, s, late)
}
