package magazine

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otelpool/pool/internal/percpu"
)

// OwnIdleAge is how long a free object may lie unused if no controller says
// otherwise.
const OwnIdleAge = time.Minute

// aging is a pool's clock, in nanoseconds, which stands still but for the ends of windows:
// whoever ends them says what time it is. Objects are stamped with it. Stamps are compared
// only, so Get and Put read it without a lock: one that is late makes an object a window older.
type aging struct {
	now    atomic.Int64
	began  atomic.Int64 // what now was in the window before
	unused atomic.Int64 // the stamp of what was not used in that window: of the one before that

	watched atomic.Bool // a member of unattended

	mu      sync.Mutex // one end of a window at a time
	windows *windows   // guarded by mu; nil before the first
}

// windows is what Age and Demand keep from one window to the next.
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

// before is the stamp that objects are older than which have been idle for the given time.
func (a *aging) before(idle time.Duration) int64 { return a.now.Load() - int64(idle) + 1 }

// windowsLocked is what is kept, made at the first call, since it would be most of a pool
// that is not used. The caller holds mu, as do all who touch windows.
func (a *aging) windowsLocked(classes int) *windows {
	if a.windows == nil {
		a.windows = &windows{low: make([]int64, classes), before: make([]counted, classes)}
	}
	return a.windows
}

// advance moves the clock to the end of a window. Now is stored last: whoever sees the new time
// sees what belongs to it.
func (a *aging) advance(window time.Duration) {
	began := a.now.Load()
	a.began.Store(began)
	a.unused.Store(began - int64(window))
	a.now.Add(int64(window))
}

// Age implements control.Ager: it ends a window. Ps that are in use are asked to give
// the depot what they did not use in it, and do when they next take a slow path,
// which is soon, since what is unused is sealed; the shards of the others are
// taken away.
func (p *Pool) Age(now time.Time) {
	p.aging.mu.Lock()
	defer p.aging.mu.Unlock()
	p.ageLocked(now)
}

// ageLocked ends a window at the time that the controller says. One that comes twice with the same
// time, or goes back, ends none: a window of no length would make all that is idle look unused.
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
	less := p.divide() // the budget may have been lowered since; then all Ps give back what they have charged beyond it
	p.shards.detach(func(s *shard) bool { return s.inspect(w.low) || less })
}

// inspect looks at a P's cells at the end of a window and reports whether the P has left
// some of them alone. It adds to low what others did not use.
//
// The P may be using them, and is not made to stop. That a cell was used is told by its counters,
// which only grow; quota is read as it is, since a cell that was left alone for a window is not
// written to at this moment, or it comes a window late.
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
		case used && c.owed == 0: // read while the owner may be paying: an old value puts the seal off by a window
			low[class] += int64(c.seal())
		case used:
			quiet = true // it uses the top alone, so it never came
		case c.quota > 0:
			quiet = true
			s.idle |= 1 << class // of no other class: it is true as long as nobody has the shard
		}
		c.lock.Unlock()
	}
	return quiet
}

// seal makes Get stop at what the cell has now, and asks the owner for what it did not use
// since it was sealed last. It returns how many objects of the loaded magazine that were.
//
// The owner may be using the cell: see percpu.StoreUint32. If it unseals or swaps at this very
// moment, a window's use goes unnoticed, or the mark is another magazine's. No more than what
// ages is at stake: Get and Put check n and room, which only the owner writes, and
// payOwed moves what there is, however much was asked for.
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

// unseal lets Get take more. Halving the sealed part each time tells how much
// of it was used within a factor of two, and costs a few slow Gets a window. The store is
// atomic since seal may be writing: either value will do.
func (c *Cell) unseal() {
	if c.n <= c.low {
		percpu.StoreUint32(&c.low, c.n/2)
	}
}

// payOwed gives the depot what the P did not use in a window. It brings an empty magazine along,
// as put does, and what was owed may have been paid or flushed meanwhile: then there is nothing to
// do. The goroutine may also be on another P, whose cell it then pays for.
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

// takeUnused moves what the cell owes to an empty magazine, and returns the previous one if
// that is owed too, both with their part of the quota. It reports false if nothing is
// owed: the goroutine is on another P than it was.
func (c *Cell) takeUnused(d *depot, unused *magazine) (previous *magazine, ok bool) {
	if c.owed == 0 {
		return nil, false
	}
	mark := int(c.owed) - 1
	c.owed = 0
	if !c.swapped && c.previous != nil {
		previous, c.previous = c.previous, nil
		c.quota -= d.bytes(previous)
	}
	c.swapped = false
	if c.loaded != nil {
		c.store().moveBottom(unused, mark)
		c.load(c.loaded)
		percpu.StoreUint32(&c.low, c.n) // what is left was used; what of it the next window uses is to be seen
	}
	c.quota -= d.bytes(unused)
	c.fit(d)
	return previous, true
}
