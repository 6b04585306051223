package adaptive

import (
	"math"
	"time"

	"github.com/otelpool/pool/control"
)

// What stands for a bin of control.Gaps, and where it begins, in seconds.
var gapLength, gapStart = func() (length, start [control.NumGaps]float64) {
	for bin := range length {
		length[bin] = control.GapLength(bin).Seconds()
		start[bin] = length[bin] / math.Exp2(1./8) // bins are a quarter of a doubling wide
	}
	return length, start
}()

// prices is what time costs: T is how long holding an object costs as much as
// allocating it, least and most bound the idle ages, and late is by how much objects
// are older than their idle age when they are dropped, on average, since pools look
// at the ends of windows. Stay is how long what is dropped is garbage, where garbage
// is what may reach a limit; 0 elsewhere. All are in seconds.
type prices struct{ T, least, most, late, stay float64 }

// rate is 1/T, or 0 where no time is known yet.
func (p *prices) rate() float64 {
	if p.T == 0 {
		return 0
	}
	return 1 / p.T
}

// learner knows how long the objects at one depth lie unused, and finds the idle
// age θ that would have cost least.
//
// An idle age θ costs g/T for a gap g shorter than θ, and θ/T and a miss for
// a longer one: a ski rental for each depth, as Lu and Chen have it for servers
// (Simple and Effective Dynamic Provisioning for Power-Proportional Data Centers,
// arXiv 1112.0442). They take the worst case; here the gaps are learned, and the
// clamp bounds what it costs when they change.
//
// How long to remember depends on whether they do. A long memory knows most of a
// demand that stays, and is wrong for long after one that has turned. So there are
// two, and each is charged what the age that it advises would have cost with the gaps
// that ended of late. The long one is followed, unless the short one has saved a miss
// for each of the depths: less than that is chance.
type learner struct {
	memories [memories]gaps
	age      time.Duration // 0: not found yet
}

// memories are a short one, whose half-life is the config's, and one of twelve times that.
const memories = 2

var lasting = [memories]float64{1, 12}

// weight is what a gap that ends now counts, in each memory. It grows, which saves
// letting all others shrink.
type weight [memories]float32

// gaps is a memory of gaps.
type gaps struct {
	ended  [control.NumGaps]float32
	absent float32 // objects dropped and not asked for since: gaps without an end
	all    float32 // the sum of both
	fresh  float32 // of it, what came since the age was found
	times  float32 // that gaps ended: those of a burst end together
	age    float64 // that would have cost least
	cost   float32 // what it would have cost of late, in misses
}

// ended takes in n gaps that ended, of which gone were of objects that had been dropped.
func (l *learner) ended(p *prices, bin int, n, gone float32, one *weight) {
	length, rate := gapLength[bin], p.rate()
	for k := range l.memories {
		m := &l.memories[k]
		known := min(gone*one[k], m.absent)
		m.ended[bin] += n * one[k]
		m.absent -= known
		m.all += n*one[k] - known
		m.fresh += n * one[k]
		m.times += one[k]
		if length < m.age {
			m.cost += one[0] * n * float32(length*rate)
		} else { // those that are gone were charged for their age when they were dropped
			m.cost += one[0] * (n + (n-gone)*float32(m.age*rate))
		}
	}
}

// dropped takes in n objects that were dropped.
func (l *learner) dropped(p *prices, n float32, one *weight) {
	rate := p.rate()
	for k := range l.memories {
		m := &l.memories[k]
		m.absent += n * one[k]
		m.all += n * one[k]
		m.fresh += n * one[k]
		m.cost += one[0] * n * float32(m.age*rate)
	}
}

// 1/fresh of what is known has to be new before the learner looks again.
const fresh = 16

// stale reports whether so much is new that another age may be best.
func (m *gaps) stale() bool { return m.fresh*fresh > m.all }

func (l *learner) stale() bool { return l.memories[0].stale() || l.memories[1].stale() }

// setAge finds the idle age, from all if the prices are new. There are so many depths.
func (l *learner) setAge(p *prices, one *weight, depths float32, all bool) {
	for k := range l.memories {
		if m := &l.memories[k]; all || m.stale() {
			m.age, m.fresh = m.best(p, one[k]), 0
		}
	}
	age := l.memories[1].age
	if l.turned(depths, one) {
		age = l.memories[0].age
	}
	l.age = max(time.Duration((age-p.late)*float64(time.Second)), 1)
}

