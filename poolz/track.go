package poolz

import (
	"slices"
	"time"

	"github.com/otelpool/pool"
)

const (
	hit  = pool.Hit
	miss = pool.Miss

	// history is the number of samples kept of a pool: two minutes, enough to
	// tell a leak from a burst and to draw.
	history = 120

	// recentWindow is the time over which rates are averaged: long enough to
	// read, short enough to follow.
	recentWindow = 10 * time.Second

	// reasonWindow is the least time over which counts by reason are compared. Two
	// snapshots take turns, so it is up to twice as long.
	reasonWindow = 15 * time.Second
)

// track is a pool with its recent past.
type track struct {
	name, label, id string
	entry           *pool.Entry
	answer                  // the latest
	marks           []mark  // gravest first
	recent          window  // rates of the last recentWindow
	watched         bool    // for long enough that others have rates
	points          []point // of the last samples, at most history, oldest first
	last            uint64  // the sample of the latest point
	past            past
}

// point is what one sample saw. Counts are per second since the sample before;
// the 24 bits of a float32 are more than a chart shows.
type point struct {
	hits, misses, other, puts, dropped, evicted float32
	idle, held, inUse                           float32
}

func newTrack(e *pool.Entry) *track {
	name := e.Name()
	return &track{entry: e, name: name, label: label(name), id: identify(name)}
}

// sample takes over a pool's answer. It keeps a history only from a second
// sample on, so that a single look costs no more than it shows. An answer after
// a failure is compared with nothing, because it covers a longer time.
func (t *track) sample(seq uint64, now time.Time, seconds float64, a *answer) {
	before, first := t.stats, t.past.older.at.IsZero()
	t.answer = *a
	if t.stats.Failed {
		t.stats.Strategy, t.points, t.past = before.Strategy, nil, past{}
		return
	}
	if !first {
		if len(t.points) == history {
			t.points = slices.Delete(t.points, 0, 1)
		}
		t.last = seq
		t.points = append(t.points, t.since(&before.Counts, seconds))
	}
	t.past.take(&t.stats, now)
}

func (t *track) since(before *pool.Counts, seconds float64) point {
	d := t.stats.Counts
	d.Sub(before)
	w := windowOf(&d, seconds)
	return point{
		hits:    float32(w.hits),
		misses:  float32(w.misses),
		other:   float32(w.other),
		puts:    float32(w.puts),
		dropped: float32(w.dropped),
		evicted: float32(w.evicted),
		idle:    float32(d.Idle),
		held:    float32(d.IdleBytes),
		inUse:   float32(t.stats.InUse),
	}
}

// seq is the number in the clock of the sample of point i.
func (t *track) seq(i int) uint64 { return t.last - uint64(len(t.points)-1-i) }

// window has averages per second over a time.
type window struct {
	seconds                                     float64 // 0: nothing is known
	hits, misses, other, puts, dropped, evicted float64
}

// windowOf has what was counted in a time.
func windowOf(n *pool.Counts, seconds float64) window {
	per := func(n uint64) float64 { return float64(n) / seconds }
	return window{
		seconds: seconds,
		hits:    per(n.Requests[hit]),
		misses:  per(n.Requests[miss]),
		other:   per(n.Gets() - n.Requests[hit] - n.Requests[miss]),
		puts:    per(n.Puts() - n.Returns[pool.NilReturn]),
		dropped: per(n.Dropped()),
		evicted: per(n.Evicted()),
	}
}

func (w *window) served() float64   { return w.hits + w.misses }
func (w *window) requests() float64 { return w.served() + w.other }

// over averages the samples of the given time, or as many of them as there are.
func (t *track) over(d time.Duration, c *clock) (w window) {
	for i := len(t.points) - 1; i >= 0 && w.seconds < d.Seconds()-0.5; i-- {
		p, dt := &t.points[i], c.lasted(t.seq(i))
		w.seconds += dt
		w.hits += float64(p.hits) * dt
		w.misses += float64(p.misses) * dt
		w.other += float64(p.other) * dt
		w.puts += float64(p.puts) * dt
		w.dropped += float64(p.dropped) * dt
		w.evicted += float64(p.evicted) * dt
	}
	if w.seconds > 0 {
		for _, sum := range []*float64{&w.hits, &w.misses, &w.other, &w.puts, &w.dropped, &w.evicted} {
			*sum /= w.seconds
		}
	}
	return w
}

// hitRatio is the recent hit ratio if there were requests, else the one of all
// time.
func (t *track) hitRatio() figure[ratio] {
	if t.recent.served() > 0 {
		return known(t.pools(), ratio(t.recent.hits/t.recent.served()))
	}
	return t.everHit()
}

// everHit is the hit ratio of all time.
func (t *track) everHit() figure[ratio] {
	s := &t.stats
	return known(t.pools() && s.Requests[hit]+s.Requests[miss] > 0, ratio(s.HitRatio()))
}
