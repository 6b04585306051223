package adaptive

import (
	"math"
	"time"

	"github.com/otelpool/pool/control"
)

// sample is all that a policy is told in one run. A recording has the pools' demand, and
// the time, in a shorter form.
type sample struct {
	Now     time.Time     `json:"-"`
	At      time.Duration // since the first run, by a clock that never goes back
	Trigger control.Trigger
	Reading Reading
	Limit   int64        // of the budget
	Used    int64        // charged to it
	Pools   []poolSample `json:"-"` // at the same index for as long as the pool is open
}

// poolSample is a pool's part of a sample.
type poolSample struct {
	Name   string
	Open   bool           `json:",omitempty"`
	Fresh  bool           `json:",omitempty"` // not the pool that was at this index in the sample before
	Others int64          `json:",omitempty"` // idle bytes, of a pool that cannot tell its demand
	Demand control.Demand `json:"-"`
}

// policy decides, from samples and from nothing else: it knows no clock and does
// no input or output. The same samples make the same decisions. Once it has seen
// a pool at all its depths it allocates only where it decides something.
type policy struct {
	c     *Config // the controller's, or a recording's
	pools []poolState

	started  bool
	at       time.Duration
	elapsed  time.Duration // since the sample before
	one      weight        // of a gap that ends now
	pressure ladder
	memory   memory
	budget   int64         // of the whole, when memory is not short
	limit    int64         // in force
	leastAge time.Duration // that a pool is told, whatever was found for its classes

	idle         int64 // bytes, at the last sample
	garbage      garbage
	futile       bool // the pools are not why memory is short
	turnedFutile bool // in this run
	journal      journal
	cost         cost // in bytes, of all pools
	regrets      uint64
}

// poolState is what a policy knows of a pool.
type poolState struct {
	classes []class // none while it is closed
	unused  unused  // of one that cannot tell its demand
}

func newPolicy(c *Config) *policy {
	return &policy{c: c, one: weight{1, 1}, memory: noMemory()}
}

// step takes a sample in and decides the limit and the idle ages. settle must follow.
func (p *policy) step(s *sample) {
	p.elapsed = s.At - p.at
	p.at = s.At
	p.journal.begin(p, s)
	p.memory.see(&s.Reading, p.c.MemoryLimit)
	p.learn(s)
	p.follow(s)
	p.setLimit()
	p.setAges(s)
	p.started = true
}

// pressed reports whether memory is so short that what is refused is refused for that,
// and that what a pool does not use is dropped at once.
func (p *policy) pressed() bool { return p.pressure.level >= control.PressureHigh }

// learn takes in what the pools saw.
func (p *policy) learn(s *sample) {
	p.age(p.elapsed)
	p.cost.fade(p.elapsed)
	p.idle = 0
	p.pools = atLeast(p.pools, len(s.Pools))
	for i := range s.Pools {
		p.learnPool(&p.pools[i], &s.Pools[i])
	}
	p.garbage.see(p, s)
}

func (p *policy) learnPool(state *poolState, s *poolSample) {
	if s.Fresh || len(state.classes) != len(s.Demand.Classes) {
		*state = poolState{classes: make([]class, len(s.Demand.Classes))}
	}
	p.idle += s.Others
	breakEven := p.c.BreakEven.Seconds()
	for i := range s.Demand.Classes {
		d, c := &s.Demand.Classes[i], &state.classes[i]
		c.add(d, &p.one, p.elapsed, p.c.HalfLife)
		c.size, c.idle = d.Size, d.Idle*d.Size
		c.regrets += d.Regrets
		p.idle += c.idle
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
			p.pools[i].classes[j].scale(k, 1/p.one[k])
		}
	}
	p.one[k] = 1
}

// follow changes the pressure level.
func (p *policy) follow(s *sample) {
	a := p.pressure.assess(&s.Reading, p.memory.limit, &p.c.Levels)
	if p.pressure.follow(&a, &s.Reading, s.At, p.c.Dwell) {
		p.journal.changed(&p.pressure, &a)
		p.garbage.hasForce = p.garbage.hasForce && p.pressure.level < p.journal.from
	}
	p.judge(s)
}

// letGo resets the policy when its controller ends: one that begins again does so with
// the budget of calm and reads anew.
func (p *policy) letGo() {
	p.limit = p.budget
	p.pressure = ladder{}
	p.futile = false
}
