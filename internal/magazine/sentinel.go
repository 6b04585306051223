package magazine

import (
	"runtime"
	"time"
	"weak"
)

const (
	// abandoned is how long after Age a pool is taken to have no controller.
	abandoned = 30 * time.Second
	// sentinelPause is the least time between two looks.
	sentinelPause = time.Second
)

// sentinel is an object that nobody refers to: each collection finds it dead,
// and its cleanup makes the next one. So a pool without a controller ages at
// the pace of garbage collections, which is when its memory matters, without a
// goroutine or a timer. It has a pointer, or the allocator might put it in one
// block with an object that lives on.
type sentinel struct{ _ *sentinel }

// watch sets a sentinel on a pool that has come into use.
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
		post(weak.Make(p))
	}
}

func post(p weak.Pointer[Pool]) { runtime.AddCleanup(new(sentinel), collected, p) }

// collected runs after a garbage collection, on the runtime's goroutine for
// cleanups.
func collected(w weak.Pointer[Pool]) {
	if p := w.Value(); p != nil && p.ageAlone(time.Now()) {
		post(w)
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
	case alone && since >= sentinelPause, !alone && since >= abandoned:
		p.advanceLocked(since)
		p.unlearn()
		a.alone = a.real
		return true
	}
	return false
}
