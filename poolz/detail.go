package poolz

import (
	"slices"
	"time"

	"github.com/otelpool/pool"
)

// detail is the one pool that a viewer looks at, with earlier answers.
type detail struct {
	*particulars           // nil before take if it did not answer
	since        time.Time // when it was asked, then
	older, newer snapshot
	points       []sizePoint
	found        []finding
}

type snapshot struct {
	at    time.Time
	stats pool.Stats
}

// take compares the pool's answer with an earlier one. A viewer keeps the
// detail from one frame to the next, for rates by reason and class.
func (d *detail) take(t *track, now time.Time) {
	if d.particulars == nil {
		d.particulars = &particulars{stats: t.stats}
	}
	if d.stats.Failed {
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
	if d.curve != nil {
		d.points = whatIf(d.curve, &d.stats)
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

// lately is the counts since an earlier frame, and the seconds since: 0 in the
// first.
func (d *detail) lately(now time.Time) (pool.Stats, float64) {
	s := d.stats
	s.Classes = slices.Clone(d.stats.Classes)
	s.Sub(&d.older.stats)
	return s, now.Sub(d.older.at).Seconds()
}
