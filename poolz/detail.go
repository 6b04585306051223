package poolz

import (
	"slices"
	"time"

	"github.com/otelpool/pool"
)

// detail is the one pool that a viewer looks at. A viewer keeps it from one frame to the
// next, for rates by reason and class.
type detail struct {
	*particulars           // nil before follow if it did not answer
	since        time.Time // when it was asked, then
	past         past
}

// follow takes over the pool's answer.
func (d *detail) follow(t *track, now time.Time) {
	if d.particulars == nil {
		d.particulars = &particulars{stats: t.stats}
	}
	if d.stats.Failed {
		d.past.older.at = time.Time{} // what comes after is compared with nothing
	}
	d.past.take(&d.stats, now)
}

// past has two earlier answers of a pool. They take turns, so that the older one is once
// and up to twice reasonWindow old.
type past struct{ older, newer snapshot }

type snapshot struct {
	at    time.Time
	stats pool.Stats
}

func (p *past) take(stats *pool.Stats, now time.Time) {
	if p.older.at.IsZero() || !sameClasses(p.older.stats.Classes, stats.Classes) {
		p.older.take(stats, now)
		p.newer.take(stats, now)
	}
	if now.Sub(p.newer.at) >= reasonWindow {
		p.older, p.newer = p.newer, p.older
		p.newer.take(stats, now)
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

// lately is the counts since the older answer, and the time since: 0 at first.
func (p *past) lately(stats *pool.Stats, now time.Time) (pool.Stats, time.Duration) {
	s := *stats
	s.Classes = slices.Clone(stats.Classes)
	s.Sub(&p.older.stats)
	return s, now.Sub(p.older.at)
}
