package adaptive

import "github.com/otelpool/pool/control"

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
	if r.Cgroup.Known() {
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

// Default budgets. Where there is a limit it is where pools alone would be pressure:
// to refuse what was in memory a moment ago makes garbage of it, and hoards are for
// the idle ages to bound.
const (
	limitShare   = 2
	totalShare   = 16
	mostOfTotal  = 256 << 20
	budgetOfNone = 64 << 20 // where no limit and no size is known
)

// defaultBudget is the budget where the config names none.
func (m *memory) defaultBudget() int64 {
	switch {
	case m.limit != NoLimit:
		return m.limit / limitShare
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
func (p *policy) setLimit() {
	p.budget = p.c.MaxIdleBytes
	if p.budget == 0 {
		p.budget = p.memory.defaultBudget()
	}
	target := p.budget
	switch {
	case !p.started || target < p.limit:
		p.limit = target
	case target > p.limit && p.pressure.level < control.PressureHigh && p.garbage.bytes < largeTrim:
		grown := float64(p.limit) + regrowth*float64(min(p.budget, 1<<53))*p.elapsed.Seconds()
		if grown < float64(target) {
			target = int64(grown)
		}
		p.limit = target
	}
}
