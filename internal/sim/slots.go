package sim

import (
	"math"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/reach"
)

// maxGhosts is how many dropped objects a class remembers.
const maxGhosts = 4096

// Slots is a pool of counted objects that follows the theory at every moment, and
// that a controller can tune: it shows the policy's figures without an engine's
// effects. Its clock is the time of the events. It is not safe for concurrent use.
type Slots struct {
	start   time.Time
	sizes   []int64
	classes []slots
	budget  *Budget
	reserve int64
	limit   int64
	idle    account

	now      time.Duration // of the last Demand
	requests [pool.NumRequestResults]uint64
	returns  [pool.NumReturnResults]uint64
	evicted  [pool.NumEvictionReasons]uint64
}

// slots is one class. What it counts for a window is in demand.
type slots struct {
	free   stack
	ghosts stack
	age    time.Duration
	ages   reach.Ages
	demand control.ClassDemand
	low    int
	out    int64
	most   int64 // out, at any moment of the window
	reach  reach.Reach
	since  time.Duration // IdleSeconds are counted up to here
	hits   uint64
	misses uint64
}

// NewSlots returns a pool with classes of the given sizes that shares a budget.
func NewSlots(start time.Time, sizes []int64, budget *Budget) *Slots {
	p := &Slots{start: start, sizes: sizes, classes: make([]slots, len(sizes)), budget: budget, limit: pool.Unlimited}
	budget.pools = append(budget.pools, p)
	return p
}

// Get takes an object of a class and reports whether there was one.
func (p *Slots) Get(at time.Duration, class int) bool {
	c := &p.classes[class]
	c.demand.Gets++
	c.out++
	c.most = max(c.most, c.out)
	if c.free.n == 0 {
		p.miss(at, c)
		return false
	}
	c.settle(at)
	from := c.free.pop()
	c.low = min(c.low, c.free.n)
	if from < p.now {
		c.demand.Held[control.GapBin(at-from)]++
	}
	c.hits++
	p.requests[pool.Hit]++
	p.add(at, -p.sizes[class])
	return true
}

func (p *Slots) miss(at time.Duration, c *slots) {
	c.demand.Misses++
	c.misses++
	p.requests[pool.Miss]++
	if c.ghosts.n > 0 {
		c.demand.Regrets++
		c.demand.Gone[control.GapBin(at-c.ghosts.pop())]++
	}
}

// Put gives an object of a class back. If the budget is full, what has the
// longest wait in any pool makes room.
func (p *Slots) Put(at time.Duration, class int) {
	size := p.sizes[class]
	c := &p.classes[class]
	room := p.budget.room(at, p, size, c.wait()) // while it still counts as in use
	c.out--
	if !room {
		p.refuse(at, class)
		return
	}
	c.settle(at)
	c.free.push(at)
	p.add(at, size)
	p.returns[pool.Pooled]++
}

// wait is how long the object that lies longest can be expected to wait, when one that
// is out comes back.
func (c *slots) wait() time.Duration {
	if c.free.n > 0 {
		return 0 // it is itself a candidate
	}
	return c.reach.Wait(c.out, 0)
}

// refuse drops the object. The others of its class are as good, so it is the one
// that lay longest whose use is lost.
func (p *Slots) refuse(at time.Duration, class int) {
	c := &p.classes[class]
	from := at
	if c.free.n > 0 {
		c.settle(at)
		from = c.free.shift()
		c.free.push(at)
	}
	c.forget(from)
	c.demand.Refused++
	c.demand.DroppedSeconds += (at - from).Seconds()
	if p.budget.pressed {
		p.returns[pool.ReturnPressure]++
	} else {
		p.returns[pool.Full]++
	}
}

// evict drops what has lain longest in a class.
func (p *Slots) evict(at time.Duration, class int, why pool.EvictionReason) {
	c := &p.classes[class]
	c.settle(at)
	from := c.free.shift()
	c.low = min(c.low, c.free.n)
	c.forget(from)
	c.demand.Dropped++
	c.demand.DroppedSeconds += (at - from).Seconds()
	p.evicted[why]++
	p.add(at, -p.sizes[class])
}

func (p *Slots) add(at time.Duration, bytes int64) {
	p.idle.add(at, bytes)
	p.budget.used += bytes
}

func (c *slots) settle(at time.Duration) {
	c.demand.IdleSeconds += float64(c.free.n) * (at - c.since).Seconds()
	c.since = at
}

