package magazine

import (
	"runtime"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/percpu"
)

// Trim drops at least the given idle bytes, those that are least likely to be
// wanted soon first, and returns how many. It empties the Ps' cells only if the depots hold
// too little.
func (p *Pool) Trim(bytes int64, why pool.EvictionReason) int64 {
	freed := p.evict(bytes, never, why)
	if freed < bytes {
		p.flush()
		freed += p.evict(bytes-freed, never, why)
	}
	return freed
}

// SetLimit changes the limit and returns it. When it returns, no more than the
// limit is charged.
func (p *Pool) SetLimit(bytes int64) int64 {
	bytes = max(bytes, 0)
	p.mu.Lock()
	before := p.limit.Swap(bytes)
	p.divideLocked()
	p.mu.Unlock()
	switch {
	case bytes > before:
		p.grown.Add(1)
	case bytes < before:
		p.shrunk.Add(1)
	}
	// Nothing more is charged beyond the new limit; what is charged comes down
	// as magazines that are on their way reach the depot. A closed pool keeps none.
	for over := p.over(); over > 0 && !p.closed.Load(); over = p.over() {
		if p.evict(over, never, pool.EvictResize) < over {
			p.flush()
			runtime.Gosched() // for those who have a magazine on its way
		}
		if p.limit.Load() != bytes {
			break // somebody else has set another limit
		}
	}
	return bytes
}

func (p *Pool) over() int64 { return p.charged.Load() - p.limit.Load() }

// Close drops everything. Gets allocate from now on, and Puts drop.
func (p *Pool) Close() { p.close(percpu.BarrierSince) }

// CloseUnreachable is Close where no goroutine has the pool's handle any more. It
// crosses no barrier, and so does not hold up the cleanups of others.
//
// Why it may: only Get and Put use cells, and they keep the handle alive until they
// have left them. So the collection that found the handle dead began after the last
// of them, and nobody can find a cell to enter later. Others may still be in the
// pool, a controller or its budget: they take shards away and empty them under
// locks, as this does.
func (p *Pool) CloseUnreachable() { p.close(func(uint64) {}) }

func (p *Pool) close(barrier func(generation uint64)) {
	p.mu.Lock()
	done := p.closed.Swap(true) // no P gets a shard from here on
	p.mu.Unlock()
	if done {
		return
	}
	if p.leave != nil {
		p.leave()
	}
	p.Detach()
	p.emptyDetached(barrier)
	for i := range p.depots {
		p.depots[i].close()
	}
	p.evict(pool.Unlimited, never, pool.EvictClosed)
}

// flush moves what the Ps hold to the depots, and releases their quotas.
func (p *Pool) flush() {
	p.Detach()
	p.Attach()
}

// Detach implements control.BudgetMember: it takes every P's shard away.
func (p *Pool) Detach() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for pid := range p.ps {
		p.detachLocked(pid)
	}
}

// detachLocked takes a P's shard away. It is the P's until a barrier.
func (p *Pool) detachLocked(pid int) {
	s := p.ps[pid].shard
	if s == nil {
		return
	}
	p.setLocked(pid, &void[0])
	p.ps[pid].shard = nil
	p.limbo = append(p.limbo, s)
	p.generation = percpu.Generation()
}

// Attach implements control.BudgetMember: it moves what is in the shards taken away
// before the call to the depots. When it returns that is done, whoever did it.
func (p *Pool) Attach() { p.emptyDetached(percpu.BarrierSince) }

func (p *Pool) emptyDetached(barrier func(generation uint64)) {
	p.attaching.Lock()
	defer p.attaching.Unlock()
	p.mu.Lock()
	p.emptied, p.limbo = p.limbo, p.emptied[:0]
	generation := p.generation
	p.mu.Unlock()
	if len(p.emptied) == 0 {
		return
	}
	barrier(generation)
	for _, s := range p.emptied {
		for class := range s.cells {
			p.empty(&s.cells[class], &p.depots[class], s.idle>>class&1 != 0)
		}
	}
	p.mu.Lock()
	p.free = append(p.free, p.emptied...)
	p.mu.Unlock()
}

// empty moves what a detached cell holds to its depot.
func (p *Pool) empty(c *Cell, d *depot, idle bool) {
	stamp := p.clock.Load()
	if idle {
		stamp = p.unused.Load()
	}
	c.lock.Lock()
	filled := c.filled(d)
	top, a, b, quota := c.strip()
	c.live = false
	c.lock.Unlock()
	if top != nil { // the newest
		if a == nil || a.n == len(a.slots) {
			p.deposit(d, b, stamp)
			a, b = d.newStack(), a
		}
		a.push(top, d.size)
	}
	p.deposit(d, b, stamp)
	p.deposit(d, a, stamp)
	p.release(quota - filled)
}

