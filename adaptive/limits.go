package adaptive

import (
	"cmp"

	"github.com/otelpool/pool/control"
)

// memory is the limits last heard of: they do not go away when for a moment they
// cannot be read, and they do when the one who set them takes them away.
type memory struct {
	limit  int64 // the least, or NoLimit
	heap   int64
	cgroup int64
	total  int64
}

func noMemory() memory { return memory{limit: NoLimit, heap: NoLimit, cgroup: NoLimit} }

func (m *memory) see(r *Reading, own int64) {
	if r.Heap.OK() && r.Heap.Limit > 0 {
		m.heap = r.Heap.Limit
	}
	if r.Cgroup.Known() {
		m.cgroup = max(r.Cgroup.Max, 0)
	}
	m.total = cmp.Or(max(r.MemTotal, 0), m.total)
	m.limit = min(m.heap, cmp.Or(max(own, 0), NoLimit))
	if m.cgroup != NoLimit {
		m.limit = min(m.limit, int64(cgroupShare*float64(m.cgroup)))
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
	p.budget = cmp.Or(p.c.MaxIdleBytes, p.memory.defaultBudget())
	switch {
	case !p.started || p.budget < p.limit:
		p.limit = p.budget
	case p.budget > p.limit && p.pressure.level < control.PressureHigh && p.garbage.bytes < largeTrim:
		grown := float64(p.limit) + regrowth*float64(min(p.budget, 1<<53))*p.elapsed.Seconds()
		p.limit = p.budget
		if grown < float64(p.budget) {
			p.limit = int64(grown)
		}
	}
}
