package poolz

import (
	"strings"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
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
	searched        string // label and strategy in lower case, for the filter
	entry           *pool.Entry
	stats           pool.Stats // the latest, without Classes
	marks           []mark     // gravest first
	mode            control.Mode
	switchable      bool
	waiting         time.Time // since when it has not answered; zero if it has
	recent          window    // rates of the last recentWindow
	watched         bool      // for long enough that others have rates
	ring            *[history]point
	first, last     uint64 // samples of which the ring has points; none if ring is nil
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
	t.stats, t.mode, t.switchable, t.waiting = a.stats, a.mode, a.switchable, a.waiting
	if t.stats.Failed {
		t.stats.Strategy, t.ring, t.past = before.Strategy, nil, past{}
	}
	if first {
		t.searched = strings.ToLower(t.label + "\n" + t.stats.Strategy)
	}
	switch {
	case t.stats.Failed:
		return
	case first:
		t.past.take(&t.stats, now)
		return
	}
	if t.ring == nil {
		t.ring, t.first = new([history]point), seq
	}
	t.last = seq
	t.ring[seq%history] = t.since(&before.Counts, seconds)
	t.past.take(&t.stats, now)
}

func (t *track) since(before *pool.Counts, seconds float64) point {
	d := t.stats.Counts
	d.Sub(before)
	rate := func(n uint64) float32 { return float32(float64(n) / seconds) }
	return point{
		hits:    rate(d.Requests[hit]),
		misses:  rate(d.Requests[miss]),
		other:   rate(d.Gets() - d.Requests[hit] - d.Requests[miss]),
		puts:    rate(d.Puts() - d.Returns[pool.NilReturn]),
		dropped: rate(d.Dropped()),
		evicted: rate(d.Evicted()),
		idle:    float32(d.Idle),
		held:    float32(d.IdleBytes),
		inUse:   float32(t.stats.InUse),
	}
}

// points is the number of samples.
func (t *track) points() int {
	if t.ring == nil {
		return 0
	}
	return int(min(t.last-t.first+1, history))
}

// at is the sample i, from the oldest, 0, on.
func (t *track) at(i int) *point {
	return &t.ring[(t.last-uint64(t.points()-1-i))%history]
}

// window has averages per second over a time.
type window struct {
	seconds                                     float64 // 0: nothing is known
	hits, misses, other, puts, dropped, evicted float64
}

func (w *window) served() float64   { return w.hits + w.misses }
func (w *window) requests() float64 { return w.served() + w.other }

// over averages the samples of the given time, or as many of them as there are.
func (t *track) over(d time.Duration, c *clock) (w window) {
	for i := t.points() - 1; i >= 0 && w.seconds < d.Seconds()-0.5; i-- {
		p, dt := t.at(i), c.lasted(t.last-uint64(t.points()-1-i))
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

// figure is a rate, or the total where nobody has watched yet. It is unknown
// for a pool that can produce none of the counts, and as a rate for a new pool.
func (t *track) figure(of pool.Set, perSecond float64, total uint64) figure[rate] {
	if t.recent.seconds > 0 {
		return known(of != 0, rate(perSecond))
	}
	return known(of != 0 && !t.watched, rate(total))
}

// hitRatio is the recent hit ratio if there were requests, else the one of all
// time; above 1 without any request.
func (t *track) hitRatio() float64 {
	switch {
	case t.recent.served() > 0:
		return t.recent.hits / t.recent.served()
	case t.stats.Requests[hit]+t.stats.Requests[miss] > 0:
		return t.stats.HitRatio()
	}
	return 2
}
