package poolz

import (
	"slices"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

// detail is what is read of the one pool that a viewer looks at: too much to
// read of all.
type detail struct {
	stats        pool.Stats // with Classes
	older, newer snapshot
	curve        control.Curve
	points       []sizePoint
	tunable      bool // the pool has a curve
	found        []finding
	holders      []holder
	sampler      bool // the pool samples, so that there may be holders
	described    string
}

// describer is a source that can say more of itself than its figures do:
// syncpools' rows, what is in a pool and where it was made.
type describer interface{ Describe() string }

type snapshot struct {
	at    time.Time
	stats pool.Stats
}

// read looks at the pool. A viewer keeps the detail from one frame to the next,
// for rates by reason and class.
func (d *detail) read(t *track, now time.Time) {
	if t.entry.Stats(&d.stats); d.stats.Failed {
		d.stats.Counts = t.stats.Counts
		d.older.at = time.Time{} // what comes after is compared with nothing
	}
	if d.older.at.IsZero() || !sameClasses(d.older.stats.Classes, d.stats.Classes) {
		d.older.take(&d.stats, now)
		d.newer.take(&d.stats, now)
	}
	if now.Sub(d.newer.at) >= reasonWindow {
		d.older, d.newer = d.newer, d.older
		d.newer.take(&d.stats, now)
	}
	d.points = nil
	var tunable control.Tunable
	if tunable, d.tunable = t.entry.Source().(control.Tunable); d.tunable {
		if t.entry.Guard("Curve", func() { tunable.Curve(&d.curve) }) {
			d.points = whatIf(&d.curve, &d.stats)
		}
	}
	d.described = ""
	if s, ok := t.entry.Source().(describer); ok {
		t.entry.Guard("Describe", func() { d.described = s.Describe() })
	}
	d.holders = nil
	if _, d.sampler = t.entry.Source().(control.Sampler); d.sampler {
		d.holders = holdersOf(t.entry, now) // which catches its panics
	}
}

// sameClasses is false when another pool has taken the name.
func sameClasses(a, b []pool.Class) bool {
	return slices.EqualFunc(a, b, func(a, b pool.Class) bool { return a.Size == b.Size })
}

func (s *snapshot) take(stats *pool.Stats, now time.Time) {
	classes := append(s.stats.Classes[:0], stats.Classes...)
	s.at, s.stats = now, *stats
	s.stats.Classes = classes
}

// lately is what happened since an earlier frame, and in how many seconds: none
// in the first.
func (d *detail) lately(now time.Time) (pool.Stats, float64) {
	s := d.stats
	s.Classes = slices.Clone(d.stats.Classes)
	s.Sub(&d.older.stats)
	return s, now.Sub(d.older.at).Seconds()
}
