package poolz

import (
	"time"

	"github.com/otelpool/pool"
)

// row is a pool in a table, ready to print.
type row struct {
	ID, Label, Strategy, State, Why          string
	Requests, Hit, Misses                    string
	InUse, Held, Limit, Drops, Evictions     string
	HitBar, HeldBar                          int  // per cent, −1 without
	Missing, Dropping, Evicting, HasRequests bool // worth a colour
}

func (t *track) row() row {
	s, w, k := &t.stats, &t.recent, t.stats.Knows
	r := row{
		ID: t.id, Label: clip(t.label, 80), Strategy: s.Strategy, State: t.state().String(),
		Requests: t.rate(w.requests(), s.Gets()), Misses: unknown, Hit: unknown, HitBar: -1, HeldBar: -1,
		InUse: unknown, Held: unknown, Limit: unknown,
		Drops: t.rate(w.dropped, s.Dropped()), Evictions: unknown,
		Dropping:    w.dropped >= 0.05,
		Evicting:    w.evicted >= 0.05,
		HasRequests: w.requests() > 0,
	}
	if len(t.marks) > 0 {
		r.Why = t.marks[0].why
	}
	if k.Requests.Has(int(miss)) {
		r.Misses, r.Missing = t.rate(w.misses, s.Requests[miss]), w.misses >= 0.05
	}
	if ratio := t.hitRatio(); t.pools() && ratio <= 1 {
		r.Hit = percent(ratio)
		if !s.Closed {
			r.HitBar = int(ratio * 100)
		}
	}
	if k.Evictions != 0 {
		r.Evictions = t.rate(w.evicted, s.Evicted())
	}
	if !s.Closed {
		t.fillHeld(&r)
	}
	return r
}

func (t *track) fillHeld(r *row) {
	s, k := &t.stats, t.stats.Knows
	if k.Has(pool.KnowsInUse) {
		r.InUse = count(float64(s.InUse))
	}
	switch {
	case k.Has(pool.KnowsIdleBytes):
		r.Held = byteSize(s.IdleBytes)
	case k.Has(pool.KnowsIdle):
		r.Held = plural(uint64(max(s.Idle, 0)), "object")
	}
	switch {
	case k.Has(pool.KnowsLimit):
		r.Limit = byteSize(s.Limit)
		if s.Limit > 0 && k.Has(pool.KnowsIdleBytes) {
			r.HeldBar = int(min(100*float64(s.IdleBytes)/float64(s.Limit), 100))
		}
	case k.Has(pool.KnowsObjectLimit):
		r.Limit = plural(uint64(max(s.ObjectLimit, 0)), "object")
	}
}

// rate is per second where that is known, and the total elsewhere.
func (t *track) rate(rate float64, total uint64) string {
	if t.recent.seconds > 0 {
		return count(rate)
	}
	return count(float64(total))
}

func ratioText(part, whole float64) string {
	if whole <= 0 {
		return unknown
	}
	return percent(part / whole)
}

func ago(now, then time.Time) string {
	if then.IsZero() {
		return unknown
	}
	return duration(max(now.Sub(then), 0))
}

func agoText(now, then time.Time) string {
	if then.IsZero() {
		return "never"
	}
	return ago(now, then) + " ago"
}

// bar is a share drawn beside its figure; Width is per cent, −1 for none.
type bar struct {
	Color string
	Width int
}

func (r row) HitBarOf() bar  { return bar{"hit", r.HitBar} }
func (r row) HeldBarOf() bar { return bar{"held", r.HeldBar} }
