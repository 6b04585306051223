package sim

import (
	"time"

	"github.com/otelpool/pool"
)

// Budget is a limit that Slots share.
type Budget struct {
	limit, used int64
	pressed     bool
	pools       []*Slots
}

// NewBudget returns a budget of the given bytes.
func NewBudget(bytes int64) *Budget { return &Budget{limit: bytes} }

// Limit is the most bytes the pools may hold together.
func (b *Budget) Limit() int64 { return b.limit }

// SetLimit changes the limit; Reclaim then makes the pools keep it.
func (b *Budget) SetLimit(bytes int64) { b.limit = max(bytes, 0) }

// Used is the bytes the pools hold.
func (b *Budget) Used() int64 { return b.used }

// SetPressed says whether refusals count as refusals under pressure.
func (b *Budget) SetPressed(on bool) { b.pressed = on }

// Reclaim drops what has the longest wait until the pools fit the limit.
func (b *Budget) Reclaim() (freed int64) {
	before := b.used
	for b.used > b.limit && b.evict(b.now(), 0) {
	}
	return before - b.used
}

func (b *Budget) now() (at time.Duration) {
	for _, p := range b.pools {
		at = max(at, p.idle.at, p.now)
	}
	return at
}

// room makes room for p's bytes by evicting objects that can be expected to wait for
// at least the given time, if there are enough of them.
func (b *Budget) room(at time.Duration, p *Slots, bytes int64, wait time.Duration) bool {
	if p.idle.bytes+bytes > p.limit || bytes > b.limit {
		return false
	}
	for b.used > b.limit-bytes {
		if !b.evict(at, wait) {
			return false
		}
	}
	return true
}

// evict drops the one object that has the longest wait in all pools, if it is not shorter
// than the least.
func (b *Budget) evict(at, least time.Duration) bool {
	var from *Slots
	class, longest := -1, time.Duration(-1)
	for _, p := range b.pools {
		if c, wait := p.idlest(at); c >= 0 && wait > longest {
			from, class, longest = p, c, wait
		}
	}
	if from == nil || longest < least {
		return false
	}
	from.evict(at, class, pool.EvictPressure)
	return true
}

// Pressed tells what SetPressed said last.
func (b *Budget) Pressed() bool { return b.pressed }
