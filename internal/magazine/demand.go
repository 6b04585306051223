package magazine

import (
	"slices"
	"sync"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/reach"
)

// Demand implements control.Tunable: see there.
func (p *Pool) Demand(now time.Time, into *control.Demand) {
	p.endWindow(now, into)
	p.dropOld() // after the report, because these drops belong to the next window, and Discard runs under no lock
}

// endWindow is Demand without the drops, because Discard is the user's code. It drains
// the shards that Age took away before the snapshot, because objects unused in Ps are
// then in the depots, where they have an age.
func (p *Pool) endWindow(now time.Time, into *control.Demand) {
	p.aging.mu.Lock()
	defer p.aging.mu.Unlock()
	p.ageLocked(now)
	p.Drain()
	stats := snapshots.Get().(*pool.Stats)
	defer snapshots.Put(stats)
	p.Stats(stats)
	p.report(stats, into)
}

// snapshots are reused from pool to pool, because a controller goes from one to the
// next. A sync.Pool will do: a snapshot lives as long as a call, and it does not matter
// if a collection takes it. Our own pools would count themselves.
var snapshots = sync.Pool{New: func() any { return new(pool.Stats) }}

// report writes the window's demand, and begins the next window. The caller holds
// aging.mu, so windows do not overlap, and each event is in one.
func (p *Pool) report(stats *pool.Stats, into *control.Demand) {
	w := p.aging.windowsLocked(len(p.depots))
	into.Window = w.last.Sub(w.reported)
	before := time.Duration(p.aging.now.Load()) - into.Window
	w.reported = w.last
	into.Classes = slices.Grow(into.Classes[:0], len(p.depots))[:len(p.depots)]
	for i := range p.depots {
		c := &into.Classes[i]
		*c = control.ClassDemand{}
		now := &stats.Classes[i].Counts
		p.depots[i].demand(c, now, &w.before[i], w.low[i], into.Window, before)
		c.IdleAge = p.depots[i].limitAge()
	}
}

// demand writes a class's part, from the counts at the window's end and at its
// beginning, and begins a new window in the depot. low is the number of objects that
// lay unused in Ps, since the pool's age when the window began.
func (d *depot) demand(c *control.ClassDemand, now *pool.Counts, before *counted, low int64, window, since time.Duration) {
	c.Size = d.size
	if d.size == 0 && now.Idle > 0 {
		c.Size = now.IdleBytes / now.Idle
	}
	c.Misses = now.Requests[pool.Miss] - before.misses
	c.Gets = now.Requests[pool.Hit] - before.hits + c.Misses
	c.Idle = now.Idle
	c.InUse = int64(now.HandedOut()) - int64(now.TakenBack())
	c.IdleSeconds = float64(before.idle+now.Idle) / 2 * window.Seconds()
	held := max(before.idle, now.Idle)
	*before = counted{now.Requests[pool.Hit], now.Requests[pool.Miss], now.Idle}
	// The counts above are the snapshot's, those below are current: an event in between
	// is in this window below and in the next one above, once each.
	d.mu.Lock()
	defer d.mu.Unlock()
	c.LowWater = d.lowest + low
	d.countLostLocked(d.lowest, held)
	d.learnLocked(c.InUse, c.Idle, c.LowWater, window, since)
	d.lowest, d.batch = d.idle.Load(), 1
	if d.history != nil {
		d.history.report(c)
	}
}

// dropOld drops objects that have been idle for longer than their class's idle age,
// down to the reserve.
func (p *Pool) dropOld() {
	spare := p.spare()
	for i := range p.depots {
		spare -= p.evictFrom(&p.depots[i], spare, p.aging.began.Load(), spare, pool.EvictIdle)
	}
}

// depthAgeLocked is how long the object idle longest may lie unused, by its depth.
func (d *depot) depthAgeLocked() time.Duration {
	if e := d.estimate; e != nil {
		return d.ages.At(e.depth, d.limitAge())
	}
	return d.limitAge()
}

// limitAge is how long an object may lie unused, if its depth does not matter.
func (d *depot) limitAge() time.Duration {
	if set := d.idleAge.Load(); set > 0 {
		return time.Duration(set)
	}
	return OwnIdleAge
}

// SetIdleAge implements control.Tunable.
func (p *Pool) SetIdleAge(class int, age time.Duration) {
	p.depots[class].idleAge.Store(int64(max(age, 0)))
	p.SetIdleAges(class, 0, nil)
}

// SetIdleAges implements control.DepthTunable.
func (p *Pool) SetIdleAges(class int, base int64, ages []time.Duration) {
	d := &p.depots[class]
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ages == nil && len(ages) > 0 {
		d.ages = new(reach.Ages)
	}
	if d.ages != nil {
		d.ages.Set(base, ages)
	}
}

// Curve implements control.Curved.
func (p *Pool) Curve(into *control.Curve) {
	var stats pool.Stats
	p.Stats(&stats)
	into.Classes = into.Classes[:0]
	for i := range p.depots {
		counts := &stats.Classes[i].Counts
		c := control.ClassCurve{Size: p.depots[i].size, Hits: counts.Requests[pool.Hit], Misses: counts.Requests[pool.Miss]}
		c.Saved, c.Lost = p.depots[i].curve()
		into.Classes = append(into.Classes, c)
	}
}

func (d *depot) curve() (saved, lost [control.NumCurve]uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.history == nil {
		return saved, lost
	}
	return d.history.saved, d.history.lost
}
