package adaptive

import (
	"math"
	"time"

	"github.com/otelpool/pool"
)

// sample is all that a policy is told in one run.
type sample struct {
	Now     time.Time
	At      time.Duration // since the first run, by a clock that never goes back
	Trigger pool.Trigger
	Reading Reading
	Limit   int64        // of the budget
	Used    int64        // charged to it
	Pools   []poolSample // at the same index for as long as the pool is open
}

// poolSample is a pool's part of a sample.
type poolSample struct {
	Name   string
	Open   bool
	Fresh  bool  // not the pool that was at this index in the sample before
	Others int64 // idle bytes, of a pool that cannot tell its demand
	Demand pool.Demand
}

// plan is what a policy wants done. Idle ages are in its pools.
type plan struct {
	limit   int64   // of the budget
	pressed bool    // what is refused is refused under pressure
	others  float64 // share of the idle bytes to drop from pools that cannot tell their demand
}

// policy decides, from samples and from nothing else: it knows no clock and does
// no input or output. The same samples make the same decisions. Once it has seen
// a pool at all its depths it allocates only where it decides something.
type policy struct {
	c     Config
	pools []poolState

	started  bool
	at       time.Duration
	one      weight // of a gap that ends now
	pressure ladder
	memory   memory
	budget   int64 // of the whole, when memory is not short
	limit    int64 // in force

	idle     int64  // bytes, at the last sample
	freed    int64  // bytes dropped since the last collection
	fitted   int64  // of them, those that the run before dropped to fit the limit: the pools tell of them in this run
	asked    int64  // bytes for whose sake the run before asked for a collection
	again    bool   // it did so for the second time
	cycles   uint64 // collections at the last sample
	forced   time.Duration
	hasForce bool // a collection was asked for since the level was entered
	futile   futility
	journal  journal
	cost     cost // in bytes, of all pools
	regrets  uint64
}

// poolState is what a policy knows of a pool.
type poolState struct {
	name    string
	open    bool
	sizes   []int64
	classes []class
}

// memory is the limits last heard of: they do not go away when for a moment they
// cannot be read.
type memory struct {
	limit  int64 // the least, or NoLimit
	heap   int64
	cgroup int64
	total  int64
}

func (m *memory) see(r *Reading, own int64) {
	if m.limit == 0 {
		*m = memory{limit: NoLimit, heap: NoLimit, cgroup: NoLimit}
	}
	if r.Heap.OK() && r.Heap.Limit > 0 {
		m.heap = r.Heap.Limit
	}
	if r.Cgroup.OK() && r.Cgroup.Max > 0 {
		m.cgroup = r.Cgroup.Max
	}
	if r.MemTotal > 0 {
		m.total = r.MemTotal
	}
	m.limit = m.heap
	if m.cgroup != NoLimit {
		m.limit = min(m.limit, int64(cgroupShare*float64(m.cgroup)))
	}
	if own > 0 {
		m.limit = min(m.limit, own)
	}
}

// Default budgets.
const (
	limitShare   = 8
	mostOfLimit  = 1 << 30
	totalShare   = 16
	mostOfTotal  = 256 << 20
	budgetOfNone = 64 << 20 // where no limit and no size is known
)

// defaultBudget is the budget where the config names none.
func (m *memory) defaultBudget() int64 {
	switch {
	case m.limit != NoLimit:
		return min(m.limit/limitShare, mostOfLimit)
	case m.total > 0:
		return min(m.total/totalShare, mostOfTotal)
	}
	return budgetOfNone
}

func newPolicy(c Config) *policy {
	return &policy{c: c, one: weight{1, 1}}
}

// step takes a sample in and says what to do. settle must follow.
func (p *policy) step(s *sample) plan {
	elapsed := s.At - p.at
	p.at = s.At
	p.journal.begin(p, s)
	p.memory.see(&s.Reading, p.c.MemoryLimit)
	p.learn(s, elapsed)
	p.follow(s)
	p.setLimit(s, elapsed)
	p.setAges(s)
	p.started = true
	level := p.pressure.level
	return plan{
		limit:   p.limit,
		pressed: level >= pool.PressureHigh && !p.futile.relieved,
		others:  [...]float64{0, 0, 7. / 8, 1}[level],
	}
}

// learn takes in what the pools saw.
func (p *policy) learn(s *sample, elapsed time.Duration) {
	p.age(elapsed)
	p.cost.fade(elapsed)
	p.idle = 0
	for len(p.pools) < len(s.Pools) {
		p.pools = append(p.pools, poolState{})
	}
	for i := range s.Pools {
		p.learnPool(&p.pools[i], &s.Pools[i], elapsed)
	}
	p.seeGarbage(s)
}

// dropped is the bytes that the pools let go of, or did not take back, since the
// sample before.
func dropped(s *sample) (bytes int64) {
	for i := range s.Pools {
		for j := range s.Pools[i].Demand.Classes {
			d := &s.Pools[i].Demand.Classes[j]
			bytes += int64(d.Dropped+d.Refused) * d.Size
		}
	}
	return bytes
}

