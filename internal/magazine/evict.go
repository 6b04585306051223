package magazine

import (
	"time"
	"unsafe"

	"github.com/otelpool/pool"
)

// Trim drops at least the given idle bytes, first the objects least likely to be needed
// soon, and returns the bytes dropped. It empties the Ps' cells only if the depots hold
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
	return p.evictSome(bytes, p.aging.before(idle), p.spare(), why)
}

// LongestWait implements control.BudgetMember. The caller is short of room. The answer
// may be out of date when Evict is called: Evict then evicts other objects, or none,
// and the caller asks again.
func (p *Pool) LongestWait(idle time.Duration) (time.Duration, bool) {
	p.account.noteFull(p.aging.now.Load())
	d, wait := p.longestWait(p.aging.before(idle))
	if d == nil || p.spare() < max(d.size, 1) {
		return 0, false
	}
	return wait, true
}

// spare is the number of idle bytes beyond the reserve. Counting the idle bytes takes a
// walk over all shards; pools without a reserve, or that have charged less than it, are
// spared the walk. The count errs on the low side while calls are under way, see Stats,
// so a pool keeps rather more than its reserve than less.
func (p *Pool) spare() int64 {
	reserve := p.account.reserve.Load()
	switch {
	case reserve == 0:
		return pool.Unlimited
	case p.Charged() <= reserve:
		return 0
	}
	stats := snapshots.Get().(*pool.Stats)
	defer snapshots.Put(stats)
	p.Stats(stats)
	return stats.IdleBytes - reserve
}

// evictFor drops objects that are expected to wait for longer than a new one of the
// given size, so that the new one may fit. It reports whether it dropped any. It drops
// a 256th of the limit at a time, because otherwise every Put to a full pool would come
// here.
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

// evict drops objects used last before the given time until at least the bytes are
// free, always from the depot whose object has the longest wait. It leaves the Ps'
// objects, which are needed soonest and whose removal costs a barrier; Trim and
// SetLimit take those too. Why is not EvictIdle, which drops only what is too old: it would
// look for more for ever.
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
		// A part at a time, because the rest may have a shorter wait than another
		// depot's objects.
		got := p.evictFrom(d, max((bytes-freed)/8, 1), before, most-freed, why)
		freed += got
		if got == 0 && most != pool.Unlimited {
			break // the next object has more bytes than are left to drop
		}
	}
	return freed
}

// evictFrom drops a depot's objects used last before the given time until the bytes are
// free, and no more than most; for EvictIdle only those that have reached their idle age.
// It takes the lock for each object, because Discard, the user's code, runs without it,
// and so a Get waits for the depot for at most one object.
func (p *Pool) evictFrom(d *depot, bytes, before, most int64, why pool.EvictionReason) (freed int64) {
	for freed < bytes {
		x, size := d.evictOldest(before, p.aging.now.Load(), most-freed, why)
		if x == nil {
			break
		}
		freed += size
		p.evictObject(d, x, size, why)
	}
	return freed
}

// longestWait returns the depot whose object has the longest wait, of the objects used
// last before the given time, and that wait; nil without one. It asks the depots one
// after the other, and they may have changed by the end: a slightly wrong order now and
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

// evictObject counts an idle object as evicted, then releases its charge, then discards
// it. In another order somebody could fill the room while the object still counts as
// idle: see Stats.
func (p *Pool) evictObject(d *depot, x unsafe.Pointer, size int64, why pool.EvictionReason) {
	d.counts().evicted[why].Add(1)
	d.counts().evictedBytes[why].Add(uint64(size))
	p.account.release(size)
	p.discard(x)
}

// discard hands an object to the user's function, which may do anything, even call the
// pool: so the caller holds no lock, is not pinned, and has finished its counts.
func (p *Pool) discard(x unsafe.Pointer) {
	if p.onDiscard != nil {
		p.onDiscard(x)
	}
}

// Warm makes up to n objects of a class, as far as the limit has room, and returns
// their number. newObject runs unlocked and returns an object and, in a pool of sized
// objects, its bytes; nil ends Warm.
func (p *Pool) Warm(class, n int, newObject func() (unsafe.Pointer, int64)) (warmed int) {
	d := &p.depots[class]
	p.watch()
	for warmed < n && p.account.fits(d.size) { // before making an object that could not stay
		x, size := newObject() // with nothing charged: it may panic, or take long, and SetLimit would wait for the charge
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

// warmWith keeps a new object if there still is room. Like every object that becomes
// idle, it is charged before the depot has it and counted after.
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
