package magazine

import (
	"runtime"
	"time"
	"weak"

	"github.com/otelpool/pool"
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
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watchLocked()
}

func (p *Pool) watchLocked() {
	if !p.watched && !p.closed.Load() {
		p.watched = true
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
	p.mu.Lock()
	closed := p.closed.Load()
	p.mu.Unlock()
	if closed {
		return false
	}
	p.aging.Lock()
	defer p.aging.Unlock()
	a := p.agesLocked()
	since := now.Sub(a.real)
	switch alone := a.real == a.alone; {
	case a.real.IsZero():
		a.real, a.alone = now, now
	case alone && since >= sentinelPause, !alone && since >= abandoned:
		p.advanceLocked(since)
		a.alone = a.real
		p.Attach()
		stats := snapshots.Get().(*pool.Stats)
		p.Stats(stats)
		p.dropOldLocked(stats.IdleBytes)
		snapshots.Put(stats)
	}
	return true
}