// turned reports whether the short memory knows better.
func (l *learner) turned(depths float32, one *weight) bool {
	return l.memories[0].cost+depths*one[0] < l.memories[1].cost
}

// best is the idle age that costs least, as far as is known. one is the weight of
// a gap that ended now.
func (m *gaps) best(p *prices, one float32) float64 {
	ended := m.blurred(one)
	least := max(p.least, p.late, m.unsafe(p.stay, one)) // nothing is dropped earlier
	bin := 0
	for gapStart[bin] < least {
		bin++ // whatever the age, these gaps are held through
	}
	misses := float32(0)
	for _, n := range ended[bin:] {
		misses += n
	}
	best, cheapest, held := least, math.Inf(1), 0.0
	doublings := math.Log2(gapStart[bin] / p.T / unknown) // from what is believed
	for ; bin < control.NumGaps && gapStart[bin] <= p.most; bin++ {
		cost := (held+float64(misses+m.absent)*gapStart[bin])/p.T + float64(misses) + float64(one)*prior(doublings)
		if cost < cheapest {
			best, cheapest = gapStart[bin], cost
		}
		held += float64(ended[bin]) * gapLength[bin]
		misses -= ended[bin]
		doublings += 1. / 4
	}
	return best
}

const (
	// manyGaps is how many gaps have to be known for their length to be trusted, and
	// manyTimes how often some of them have to have ended: a burst is once, however many
	// objects it takes.
	manyGaps, manyTimes = 64, 3
	// beyond is how many bins an idle age is above the longest of them: a use that
	// comes late by two thirds is no sign that they have ended.
	beyond = 3
)

// unsafe is the idle age below which to drop is to risk that an object is wanted again
// while it is garbage: the stay, or less if all of many gaps, of many times, were shorter.
func (m *gaps) unsafe(stay float64, one float32) float64 {
	if stay == 0 || (m.all-m.absent)/one < manyGaps || m.times/one < manyTimes {
		return stay
	}
	longest := 0
	for bin, n := range m.ended {
		if n > one/2 {
			longest = bin
		}
	}
	return min(stay, gapStart[min(longest+beyond, control.NumGaps-1)])
}

// blurred is how often gaps of each length can be expected. Of few gaps it is chance in
// which bin they are, and the best age for just these is just above the longest; so
// each stands for others around it, by a kernel that is the narrower the more
// there are.
func (m *gaps) blurred(one float32) [control.NumGaps]float32 {
	ended := m.ended
	width := blur / float32(math.Cbrt(max(float64((m.all-m.absent)/one), 1)))
	decay := width / (1 + width)
	sum := float32(0)
	for bin, n := range ended {
		sum = sum*decay + n*(1-decay)
		ended[bin] = sum
	}
	sum = 0
	for bin := len(ended) - 1; bin >= 0; bin-- {
		sum = sum*decay + ended[bin]*(1-decay)
		ended[bin] = sum
	}
	return ended
}

const (
	// unknown is the idle age of what nothing is known of, in T. If any length
	// from T/20 to 20T is as likely as twice the length, a gap's chance to end in
	// the next moment falls below 1/T after 0.22·T.
	unknown = 0.2
	// conviction is how much that is believed, against gaps that were seen.
	conviction = 0.1
	// blur is how many bins a single gap is spread over, to either side.
	blur = 4
)

// prior is the cost, before anything is known, of an idle age the given doublings away
// from the one believed best.
func prior(doublings float64) float64 { return conviction * doublings * doublings }

// again is the chance that what was dropped had been wanted within T.
func (l *learner) again(breakEven float64, one *weight) float64 {
	m := &l.memories[0]
	soon, all := float64(one[0])/2, float64(one[0]+m.absent)
	for bin, n := range m.ended {
		if gapLength[bin] < breakEven {
			soon += float64(n)
		}
		all += float64(n)
	}
	return soon / all
}

// scale makes all that a memory knows count f times as much.
func (l *learner) scale(k int, f float32) {
	m := &l.memories[k]
	for bin := range m.ended {
		m.ended[bin] *= f
	}
	m.absent *= f
	m.all *= f
	m.fresh *= f
	m.times *= f
	if k == 0 { // by the short one's weight both are charged
		for i := range l.memories {
			l.memories[i].cost *= f
		}
	}
}
