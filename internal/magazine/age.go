package magazine

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/otelpool/pool/internal/percpu"
)

// OwnIdleAge is how long a free object may lie unused if no controller says
// otherwise.
const OwnIdleAge = time.Minute

// age is what Age and Demand keep between calls.
type age struct {
	last   time.Time // Age's latest now
	real   time.Time // when the window ended, by the computer's clock
	alone  time.Time // the same, if a collection ended it
	ended  time.Time // when the window before the one that Demand will end did
	low    []int64   // by class, objects that lay unused in Ps in the latest window
	before []counted // by class, what the counts were when Demand's window began
}

// counted is the part of a class's counts of which Demand tells the change.
type counted struct {
	hits, misses uint64
	idle         int64
}

// Age implements control.Ager: it ends a window. Ps that are in use are asked to give
// the depot what they did not use in it, and do when they next take a slow path,
// which is soon, since what is unused is sealed; the shards of the others are
// taken away.
func (p *Pool) Age(now time.Time) {
	p.aging.Lock()
	defer p.aging.Unlock()
	p.ageLocked(now)
}

// agesLocked is what is kept, made at the first call: most of a pool that is not
// used would be that.
func (p *Pool) agesLocked() *age {
	if p.age == nil {
		p.age = &age{low: make([]int64, len(p.depots)), before: make([]counted, len(p.depots))}
	}
	return p.age
}

func (p *Pool) ageLocked(now time.Time) {
	a := p.agesLocked()
	if a.last.IsZero() {
		a.last, a.ended = now, now
	}
	if window := now.Sub(a.last); window > 0 {
		a.last = now
		p.advanceLocked(window)
	}
}

func (p *Pool) advanceLocked(window time.Duration) {
	a := p.agesLocked()
	a.real = time.Now()
	clear(a.low)
	p.mu.Lock()
	defer p.mu.Unlock()
	began := p.clock.Load()
	p.began.Store(began)
	p.unused.Store(began - int64(window))
	p.clock.Add(int64(window))
	before := p.divided
	p.divideLocked()
	less := p.divided < before // the Ps give back what they have charged beyond it
	for pid := range p.ps {
		if s := p.ps[pid].shard; s != nil && (p.inspectLocked(s) || less) {
			p.detachLocked(pid)
		}
	}
}

// inspectLocked looks at a P's cells and reports whether the P has left some of
// them alone.
func (p *Pool) inspectLocked(s *shard) (quiet bool) {
	for class := range s.cells {
		c := &s.cells[class]
		c.lock.Lock()
		hits, _ := c.counted()
		counted := percpu.Load(&c.pooled) + hits + percpu.Load(&c.misses)
		used := counted != s.seen[class]
		s.seen[class] = counted
		s.idle &^= 1 << class
		switch {
		case used && c.asked == 0:
			p.age.low[class] += int64(c.seal())
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

// seal makes Get stop at what the cell has now, and asks the owner to settle if
// it did not use all it had when it was sealed last. It returns how many objects
// of the loaded magazine that were. The owner may be using the cell: see
// percpu.StoreInt. If it unseals or swaps at this very moment, a window's use goes
// unnoticed, or the mark is another magazine's: no more than what ages is at
// stake, since Get and Put check n and room, which only the owner writes, and
// settle moves what there is, however much was asked for.
func (c *Cell) seal() (unused int) {
	n := percpu.LoadInt(&c.n)
	unused = min(percpu.LoadInt(&c.low), n)
	if unused > 0 || !c.touched && c.previous != nil {
		atomic.StoreInt32(&c.asked, int32(unused)+1)
		n = math.MaxInt
	}
	percpu.StoreInt(&c.low, n)
	return unused
}

// unseal lets Get take more. Halving the sealed part each time tells how much
// of it was used within a factor of two, and costs a few slow Gets a window.
func (c *Cell) unseal() {
	if c.n <= c.low {
		percpu.StoreInt(&c.low, c.n/2)
	}
}

// settle gives the depot what the P did not use in a window.
func (p *Pool) settle(d *depot, class int) {
	unused := d.newStack()
	c := p.front.At(percpu.Pin(), class)
	if c.asked == 0 {
		c.Leave()
		d.recycle(unused)
		return
	}
	mark := int(c.asked) - 1
	c.asked = 0
	var previous *stack
	if !c.touched {
		previous, c.previous = c.previous, nil
	}
	c.touched = false
	if c.loaded != nil {
		c.store().moveBottom(unused, mark)
		c.load(c.loaded)
		percpu.StoreInt(&c.low, c.n)
	}
	c.quota -= d.bytes(unused)
	if previous != nil {
		c.quota -= d.bytes(previous)
	}
	c.fit(d)
	c.Leave()
	p.deposit(d, previous, p.unused.Load())
	p.deposit(d, unused, p.unused.Load())
}
