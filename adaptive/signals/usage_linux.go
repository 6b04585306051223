package signals

import (
	"context"
	"runtime/metrics"
	"time"
)

const (
	// A group that is fuller than half is looked at in these intervals, and any
	// other in the time in which it could not fill half of what is left.
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
	if g.before.at.IsZero() || passed > 2*farthest || passed <= 0 {
		return 0
	}
	return max(int64(float64(others-g.before.others)/passed.Seconds()), 0)
}

// watchUsage calls wake whenever the group that is nearest to its limit comes near it
// or will be there soon, until ctx ends.
func (h *host) watchUsage(ctx context.Context, wake func()) {
	own := []metrics.Sample{{Name: heapMetrics[heapTotal]}, {Name: heapMetrics[heapReleased]}}
	told := int64(0)
	for timer := time.NewTimer(0); ; {
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		metrics.Read(own)
		set, near, again := h.glance(int64(own[0].Value.Uint64()-own[1].Value.Uint64()), told)
		if near {
			wake()
		}
		if near || set < told {
			told = set
		}
		timer.Reset(again)
	}
}

// glance looks at the usage alone. What the kernel can take back is taken to be what
// it was at the last reading, unless that makes a difference: then it is read again.
func (h *host) glance(own, told int64) (set int64, near bool, again time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cgroup == nil || h.cgroup.tight == nil || h.cgroup.tight.bound() == NoLimit || h.cgroup.tight.setErr != "" {
		return 0, false, farthest
	}
	c, l := h.cgroup, h.cgroup.tight
	before := l.current - l.set
	current, err := l.usage.number(c.buf)
	if err != nil {
		return 0, false, farthest // the next reading will say why
	}
	now := time.Now()
	limit := l.bound()
	set = current - before
	if near = h.nears(now, l, set, own, told); near && before > 0 {
		l.current = current
		if err := c.readSet(l); err != nil {
			return 0, false, farthest
		}
		set = l.set
		near = h.nears(now, l, set, own, told)
	}
	again = time.Duration(float64(max(limit-set, 0)) / 2 / fastest * float64(time.Second))
	if again = min(max(again, closest), farthest); set > limit/2 {
		again = min(again, closer)
	}
	return set, near, again
}

func (h *host) nears(now time.Time, l *level, set, own, told int64) bool {
	limit := float64(l.bound())
	soon := float64(set) + float64(h.growth.see(now, set-own))*Foresight.Seconds()
	return soon >= Near*limit && float64(set-told) >= limit/noticeable
}
