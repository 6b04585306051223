package magazine

import (
	"time"

	"github.com/otelpool/pool/internal/percpu"
)

const (
	// abandoned is the time after Age when a pool counts as having no controller.
	abandoned = 30 * time.Second
	// unattendedPause is the least time between two windows of a pool without one.
	unattendedPause = time.Second
)

// unattended ages the used pools that have no controller, after each garbage
// collection, because that is when their memory matters.
var unattended = percpu.Collected[Pool]{After: func(p *Pool) bool { return p.ageAlone(time.Now()) }}

// watch adds a pool that has come into use to unattended. If the pool is closed
// meanwhile, ageAlone sees it.
func (p *Pool) watch() {
	// A pool that is not used never comes here, and so costs collections nothing.
	if !p.aging.watched.Load() && !p.aging.watched.Swap(true) { // read first, because all Ps come here
		unattended.Add(p)
	}
}

// ageAlone drops objects that have been idle for too long, unless a controller does. It
// reports whether to look again after the next collection. It runs on the goroutine of
// the collection's hook, one pool after the other: a slow Discard function delays the
// other pools' windows, but no Get or Put.
func (p *Pool) ageAlone(now time.Time) bool {
	if p.shards.closed.Load() {
		return false
	}
	if p.endWindowAlone(now) {
		p.Drain()
		p.dropOld()
	}
	return true
}

// endWindowAlone ends a window if no controller does, and reports whether it did. It
// decides by who ended the last window, under aging's lock, so that a collection and a
// controller that comes back do not both end one.
func (p *Pool) endWindowAlone(now time.Time) bool {
	p.aging.mu.Lock()
	defer p.aging.mu.Unlock()
	w := p.aging.windowsLocked(len(p.depots))
	since := now.Sub(w.ended)
	switch alone := w.ended == w.alone; {
	case w.ended.IsZero():
		w.ended, w.alone = now, now
		return false
	case alone && since >= unattendedPause, !alone && since >= abandoned:
		p.endLocked(w, since)
		p.forgetDemand()
		w.alone = w.ended
		return true
	}
	return false
}
