package pool

import (
	"fmt"
	"sync/atomic"
)

// Budget is one limit on idle bytes that many pools share. A pool with a
// Budget in its config holds no more than its own limit and no more than what
// is left of the budget.
//
// Pools charge a budget for the room they may fill, before they fill it, so
// the bytes they hold never exceed the limit, not even for a moment, unless
// the limit is lowered under them: then nothing more is kept until they are
// below it again.
type Budget struct {
	limit atomic.Int64
	used  atomic.Int64
}

// NewBudget returns a budget of the given bytes. It panics if bytes is
// negative.
func NewBudget(bytes int64) *Budget {
	if bytes < 0 {
		panic(fmt.Sprintf("pool: budget of %d bytes: must not be negative", bytes))
	}
	b := new(Budget)
	b.limit.Store(bytes)
	return b
}

// Limit is the most bytes the pools may hold together.
func (b *Budget) Limit() int64 { return b.limit.Load() }

// SetLimit changes the limit; a negative one is taken as 0. It drops nothing:
// a controller that lowers a budget trims the pools that share it.
func (b *Budget) SetLimit(bytes int64) { b.limit.Store(max(bytes, 0)) }

// Used is what the pools have charged now: the bytes they hold, and the room
// that their per-P stacks have taken and not filled.
func (b *Budget) Used() int64 { return b.used.Load() }

// Charge takes n bytes from the budget if they are left. It is for pool
// implementations. It never waits: safe where a goroutine must not be
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

// Release gives n charged bytes back.
func (b *Budget) Release(n int64) { b.used.Add(-n) }