func (c *slots) forget(from time.Duration) {
	if c.ghosts.n == maxGhosts {
		c.ghosts.shift()
	}
	c.ghosts.push(from)
}

// idlest is the class whose bottom has the longest wait, and that wait; or -1 if
// the pool's reserve covers what it holds.
func (p *Slots) idlest(at time.Duration) (class int, longest time.Duration) {
	class, longest = -1, -1
	for i := range p.classes {
		c := &p.classes[i]
		if c.free.n == 0 || p.idle.bytes-p.sizes[i] < p.reserve {
			continue
		}
		if wait := c.reach.Wait(c.out+int64(c.free.n), at-c.free.bottom()); wait > longest {
			class, longest = i, wait
		}
	}
	return class, longest
}

// Demand implements [control.Tunable].
func (p *Slots) Demand(now time.Time, into *control.Demand) {
	at := max(now.Sub(p.start), p.now)
	into.Window = at - p.now
	if len(into.Classes) != len(p.classes) {
		into.Classes = make([]control.ClassDemand, len(p.classes))
	}
	for i := range p.classes {
		c := &p.classes[i]
		c.settle(at)
		c.demand.Size, c.demand.IdleAge = p.sizes[i], c.age
		c.demand.Idle, c.demand.InUse, c.demand.LowWater = int64(c.free.n), c.out, int64(c.low)
		into.Classes[i] = c.demand
		c.demand = control.ClassDemand{}
		c.low = c.free.n
		c.reach.Learn(c.out, c.most, into.Window)
		c.most = c.out
		p.expire(at, i)
	}
	p.now = at
}

// expire drops what has lain for too long.
func (p *Slots) expire(at time.Duration, class int) {
	c := &p.classes[class]
	for c.free.n > 0 && c.age > 0 && at-c.free.bottom() >= c.ages.At(c.out+int64(c.free.n), c.age) &&
		p.idle.bytes-p.sizes[class] >= p.reserve {
		p.evict(at, class, pool.EvictIdle)
	}
}

// SetIdleAge implements [control.Tunable]; 0 keeps objects for ever.
func (p *Slots) SetIdleAge(class int, d time.Duration) {
	p.classes[class].age = d
	p.classes[class].ages.Set(0, nil)
}

// SetIdleAges implements [control.DepthTunable].
func (p *Slots) SetIdleAges(class int, base int64, ages []time.Duration) {
	p.classes[class].ages.Set(base, ages)
}

// SetReserve implements [control.Tunable].
func (p *Slots) SetReserve(bytes int64) { p.reserve = bytes }

// Limit implements [control.Resizable].
func (p *Slots) Limit() int64 { return p.limit }

// SetLimit implements [control.Resizable].
func (p *Slots) SetLimit(bytes int64) int64 {
	p.limit = max(bytes, 0)
	p.Trim(p.idle.bytes - p.limit)
	return p.limit
}

// Trim implements [control.Resizable].
func (p *Slots) Trim(bytes int64) (freed int64) {
	reserve := p.reserve
	p.reserve = math.MinInt64
	for freed < bytes {
		class, _ := p.idlest(p.idle.at)
		if class < 0 {
			break
		}
		p.evict(p.idle.at, class, pool.EvictPressure)
		freed += p.sizes[class]
	}
	p.reserve = reserve
	return freed
}

// Stats implements [pool.Source].
func (p *Slots) Stats(into *pool.Stats) {
	into.Reset()
	into.Strategy = "slots"
	into.Knows = pool.Knowledge{
		Rows:      pool.KnowsIdle | pool.KnowsIdleBytes | pool.KnowsLimit,
		Requests:  pool.SetOf(pool.Hit, pool.Miss),
		Returns:   pool.SetOf(pool.Pooled, pool.Full, pool.ReturnPressure),
		Evictions: pool.SetOf(pool.EvictIdle, pool.EvictPressure),
	}
	into.Requests, into.Returns, into.Evictions = p.requests, p.returns, p.evicted
	into.Limit, into.IdleBytes = p.limit, p.idle.bytes
	for i := range p.classes {
		into.Idle += int64(p.classes[i].free.n)
	}
}

func (p *Slots) sync(time.Duration) {}

func (p *Slots) account() *account { return &p.idle }

var _ control.DepthTunable = (*Slots)(nil)
