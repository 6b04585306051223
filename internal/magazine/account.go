package magazine

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otelpool/pool"
)

// account has the pool's limit and the bytes charged to it: idle ≤ charged ≤ limit.
// Every byte is charged before an object fills it, by a cell for its quota or by a
// depot, and released after the object has gone. It is charged to the limit first and
// then to the budget, and released in the same order.
type account struct {
	limit   atomic.Int64
	charged atomic.Int64
	budget  *pool.Budget // nil: none
	reserve atomic.Int64 // idle bytes that neither age nor the budget evicts
	full    atomic.Int64 // the clock's time until which room counts as short: see noteFull
	grown   atomic.Uint64
	shrunk  atomic.Uint64

	dividing sync.Mutex // guards divided and part
	divided  int64      // each cell's share of the limit, 0 before the first
	part     int        // roomyPart or fullPart
}

const (
	// The Ps may charge 1/roomyPart of the limit for each class, or 1/fullPart if room
	// is short.
	roomyPart = 2
	fullPart  = 32
	// fullFor is the time for which a pool that was full is expected to become full
	// again.
	fullFor = 5 * time.Minute
)

// charge takes n bytes from the limit and the budget if they have room. It never waits:
// a failed exchange means that another caller succeeded.
func (a *account) charge(n int64) bool {
	for {
		used := a.charged.Load()
		if n > a.limit.Load()-used {
			return false
		}
		// The limit may have been lowered since it was read. SetLimit reads charged
		// afterwards, and evicts the excess.
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
	a.charged.Add(-n) // after the object has gone: in between the room is free, and counts as taken
	if a.budget != nil {
		a.budget.Release(n)
	}
}

// fits reports whether there is room for n bytes. It charges them to find out, because
// limit and budget are two numbers: by the time the second has been read, the first may
// have changed.
func (a *account) fits(n int64) bool {
	if !a.charge(n) {
		return false
	}
	a.release(n)
	return true
}

// over is the bytes charged beyond the limit, if that was lowered; if negative, the
// room left.
func (a *account) over() int64 { return a.charged.Load() - a.limit.Load() }

// setLimit changes the limit and counts the change. Swap gives each of several callers
// the limit that it replaced, so that every change is counted once and in the right
// direction.
func (a *account) setLimit(bytes int64) {
	switch before := a.limit.Swap(bytes); {
	case bytes > before:
		a.grown.Add(1)
	case bytes < before:
		a.shrunk.Add(1)
	}
}

// noteFull notes that there is no room left, here or in another pool of the budget.
// Room that Ps have charged is then missing elsewhere, and eviction cannot rank the
// objects that they hold, so each P may charge less.
func (a *account) noteFull(now int64) {
	if until := now + int64(fullFor); a.full.Load() != until { // read first, since a full pool comes here at every Put
		a.full.Store(until)
	}
}

// divide sets the bytes that a cell may charge, and reports whether they are fewer than
// before: for each class at most 1/(2·Ps) of the limit, so that at least half of it is
// never bound to a P. While room is short it is a sixteenth of that, or three objects where
// the share has room for one only. A lowered budget takes effect at the next window.
func (p *Pool) divide() (less bool) {
	a := &p.account
	// Without the lock, one caller after SetLimit and one after GOMAXPROCS rose could
	// each read an old value of the other's, and the older share could be stored last.
	a.dividing.Lock() // limit and Ps are read under it, so that the last caller has seen every change
	defer a.dividing.Unlock()
	limit := a.limit.Load()
	if a.budget != nil {
		limit = min(limit, a.budget.Limit())
	}
	part, least := roomyPart, int64(0)
	if a.full.Load() > p.aging.now.Load() {
		part, least = fullPart, 1 // with the top and the previous magazine's that makes three
	}
	share := limit / int64(part*p.shards.count())
	if share == a.divided && part == a.part {
		return false
	}
	less = share < a.divided
	a.divided, a.part = share, part
	for i := range p.depots {
		p.depots[i].setShare(share, least)
	}
	return less
}

// setShare sets the bytes that a cell of the class may charge, and from those the
// number of objects with which it fills a magazine, or least if that is more and the
// share has room for one: it saves the depot's lock. Cells read the two one by one,
// without a lock. A cell with the old share and the new span charges as much as before;
// when the share shrinks, detaching the shards takes that back.
func (d *depot) setShare(share, least int64) {
	span := int64(d.length)
	switch {
	case d.size > tallyBytes:
		span = 0
	case d.size > 0:
		span = min(span, max(share/(2*d.size), min(share/d.size, least)))
	}
	d.share.Store(share)
	d.span.Store(span)
}

// SetLimit changes the limit and returns it. When it returns, no more than the limit is
// charged.
func (p *Pool) SetLimit(bytes int64) int64 {
	bytes = max(bytes, 0)
	p.account.setLimit(bytes)
	p.divide()
	// Nobody charges beyond the new limit any more, and the bytes charged fall as
	// magazines on their way reach the depot. A closed pool keeps none.
	for !p.shards.closed.Load() && p.account.limit.Load() == bytes { // until another caller sets another limit
		over := p.account.over()
		if over <= 0 {
			break
		}
		if p.evict(over, never, pool.EvictResize) < over {
			p.flush()
			runtime.Gosched() // to goroutines that carry a magazine
		}
	}
	return bytes
}

// SetReserve implements control.Tunable.
func (p *Pool) SetReserve(bytes int64) { p.account.reserve.Store(max(bytes, 0)) }
