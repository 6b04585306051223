package pool

import (
	"cmp"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/otelpool/pool/control"
)

// Budget is one limit on idle bytes that many pools share. A pool holds no more than
// its own limit and no more than is left of its budget: the one in its config, or its
// registry's if the pool is published.
//
// Pools charge a budget for room before they fill it, so the bytes they hold never
// exceed the limit, not even for a moment. If the limit is lowered below that, they
// keep nothing more until they are below it again. When the budget is full, a Put
// evicts the object of any pool that is expected to stay unused longest.
type Budget struct {
	limit   atomic.Int64
	used    atomic.Int64
	pressed atomic.Bool
	barren  atomic.Int64 // calls of MakeRoom that need not look, since one found nothing
	members members[control.BudgetMember]
}

// NewBudget returns a budget of the given bytes. It panics if bytes is negative.
func NewBudget(bytes int64) *Budget {
	if bytes < 0 {
		panic(fmt.Sprintf("pool: budget of %d bytes: must not be negative", bytes))
	}
	b := new(Budget)
	b.limit.Store(bytes)
	return b
}

// Limit returns the most bytes the pools may hold together.
func (b *Budget) Limit() int64 { return b.limit.Load() }

// SetLimit changes the limit; a negative one counts as 0. It drops nothing: see
// Reclaim.
func (b *Budget) SetLimit(bytes int64) { b.limit.Store(max(bytes, 0)) }

// Used returns the bytes charged now: those that the pools hold, and the room that Ps
// have reserved and not filled.
func (b *Budget) Used() int64 { return b.used.Load() }

// SetPressed says whether memory is short. If so, pools count what they refuse for lack of
// room as pressure instead of full.
func (b *Budget) SetPressed(pressed bool) { b.pressed.Store(pressed) }

// Pressed reports what SetPressed set.
func (b *Budget) Pressed() bool { return b.pressed.Load() }

// Charge takes n bytes from the budget if they are left. It is for pool
// implementations. It never waits, so it may be called where a goroutine must not be
// descheduled.
func (b *Budget) Charge(n int64) bool {
	for {
		used := b.used.Load()
		if n > b.limit.Load()-used {
			return false
		}
		if b.used.CompareAndSwap(used, used+n) {
			return true
		}
	}
}

// Release gives back n charged bytes.
func (b *Budget) Release(n int64) { b.used.Add(-n) }

// Join adds a pool to those that the budget can evict from, until leave is called. It
// is for pool implementations.
func (b *Budget) Join(m control.BudgetMember) (leave func()) { return b.members.join(m) }

// MakeRoom drops the objects with the longest expected wait, so that n bytes may fit,
// if that wait is longer than the given one: that of the object to be kept, or 0 if
// it is not known. It reports whether it dropped anything. Pool implementations call
// it before they refuse an object. After a call that found nothing to drop, one call
// for every eight pools returns without looking, so that a refusal costs the same
// with a thousand pools as with eight.
func (b *Budget) MakeRoom(n int64, wait time.Duration) bool {
	if b.barren.Load() > 0 && b.barren.Add(-1) >= 0 {
		return false
	}
	var from control.BudgetMember
	longest := wait
	for m := range b.members.all {
		if wait, ok := m.LongestWait(0); ok && wait > longest {
			from, longest = m, wait
		}
	}
	if from != nil && from.Evict(max(n, b.Limit()/256), 0, false) > 0 { // more than is needed, so that not every Put has to look
		return true
	}
	b.barren.Store(int64(b.members.len() / 8))
	return false
}

// Reclaim drops the objects with the longest expected wait, of any pool, until what
// is charged fits the limit. It returns the bytes dropped. It takes objects from the
// Ps only if the depots' are not enough; then it stops the world once, for some ten
// microseconds, however many pools there are.
func (b *Budget) Reclaim() int64 {
	freed := b.evict()
	if b.over() <= 0 {
		return freed
	}
	all := slices.Collect(b.members.all) // whoever leaves meanwhile is drained all the same
	for _, m := range all {
		m.Detach()
	}
	for _, m := range all {
		m.Drain()
	}
	return freed + b.evict()
}

func (b *Budget) over() int64 { return b.Used() - b.Limit() }

func (b *Budget) evict() (freed int64) {
	if b.over() <= 0 {
		return 0
	}
	var queue []waitingMember // the longest wait comes last
	for m := range b.members.all {
		if wait, ok := m.LongestWait(0); ok {
			queue = append(queue, waitingMember{m, wait})
		}
	}
	slices.SortFunc(queue, waitingMember.compare)
	for over := b.over(); over > 0 && len(queue) > 0; over = b.over() {
		last := len(queue) - 1
		m := queue[last]
		queue = queue[:last]
		// A part at a time, for another's may have to wait for longer than the rest.
		got := m.Evict(min(over, max(b.Limit()/64, 64<<10)), 0, b.Pressed())
		freed += got
		if wait, more := m.LongestWait(0); more && got > 0 {
			m.wait = wait
			at, _ := slices.BinarySearchFunc(queue, m, waitingMember.compare)
			queue = slices.Insert(queue, at, m)
		}
	}
	return freed
}

// waitingMember is a member and the wait of what it would drop first.
type waitingMember struct {
	control.BudgetMember
	wait time.Duration
}

func (m waitingMember) compare(n waitingMember) int { return cmp.Compare(m.wait, n.wait) }
