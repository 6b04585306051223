package adaptive

import (
	"time"

	"github.com/otelpool/pool/control"
)

// Under pressure a byte that is dropped is not free yet. It is garbage for as long
// as its stay: until a collection has come and gone, and the readings have shown
// for a dwell what it came to. So dropping what would be wanted again after g saves
// its size for g − stay, and costs its allocation; if g is shorter than the stay,
// it takes up its size twice. Holding costs g. A price of memory at which holding
// for T costs as much as allocating therefore breaks even at T + stay, whatever the
// price: the ski rental is the one of calm, with another time to break even, and
// what is in use more often than the stay is never dropped, at any level.

// timeShare divides the break-even time of calm, by level.
var timeShare = [control.NumPressureLevels]time.Duration{1, 2, 10, 1 << 62}

// prices are those at the level.
func (p *policy) prices() prices {
	level := p.pressure.level
	T := (p.c.BreakEven / timeShare[level]).Seconds()
	stay := p.stay().Seconds()
	if level == control.PressureNone {
		calm := prices{T: T, least: T * p.c.Clamp, most: T / p.c.Clamp, late: p.c.Interval.Seconds() / 2}
		if p.memory.limit != NoLimit { // which garbage may be what reaches it
			calm.stay = stay
			calm.most = max(calm.most, stay)
		}
		return calm
	}
	return prices{T: T + stay, least: p.c.PressureInterval.Seconds(), stay: stay, most: T + 2*stay}
}

// stay is how long what is dropped now will take up memory, in whole quarters of a
// second: each new value has all idle ages found anew.
func (p *policy) stay() time.Duration {
	return (p.c.Dwell + p.garbage.wait(p.c)).Truncate(time.Second / 4)
}

// kept is the idle age while a step waits for its collection.
const kept = longestGC

// setAges finds every class's idle age. Under pressure the drops come in steps:
// while those of one are garbage, nothing more is dropped.
func (p *policy) setAges(s *sample) {
	prices := p.prices()
	for i := range s.Pools {
		for j := range p.pools[i].classes {
			p.pools[i].classes[j].setAge(&prices, &p.one)
		}
		p.pools[i].unused.see(s.Pools[i].Others, p.elapsed, p.stay())
	}
	p.leastAge = 0
	if p.pressure.level > control.PressureNone && p.garbage.step >= largeTrim {
		p.leastAge = kept
	}
}

// unused is the idle bytes of a pool that cannot tell its demand that were there
// all through the last stay: all that is known not to be in use.
type unused struct {
	low, before int64 // the least in this turn, and in the one before
	turned      time.Duration
	seen        bool
}

func (u *unused) see(idle int64, elapsed, turn time.Duration) {
	if !u.seen {
		*u = unused{low: idle, seen: true}
	}
	u.low, u.before = min(u.low, idle), min(u.before, idle)
	if u.turned += elapsed; u.turned >= turn {
		u.low, u.before, u.turned = idle, u.low, 0
	}
}

// take is the bytes to drop.
func (u *unused) take() int64 {
	bytes := u.before
	u.low, u.before = max(u.low-bytes, 0), 0
	return bytes
}

// every is how often the pool's objects are used, as far as is known: what most of
// the class with the most idle bytes waits for. 0 is more often than gaps are told
// apart, or not known.
func (p *policy) every() time.Duration {
	most := &class{idle: -1}
	for i := range p.pools {
		for j := range p.pools[i].classes {
			if c := &p.pools[i].classes[j]; c.idle > most.idle {
				most = c
			}
		}
	}
	return most.gap()
}

// gap is the median of the gaps that the class has seen.
func (c *class) gap() time.Duration {
	var gaps [control.NumGaps]float32
	var rest float32
	for i := range c.depths {
		for bin, n := range c.depths[i].memories[0].ended {
			gaps[bin] += n
			rest += n / 2
		}
	}
	for bin, n := range gaps {
		if rest -= n; n > 0 && rest <= 0 {
			return control.GapLength(bin)
		}
	}
	return 0
}
