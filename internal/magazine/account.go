package magazine

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otelpool/pool"
)

// account is what the pool may hold and what is charged to that: idle ≤ charged ≤ limit.
// Every byte is charged before there is an object to fill it, by a cell for its quota or by a
// depot, and released after the object has gone. It is charged to the limit first and
// to the budget then, and released in the same order.
type account struct {
	limit   atomic.Int64
	charged atomic.Int64
	budget  *pool.Budget // nil: none
	reserve atomic.Int64 // idle bytes that neither age nor budget take
	full    atomic.Int64 // until when the clock is to say that room is short: see noteFull
	grown   atomic.Uint64
	shrunk  atomic.Uint64

	dividing sync.Mutex // guards divided
	divided  int64      // each cell's share of the limit, 0 before the first
}

const (
	// roomyPart and fullPart are the parts of the limit that the Ps may charge of each
	// class, as one in so many.
	roomyPart = 2
	fullPart  = 16
	// fullFor is for how long a pool that was full is taken to become so again.
	fullFor = 5 * time.Minute
)

// charge takes n bytes from the limit and the budget if they are left. It never
// waits: a failed exchange means that somebody else succeeded.
func (a *account) charge(n int64) bool {
	for {
		used := a.charged.Load()
		if n > a.limit.Load()-used {
			return false
		}
		// The limit may have been lowered since it was read. Who lowered it reads charged
		// afterwards, and frees what is over.
		if a.charged.CompareAndSwap(used, used+n) {
			break
		}
	}
	if a.budget != nil && !a.budget.Charge(n) {
		a.charged.Add(-n)
		return false
	}
	return true
}

// release gives n charged bytes back.
func (a *account) release(n int64) {
	if n == 0 {
		return
	}
	a.charged.Add(-n) // the object has gone already: in between the room is free, and looks taken
	if a.budget != nil {
		a.budget.Release(n)
	}
}

// fits reports whether there is room for n bytes. It charges them to know, since limit and budget
// are two numbers, and what was seen of the one says nothing once the other has been read.
func (a *account) fits(n int64) bool {
	if !a.charge(n) {
		return false
	}
	a.release(n)
	return true
}

// over is the bytes charged beyond the limit, which was lowered; below 0, what is left.
func (a *account) over() int64 { return a.charged.Load() - a.limit.Load() }

// setLimit changes the limit and counts that. Swap tells each of several callers what it changed,
// so that a change is counted once, and as what it was.
func (a *account) setLimit(bytes int64) {
	switch before := a.limit.Swap(bytes); {
	case bytes > before:
		a.grown.Add(1)
	case bytes < before:
		a.shrunk.Add(1)
	}
}

// noteFull notes that there is no room left, here or in another pool of the budget. What
// Ps have charged then keeps others from what they need, and what they hold nobody can
// compare: they get less.
func (a *account) noteFull(now int64) {
	if until := now + int64(fullFor); a.full.Load() != until { // read first, since a full pool comes here at every Put
		a.full.Store(until)
	}
}

// divide sets what a cell may charge, and reports whether that is less than before: of
// each class at most 1/(2·Ps) of the limit, so that at least half of it is never bound to a
// P, and where room is short an eighth of that. A budget that was lowered counts from the
// next window on.
func (p *Pool) divide() (less bool) {
	a := &p.account
	// Two that divide at once, after SetLimit and after GOMAXPROCS rose, could each read one of the
	// two as it was, and the older share be set last.
	a.dividing.Lock() // and limit and Ps are read under it, so that the last to divide has seen every change
	defer a.dividing.Unlock()
	limit := a.limit.Load()
	if a.budget != nil {
		limit = min(limit, a.budget.Limit())
	}
	part := roomyPart
	if a.full.Load() > p.aging.now.Load() {
		part = fullPart
	}
	share := limit / int64(part*p.shards.count())
	if share == a.divided {
		return false
	}
	less = share < a.divided
	a.divided = share
	for i := range p.depots {
		p.depots[i].setShare(share)
	}
	return less
}

// setShare sets how many bytes a cell of the class may charge, and from that how many
// objects it fills a magazine with. Cells read the two one by one, without a lock. One that has
// the old share and the new span charges what it could before, and detaching the shards when
// the share shrinks takes that back.
func (d *depot) setShare(share int64) {
	span := int64(d.length)
	switch {
	case d.size > tallyBytes:
		span = 0
	case d.size > 0:
		span = min(span, share/(2*d.size))
	}
	d.share.Store(share)
	d.span.Store(span)
}

// SetLimit changes the limit and returns it. When it returns, no more than the
// limit is charged.
func (p *Pool) SetLimit(bytes int64) int64 {
	bytes = max(bytes, 0)
	p.account.setLimit(bytes)
	p.divide()
	// Nothing more is charged beyond the new limit; what is charged comes down
	// as magazines that are on their way reach the depot. A closed pool keeps none.
	for !p.shards.closed.Load() && p.account.limit.Load() == bytes { // or somebody else has set another
		over := p.account.over()
		if over <= 0 {
			break
		}
		if p.evict(over, never, pool.EvictResize) < over {
			p.flush()
			runtime.Gosched() // who have a magazine on its way
		}
	}
	return bytes
}

// SetReserve implements control.Tunable.
func (p *Pool) SetReserve(bytes int64) { p.account.reserve.Store(max(bytes, 0)) }
