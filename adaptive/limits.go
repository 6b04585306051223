package adaptive

import "github.com/otelpool/pool"

// memory is the limits last heard of: they do not go away when for a moment they
// cannot be read, and they do when the one who set them takes them away.
type memory struct {
	limit  int64 // the least, or NoLimit
	heap   int64
	cgroup int64
	total  int64
	seen   bool
}

func (m *memory) see(r *Reading, own int64) {
	if !m.seen {
		*m = memory{limit: NoLimit, heap: NoLimit, cgroup: NoLimit, seen: true}
	}
	if r.Heap.OK() && r.Heap.Limit > 0 {
		m.heap = r.Heap.Limit
	}
	if r.Cgroup.known() {
		m.cgroup = max(r.Cgroup.Max, 0)
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

// regrowth is how much of the budget a limit grows by in a second: slowly, for
// the next reading that tells what it did may be long in coming.
const regrowth = 0.10

// setLimit moves the limit to the budget: down at once, up slowly, and not at all
// while memory is short or what was dropped is not memory again.
func (p *policy) setLimit(s *sample) {
	p.budget = p.c.MaxIdleBytes
	if p.budget == 0 {
		p.budget = p.memory.defaultBudget()
	}
	target := p.target()
	switch {
	case !p.started || target < p.limit:
		p.limit = target
	case target > p.limit && p.pressure.level < pool.PressureHigh && p.garbage.bytes < largeTrim:
		grown := float64(p.limit) + regrowth*float64(min(p.budget, 1<<53))*p.elapsed.Seconds()
		grown = max(grown, float64(p.steady()))
		if grown < float64(target) {
			target = int64(grown)
		}
		p.limit = target
	}
}

// target is where the limit goes: to the budget, or beyond it to what is in steady
// use if the budget is our own guess. It bounds hoards; what was out all together a
// moment ago was in memory all together, so to keep it takes no more than it took,
// and to refuse it makes garbage of it each time.
func (p *policy) target() int64 {
	if p.c.MaxIdleBytes > 0 {
		return p.budget
	}
	return max(p.budget, p.steady())
}

// steady is the bytes that were out all together within the break-even time, up to
// where the pools alone would be pressure.
func (p *policy) steady() (bytes int64) {
	if p.memory.limit == NoLimit {
		return 0
	}
	for i := range p.pools {
		if !p.pools[i].open {
			continue
		}
		for j := range p.pools[i].classes {
			bytes += p.pools[i].sizes[j] * p.pools[i].classes[j].reached.most()
		}
	}
	return min(bytes, int64(p.c.Levels.Elevated.Enter*float64(p.memory.limit)))
}
