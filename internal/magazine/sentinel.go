package magazine

import (
	"time"

	"github.com/otelpool/pool/internal/percpu"
)

const (
	// abandoned is how long after Age a pool is taken to have no controller.
	abandoned = 30 * time.Second
	// collectedPause is the least time between two looks.
	collectedPause = time.Second
)

// collected ages the pools that have come into use and have no controller, at the
// pace of garbage collections, which is when their memory matters.
var collected = percpu.Collected[Pool]{After: func(p *Pool) bool { return p.ageAlone(time.Now()) }}

// watch has a pool that has come into use aged.
func (p *Pool) watch() {
	if p.watched.Load() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watchLocked()
}

func (p *Pool) watchLocked() {
	if !p.closed.Load() && !p.watched.Swap(true) {
		collected.Add(p)
	}
}

// ageAlone lets go of what has been idle for too long, unless a controller does
// that. It reports whether to look again after the next collection.
func (p *Pool) ageAlone(now time.Time) bool {
	if p.closed.Load() {
		return false
	}
	if p.endWindowAlone(now) {
		p.Attach()
		p.dropOld(p.idleBytes())
	}
	return true
}

// endWindowAlone ends a window if no controller does, and reports whether it did.
func (p *Pool) endWindowAlone(now time.Time) bool {
	p.aging.Lock()
	defer p.aging.Unlock()
	a := p.agesLocked()
	since := now.Sub(a.real)
	switch alone := a.real == a.alone; {
	case a.real.IsZero():
		a.real, a.alone = now, now
		return false
	case alone && since >= collectedPause, !alone && since >= abandoned:
		p.advanceLocked(since)
		p.unlearn()
		a.alone = a.real
		return true
	}
	return false
}