func (p *policy) learnPool(state *poolState, s *poolSample, elapsed time.Duration) {
	if s.Fresh || len(state.classes) != len(s.Demand.Classes) {
		*state = poolState{sizes: make([]int64, len(s.Demand.Classes)), classes: make([]class, len(s.Demand.Classes))}
	}
	state.name, state.open = s.Name, s.Open
	p.idle += s.Others
	breakEven := p.c.BreakEven.Seconds()
	for i := range s.Demand.Classes {
		d, c := &s.Demand.Classes[i], &state.classes[i]
		state.sizes[i] = d.Size
		p.idle += d.Idle * d.Size
		c.add(d, &p.one, elapsed, p.c.HalfLife)
		c.idle = d.Idle * d.Size
		c.regrets += d.Regrets
		p.regrets += d.Regrets
		p.cost.add(d, breakEven)
	}
}

// age makes all that is known weigh less against what comes now.
func (p *policy) age(elapsed time.Duration) {
	for k := range p.one {
		p.one[k] *= float32(math.Exp2(min(float64(elapsed)/float64(p.c.HalfLife)/lasting[k], 100)))
		if p.one[k] >= 1<<20 {
			p.scale(k)
		}
	}
}

// scale lets a memory begin with a weight of 1 again.
func (p *policy) scale(k int) {
	for i := range p.pools {
		for j := range p.pools[i].classes {
			for d := range p.pools[i].classes[j].depths {
				p.pools[i].classes[j].depths[d].scale(k, 1/p.one[k])
			}
		}
	}
	p.one[k] = 1
}

// follow changes the pressure level.
func (p *policy) follow(s *sample) {
	a := p.pressure.assess(&s.Reading, p.memory.limit, &p.c.Levels)
	from := p.pressure.level
	if p.pressure.follow(&a, &s.Reading, s.At, p.c.Dwell) {
		p.journal.changed(&p.pressure, &a)
		p.hasForce = p.hasForce && p.pressure.level < from
	}
	p.futile.see(p, s)
}

// Budget and break-even time by level, in shares of those in calm.
var (
	budgetShare = [pool.NumPressureLevels]int64{1, 2, 8, math.MaxInt64}
	timeShare   = [pool.NumPressureLevels]time.Duration{1, 2, 10, math.MaxInt64}
)

// regrowth is how much of the budget a limit grows by in a second: slowly, for
// the next reading that tells what it did may be long in coming.
const regrowth = 0.10

// setLimit moves the limit to what the level allows: down at once, up slowly.
func (p *policy) setLimit(s *sample, elapsed time.Duration) {
	p.budget = p.c.MaxIdleBytes
	if p.budget == 0 {
		p.budget = p.memory.defaultBudget()
	}
	target := p.target(s)
	switch {
	case !p.started || target < p.limit:
		p.limit = target
	case target > p.limit:
		grown := float64(p.limit) + regrowth*float64(min(p.budget, 1<<53))*elapsed.Seconds()
		if grown < float64(target) {
			target = int64(grown)
		}
		p.limit = target
	}
}

// target is the budget at the level.
func (p *policy) target(s *sample) int64 {
	level := p.pressure.level
	if level == pool.PressureNone {
		return p.budget
	}
	budget := p.budget
	if budget == pool.Unlimited {
		budget = max(p.journal.usedInCalm, s.Used) // a share of no limit is none
	}
	if level == pool.PressureCritical && p.futile.relieved {
		level = pool.PressureHigh
	}
	return budget / budgetShare[level]
}

// prices are those at the level. Under pressure nothing is kept for long on the
// hope that it will be wanted.
func (p *policy) prices() prices {
	level := p.pressure.level
	if level == pool.PressureCritical && p.futile.relieved {
		level = pool.PressureHigh
	}
	T := (p.c.BreakEven / timeShare[level]).Seconds()
	most := T / p.c.Clamp
	if level >= pool.PressureHigh {
		most = T
	}
	late := p.c.Interval.Seconds() / 2
	if level > pool.PressureNone {
		late = 0
	}
	return prices{T: T, least: T * p.c.Clamp, most: most, late: late}
}

// setAges finds every class's idle age. Nothing is kept at the critical level.
func (p *policy) setAges(s *sample) {
	prices := p.prices()
	for i := range s.Pools {
		for j := range s.Pools[i].Demand.Classes {
			c := &p.pools[i].classes[j]
			if prices.T == 0 {
				c.keepNothing()
				continue
			}
			c.setAge(&s.Pools[i].Demand.Classes[j], &prices, &p.one)
		}
	}
}

// letGo is what becomes of the policy when its controller ends: if that begins
// again, it begins with the budget of calm and looks again.
func (p *policy) letGo() {
	p.limit = p.budget
	p.pressure = ladder{since: p.at}
	p.futile = futility{}
}