// Evict implements control.BudgetMember. It leaves what is reserved.
func (p *Pool) Evict(bytes int64, idle time.Duration, pressed bool) int64 {
	why := pool.EvictBudget
	if pressed {
		why = pool.EvictPressure
	}
	return p.evictSome(bytes, p.clock.Load()-int64(idle)+1, p.spareNow(), why)
}

// LongestWait implements control.BudgetMember. Who asks is short of room.
func (p *Pool) LongestWait(idle time.Duration) (time.Duration, bool) {
	p.crowded()
	d, wait := p.idlest(p.clock.Load() - int64(idle) + 1)
	if d == nil || p.spareNow() < max(d.size, 1) {
		return 0, false
	}
	return wait, true
}

// spareNow is how many idle bytes may be dropped before only those are left that
// are reserved. What is idle takes a walk to know, which pools are spared that
// reserve nothing or have not charged as much.
func (p *Pool) spareNow() int64 {
	if reserve := p.reserve.Load(); reserve > 0 && p.charged.Load() <= reserve {
		return 0
	} else if reserve == 0 {
		return p.spare(0)
	}
	return p.spare(p.idleBytes())
}

// spare is the same where so many are idle.
func (p *Pool) spare(idle int64) int64 {
	if reserve := p.reserve.Load(); reserve > 0 {
		return idle - reserve
	}
	return pool.Unlimited
}

func (p *Pool) idleBytes() int64 {
	stats := snapshots.Get().(*pool.Stats)
	defer snapshots.Put(stats)
	p.Stats(stats)
	return stats.IdleBytes
}

// makeWay drops objects, so that one of the given size may fit, if they can be expected
// to wait for longer than that one. It reports whether it dropped any.
func (p *Pool) makeWay(d *depot, size int64) bool {
	p.crowded()
	wait := d.ownWait()
	if limit := p.limit.Load(); size > limit-p.charged.Load() {
		after := p.clock.Load() + 1
		_, longest := p.idlest(after)
		return longest > wait && p.evict(max(size, limit/256), after, pool.EvictBudget) > 0
	}
	return p.budget != nil && p.budget.MakeRoom(size, wait)
}

// evict drops objects used last before the given time until at least the bytes
// are free, from whichever depot has the one with the longest wait.
func (p *Pool) evict(bytes, before int64, why pool.EvictionReason) (freed int64) {
	return p.evictSome(bytes, before, pool.Unlimited, why)
}

// evictSome is evict for no more than most bytes.
func (p *Pool) evictSome(bytes, before, most int64, why pool.EvictionReason) (freed int64) {
	for freed < bytes {
		d, _ := p.idlest(before)
		if d == nil {
			break
		}
		// A part at a time, for another's may have to wait for longer than the rest.
		got := p.evictFrom(d, max((bytes-freed)/8, 1), before, most-freed, why)
		freed += got
		if got == 0 && most != pool.Unlimited {
			break // the next is larger than what is left to drop
		}
	}
	return freed
}

// evictFrom drops a depot's objects used last before the given time until the
// bytes are free, and no more than most.
func (p *Pool) evictFrom(d *depot, bytes, before, most int64, why pool.EvictionReason) (freed int64) {
	for freed < bytes {
		x, size := d.evictOldest(before, p.clock.Load(), most-freed)
		if x == nil {
			break
		}
		freed += size
		p.drop(d, x, size, why)
	}
	return freed
}

// idlest is the depot with the object that has the longest wait of those used last
// before the given time, or nil, and that wait.
func (p *Pool) idlest(before int64) (idlest *depot, longest time.Duration) {
	now := p.clock.Load()
	for i := range p.depots {
		d := &p.depots[i]
		if wait, ok := d.wait(before, now); ok && (idlest == nil || wait > longest) {
			idlest, longest = d, wait
		}
	}
	return idlest, longest
}

// dropAll drops a magazine's objects.
func (p *Pool) dropAll(d *depot, s *stack, why pool.EvictionReason) {
	for s.n > 0 {
		x, size := s.pop()
		if d.size != 0 {
			size = d.size
		}
		p.drop(d, x, size, why)
	}
}
