package magazine

import (
	"time"
	"unsafe"

	"github.com/otelpool/pool"
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

// Evict implements control.BudgetMember. It leaves what is reserved.
func (p *Pool) Evict(bytes int64, idle time.Duration, pressed bool) int64 {
	why := pool.EvictBudget
	if pressed {
		why = pool.EvictPressure
	}
	return p.evictSome(bytes, p.aging.before(idle), p.spareNow(), why)
}

// LongestWait implements control.BudgetMember. Who asks is short of room. The answer may be out of
// date when Evict is called: that evicts what is there then, or nothing, and the caller asks again.
func (p *Pool) LongestWait(idle time.Duration) (time.Duration, bool) {
	p.account.noteFull(p.aging.now.Load())
	d, wait := p.longestWait(p.aging.before(idle))
	if d == nil || p.spareNow() < max(d.size, 1) {
		return 0, false
	}
	return wait, true
}

// spareNow is how many idle bytes may be dropped before only those are left that
// are reserved. To know what is idle takes a walk over all shards. Pools that reserve nothing,
// or have not charged as much, are spared it.
func (p *Pool) spareNow() int64 {
	reserve := p.account.reserve.Load()
	switch {
	case reserve == 0:
		return pool.Unlimited
	case p.Charged() <= reserve:
		return 0
	default:
		return p.idleBytes() - reserve
	}
}

// spareOf is spareNow for who knows the idle bytes. They err on the low side while calls are under
// way, see Stats, so a reserve is rather kept too large than too small.
func (p *Pool) spareOf(idle int64) int64 {
	if reserve := p.account.reserve.Load(); reserve > 0 {
		return idle - reserve
	}
	return pool.Unlimited
}

// idleBytes is what a snapshot says. It takes a snapshot's time, and is not for Get and Put.
func (p *Pool) idleBytes() int64 {
	stats := snapshots.Get().(*pool.Stats)
	defer snapshots.Put(stats)
	p.Stats(stats)
	return stats.IdleBytes
}

// evictFor drops objects, so that one of the given size may fit, if they can be expected
// to wait for longer than that one. It reports whether it dropped any. It drops a 256th of the
// limit at a time, or every Put to a full pool would come here.
func (p *Pool) evictFor(d *depot, size int64) bool {
	now := p.aging.now.Load()
	p.account.noteFull(now)
	wait := d.ownWait()
	if size > -p.account.over() { // the limit is full, and not the budget
		_, longest := p.longestWait(now + 1)
		return longest > wait && p.evict(max(size, p.Limit()/256), now+1, pool.EvictBudget) > 0
	}
	budget := p.account.budget
	return budget != nil && budget.MakeRoom(size, wait)
}

// evict drops objects used last before the given time until at least the bytes
// are free, from whichever depot has the one with the longest wait. Ps keep what they have: what
// they used last is wanted soonest, and to take it costs a barrier. Trim and SetLimit do.
func (p *Pool) evict(bytes, before int64, why pool.EvictionReason) (freed int64) {
	return p.evictSome(bytes, before, pool.Unlimited, why)
}

// evictSome is evict for no more than most bytes.
func (p *Pool) evictSome(bytes, before, most int64, why pool.EvictionReason) (freed int64) {
	for freed < bytes {
		d, _ := p.longestWait(before)
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
// bytes are free, and no more than most. It takes the lock for each: Discard is the user's and
// runs without it, and a Get that waits for the depot waits for one object.
func (p *Pool) evictFrom(d *depot, bytes, before, most int64, why pool.EvictionReason) (freed int64) {
	for freed < bytes {
		x, size := d.evictOldest(before, p.aging.now.Load(), most-freed)
		if x == nil {
			break
		}
		freed += size
		p.evictObject(d, x, size, why)
	}
	return freed
}

// longestWait is the depot with the object that has the longest wait of those used last
// before the given time, or nil, and that wait. Depots are asked one after the other, and may
// have changed by the end: no lock is held for two, and an order that is a little wrong now and
// then costs less than one lock for all classes.
func (p *Pool) longestWait(before int64) (of *depot, longest time.Duration) {
	now := p.aging.now.Load()
	for i := range p.depots {
		d := &p.depots[i]
		if wait, ok := d.wait(before, now); ok && (of == nil || wait > longest) {
			of, longest = d, wait
		}
	}
	return of, longest
}

// evictObject counts an idle object as evicted, and then releases its charge and discards it. In that
// order, or another could fill the room while idle still has the object: see Stats.
func (p *Pool) evictObject(d *depot, x unsafe.Pointer, size int64, why pool.EvictionReason) {
	d.counts().evicted[why].Add(1)
	d.counts().evictedBytes[why].Add(uint64(size))
	p.account.release(size)
	p.discard(x)
}

// discard hands an object to the user's function, which may do anything, also call the pool: the
// caller holds no lock, is not pinned, and has finished its counts.
func (p *Pool) discard(x unsafe.Pointer) {
	if p.onDiscard != nil {
		p.onDiscard(x)
	}
}

// Warm makes up to n objects of a class that the limit has room for, and returns
// how many. NewObject runs unlocked and returns an object and, for sized ones, its
// bytes; nil ends it.
func (p *Pool) Warm(class, n int, newObject func() (unsafe.Pointer, int64)) (warmed int) {
	d := &p.depots[class]
	p.watch()
	for warmed < n && p.account.fits(d.size) { // asked before there is an object that may not stay
		x, size := newObject() // with nothing charged: it may panic, or take a while, for which a SetLimit would wait
		if x == nil {
			break
		}
		if d.size != 0 {
			size = d.size
		}
		if !p.warmWith(d, x, size) {
			p.discard(x)
			break
		}
		warmed++
	}
	return warmed
}

// warmWith keeps a new object, if there still is room. It is charged before the depot has it and
// counted after, like all that becomes idle.
func (p *Pool) warmWith(d *depot, x unsafe.Pointer, size int64) bool {
	if !p.account.charge(size) {
		return false
	}
	if !d.storeOne(x, size, p.aging.now.Load()) {
		p.account.release(size)
		return false
	}
	d.counts().prewarmed.Add(1)
	d.counts().prewarmedBytes.Add(uint64(size))
	return true
}
