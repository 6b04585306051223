package magazine

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otelpool/pool/internal/percpu"
)

// OwnIdleAge is how long a free object may lie unused if no controller says otherwise.
const OwnIdleAge = time.Minute

// aging is a pool's clock, in nanoseconds, which moves only at the ends of windows, by
// the time that their callers pass. Objects are stamped with it. Stamps are only
// compared, so Get and Put read the clock without a lock: a late reading makes an
// object one window older.
type aging struct {
	now    atomic.Int64
	began  atomic.Int64 // now in the window before
	unused atomic.Int64 // the stamp of objects not used in that window: now in the one before it

	watched atomic.Bool // a member of unattended

	mu      sync.Mutex // one end of a window at a time
	windows *windows   // guarded by mu; nil before the first
}

// windows has the state that Age and Demand keep from one window to the next.
type windows struct {
	last     time.Time // the latest time that Age was called with
	ended    time.Time // when the window ended, by the computer's clock
	alone    time.Time // the same, if a collection ended it
	reported time.Time // last, of the latest Demand
	low      []int64   // by class, objects that lay unused in Ps in the latest window
	before   []counted // by class, the counts of the latest Demand
}

// counted is the part of a class's counts of which Demand reports the change.
type counted struct {
	hits, misses uint64
	idle         int64
}

// before is the stamp such that objects with an older one have been idle for the given
// time.
func (a *aging) before(idle time.Duration) int64 { return a.now.Load() - int64(idle) + 1 }

// windowsLocked returns windows. The first call makes it, because it would be most of
// the memory of an unused pool. The caller holds mu, as does everyone who touches
// windows.
func (a *aging) windowsLocked(classes int) *windows {
	if a.windows == nil {
		a.windows = &windows{low: make([]int64, classes), before: make([]counted, classes)}
	}
	return a.windows
}

// advance moves the clock to the end of a window. It stores now last, so that whoever
// sees the new time sees the other two as well.
func (a *aging) advance(window time.Duration) {
	began := a.now.Load()
	a.began.Store(began)
	a.unused.Store(began - int64(window))
	a.now.Add(int64(window))
}

// Age implements control.Ager: it ends a window. It asks Ps in use to give the depot
// the objects that they did not use in it. They do so at their next slow path, which is
// soon, because the unused objects are sealed. It takes the shards of the other Ps
// away.
func (p *Pool) Age(now time.Time) {
	p.aging.mu.Lock()
	defer p.aging.mu.Unlock()
	p.ageLocked(now)
}

// ageLocked ends a window at the controller's time. A time that repeats or goes back
// ends none: a window without length would make all idle objects look unused.
func (p *Pool) ageLocked(now time.Time) {
	w := p.aging.windowsLocked(len(p.depots))
	if w.last.IsZero() {
		w.last, w.reported = now, now
	}
	if window := now.Sub(w.last); window > 0 {
		w.last = now
		p.endLocked(w, window)
	}
}

func (p *Pool) endLocked(w *windows, window time.Duration) {
	w.ended = time.Now()
	clear(w.low)
	p.aging.advance(window)
	less := p.divide() // the budget may have been lowered; then all Ps give back their excess charge
	p.shards.detach(func(s *shard) bool { return s.inspect(w.low) || less })
}

// inspect looks at a P's cells at the end of a window and reports whether the P has not
// used some of them. For the used cells it adds the objects that lay unused to low.
//
// The P may be using them, and is not stopped. A cell's counters, which only grow, show
// whether it was used. Quota is read without a lock: a cell that was not used for a
// window is not written to right now, or else is noticed one window late.
func (s *shard) inspect(low []int64) (quiet bool) {
	for class := range s.cells {
		c := &s.cells[class]
		c.lock.Lock()
		hits, _ := c.counted()
		counted := percpu.Load(&c.pooled) + hits + percpu.Load(&c.misses)
		used := counted != s.seen[class]
		s.seen[class] = counted
		s.idle &^= 1 << class
		switch {
		case used && c.owed == 0: // the owner may be paying right now: an old value delays the seal by a window
			low[class] += int64(c.seal())
		case used:
			quiet = true // it uses only the top, so it never took a slow path
		case c.quota > 0:
			quiet = true
			s.idle |= 1 << class // only of this class: it stays true as long as nobody has the shard
		}
		c.lock.Unlock()
	}
	return quiet
}

// seal makes Get stop at the objects that the cell has now, and asks the owner for
// those that it did not use since the last seal. It returns the number of those in the
// loaded magazine.
//
// The owner may be using the cell: see percpu.StoreUint32. If it unseals or swaps at
// this very moment, a window's use goes unnoticed, or the mark is another magazine's.
// Only ageing depends on this: Get and Put check n and room, which only the owner
// writes, and payOwed moves the objects that there are, however many it was asked for.
func (c *Cell) seal() (unused int) {
	n := percpu.LoadUint32(&c.n)
	unused = int(min(percpu.LoadUint32(&c.low), n))
	if unused > 0 || !c.swapped && c.previous != nil {
		atomic.StoreInt32(&c.owed, int32(unused)+1)
		n = math.MaxUint32 // so that the next Get takes the slow path, and pays
	}
	percpu.StoreUint32(&c.low, n)
	return unused
}

// unseal lets Get take more. Halving the sealed part each time shows within a factor of
// two how much of it was used, and costs a few slow Gets a window. The store is atomic
// because seal may be writing: either value will do.
func (c *Cell) unseal() {
	if c.n <= c.low {
		percpu.StoreUint32(&c.low, c.n/2)
	}
}

// payOwed gives the depot the objects that the P did not use in a window. It brings an
// empty magazine along, as put does. If they have been paid or flushed meanwhile, there
// is nothing to do. The goroutine may be on another P by then, and pays for that P's
// cell.
func (p *Pool) payOwed(class int) {
	d := &p.depots[class]
	unused := d.takeEmpty()
	c := p.shards.front.At(percpu.Pin(), class)
	previous, ok := c.takeUnused(d, unused)
	c.Leave()
	if !ok {
		d.recycle(unused)
		return
	}
	stamp := p.aging.unused.Load()
	p.deposit(d, previous, stamp)
	p.deposit(d, unused, stamp)
}

// takeUnused moves the objects that the cell owes to an empty magazine, and returns the
// previous magazine if it is owed too, both with their part of the quota. It reports
// false if the cell owes nothing: the goroutine has moved to another P.
func (c *Cell) takeUnused(d *depot, unused *magazine) (previous *magazine, ok bool) {
	if c.owed == 0 {
		return nil, false
	}
	mark := int(c.owed) - 1
	c.owed = 0
	if !c.swapped && c.previous != nil {
		previous, c.previous = c.previous, nil
		c.quota -= previous.bytes()
	}
	c.swapped = false
	if c.loaded != nil {
		c.store().moveBottom(unused, mark)
		c.load(c.loaded)
		percpu.StoreUint32(&c.low, c.n) // the rest was used; the seal measures its use in the next window
	}
	c.quota -= unused.bytes()
	c.fit(d)
	return previous, true
}
