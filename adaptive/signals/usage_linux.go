package signals

import (
	"context"
	"runtime/metrics"
	"time"
)

const (
	// A group that is fuller than half is looked at each closer, each closest while it
	// grows, and any other in the time in which it could not fill half of what is left.
	// A look takes two microseconds, and to wake a goroutine for it thirty times as much.
	closest, closer, farthest = 50 * time.Millisecond, 100 * time.Millisecond, time.Second
	// fastest is how many bytes a second programs can take: what the kernel needs to
	// clear pages for two CPUs.
	fastest = 2 << 30
	// noticeable is how much of the limit, as one in so many, the group must have
	// grown by since somebody was told.
	noticeable = 64
	// growthSpan is the least time over which a growth is taken.
	growthSpan = 20 * time.Millisecond
)

// growth is how fast others fill the group.
type growth struct {
	before, last grown
}

type grown struct {
	at     time.Time
	others int64
}

// see takes in what others have now and returns how fast that grows, in bytes a
// second; 0 if it does not.
func (g *growth) see(now time.Time, others int64) int64 {
	if now.Sub(g.last.at) >= growthSpan {
		g.before, g.last = g.last, grown{now, others}
	} else {
		g.last.others = others
	}
	passed := now.Sub(g.before.at)
	if passed > 2*farthest || passed <= 0 { // a look of time zero is longer ago
		return 0
	}
	return max(int64(float64(others-g.before.others)/passed.Seconds()), 0)
}

// lookout is a watch of the usage of the group that is nearest to its limit.
type lookout struct {
	*host
	own     [2]metrics.Sample
	set     int64         // at the last look
	last    int64         // set when it was last found to be another
	told    int64         // set when somebody was told
	deaf    time.Duration // how long after a look a crossing is no news
	crossed chan struct{}
	kernel  *thresholds // nil: none are set
	tick    *tick       // nil: the runtime's timers are used
	without string      // directory that has none
}

// watchUsage calls wake whenever the group comes near its limit or will be there soon,
// until ctx ends.
func (h *host) watchUsage(ctx context.Context, wake func()) {
	w := lookout{host: h, crossed: make(chan struct{}, 1)}
	w.own[0].Name, w.own[1].Name = heapMetrics[heapTotal], heapMetrics[heapReleased]
	w.tick, _ = newTick()
	defer context.AfterFunc(ctx, w.tick.close)()
	defer func() { w.kernel.close() }()
	for again := time.Duration(0); w.sleep(ctx, again); {
		var near bool
		if near, again = w.look(); near {
			wake()
		}
	}
}

// sleep lasts for so long, or until the kernel tells of a crossing that is news. It
// reports whether ctx goes on. Where the tick fails, the runtime's timers will do.
func (w *lookout) sleep(ctx context.Context, again time.Duration) bool {
	if w.kernel == nil && w.tick != nil && w.tick.wait(again) == nil {
		return true
	}
	began := time.Now()
	return pause(ctx, again, w.crossed) && pause(ctx, min(w.deaf, again)-time.Since(began), nil)
}

func pause(ctx context.Context, d time.Duration, early <-chan struct{}) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-early:
	}
	return ctx.Err() == nil
}

// look finds out whether the group is near its limit, or will be soon, and when to look
// again: seldom where the kernel tells and nothing grows.
func (w *lookout) look() (near bool, again time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cgroup == nil || w.cgroup.tight == nil || w.cgroup.tight.bound() == NoLimit || w.cgroup.tight.setErr != "" {
		w.set, w.last, w.told = 0, 0, 0
		return false, farthest
	}
	l := w.cgroup.tight
	before := w.set
	near, err := w.glance(l)
	if err != nil {
		return false, farthest // the next reading will say why
	}
	if near || w.set < w.told {
		w.told = w.set
	}
	grows := w.set-before >= l.bound()/noticeable
	if w.deaf = closer; grows {
		w.deaf = growthSpan
	}
	switch kernel := w.arm(l); {
	case near || grows:
		again = closest
	case kernel:
		again = farthest
	default:
		again = next(w.set, l.bound())
	}
	return near, again
}

// next is when to look again if nobody tells.
func next(set, limit int64) time.Duration {
	if set > limit/2 {
		return closer
	}
	again := time.Duration(float64(max(limit-set, 0)) / 2 / fastest * float64(time.Second))
	return min(max(again, closer), farthest)
}

// glance looks at the usage alone. What the kernel can take back is taken to be what
// it was at the last reading, unless that makes a difference: then it is read again.
func (w *lookout) glance(l *level) (near bool, err error) {
	before := l.current - l.set
	current, err := l.usage.number(w.cgroup.buf)
	if err != nil {
		return false, err
	}
	w.set = current - before
	if change := w.set - w.last; max(change, -change) < l.bound()/noticeable/4 {
		return false, nil // and the other figures cost more
	}
	if w.set < w.last { // it may be file pages that went
		if err := w.reread(l, current); err != nil {
			return false, err
		}
	}
	w.last = w.set
	metrics.Read(w.own[:])
	now, own := time.Now(), int64(w.own[0].Value.Uint64()-w.own[1].Value.Uint64())
	if near = w.nears(now, l, own); near && before > 0 {
		if err := w.reread(l, current); err != nil {
			return false, err
		}
		w.last = w.set
		near = w.nears(now, l, own)
	}
	return near, nil
}

func (w *lookout) reread(l *level, current int64) error {
	l.current = current
	err := w.cgroup.readSet(l)
	w.set = l.set
	return err
}

func (w *lookout) nears(now time.Time, l *level, own int64) bool {
	limit := float64(l.bound())
	soon := float64(w.set) + float64(w.growth.see(now, w.set-own))*Foresight.Seconds()
	return soon >= Near*limit && float64(w.set-w.told) >= limit/noticeable
}

// arm has the kernel tell of the level, and reports whether it does.
func (w *lookout) arm(l *level) bool {
	if w.kernel != nil && w.kernel.dir == l.dir && w.kernel.limit == l.bound() {
		return true
	}
	w.kernel.close() // who listens does not wait for us, see tell
	w.kernel = nil
	if w.without == l.dir {
		return false
	}
	var err error
	if w.kernel, err = setThresholds(l, w.tell); err != nil {
		w.without = l.dir
	}
	return err == nil
}

// tell is called by who listens to the kernel.
func (w *lookout) tell() {
	select {
	case w.crossed <- struct{}{}:
	default:
	}
}
