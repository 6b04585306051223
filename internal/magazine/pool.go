package magazine

import (
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/percpu"
)

// MaxClasses is the most classes that a pool can have.
const MaxClasses = 64

const (
	maxLength     = 64       // objects in a magazine
	maxStackBytes = 64 << 10 // bytes in a magazine, if more than one object
	sizedLength   = 16       // objects in a magazine of sized objects
)

// Config says what a Pool holds. Its values have been checked.
type Config struct {
	// Sizes is the bytes of an object of each class. A single 0 makes a pool of
	// sized objects, whose bytes are given at every Put.
	Sizes []int64
	// Limit is the most idle bytes, or pool.Unlimited.
	Limit int64
	// Budget is charged as well, unless it is nil.
	Budget *pool.Budget
	// Discard is told of every object that the pool drops, unless it is nil. It
	// runs under no lock and unpinned, and must not panic: what is to be dropped after
	// it would not be.
	Discard func(x unsafe.Pointer)
	// Sampling is of requests; the zero value is of none.
	Sampling Sampling
}

// Pool is the engine. All methods are safe for concurrent use.
type Pool struct {
	front  Front   // what slow paths use
	depots []depot // one per class

	limit   atomic.Int64
	charged atomic.Int64
	budget  *pool.Budget
	discard func(unsafe.Pointer)

	sampling Sampling
	direct   atomic.Pointer[direct] // nil until the first such request

	clock  atomic.Int64 // nanoseconds that Age was told of: the time that objects are stamped with, which is when the window began
	began  atomic.Int64 // what it was in the window before
	unused atomic.Int64 // the stamp of what was not used in that window: of the one before that
	full   atomic.Int64 // until when the clock is to say that room is short: see crowded
	grown  atomic.Uint64
	shrunk atomic.Uint64
	all    atomic.Pointer[shard] // every shard ever made, newest first

	mu      sync.Mutex  // guards what follows, and changes of slots
	closed  atomic.Bool // set under mu, read without
	free    []*shard
	ps      []slot   // the newest array of Ps
	divided int64    // each P's share of a class, 0 before the first
	older   [][]slot // those before, which fronts may still use: kept as ps is

	limbo      []*shard // taken from their Ps, which may still be using them
	generation uint64   // of the barrier, when the last one was taken

	attaching sync.Mutex // one Attach at a time
	emptied   []*shard   // for Attach

	aging   sync.Mutex // one Age or Demand at a time; guards what follows
	age     *age       // nil before the first
	reserve atomic.Int64
	leave   func()      // the budget
	watched atomic.Bool // a member of collected; set under mu
}

// Front is what Get and Put of a handle go through: the array of Ps, without the
// step by the pool. One that is out of date knows too few Ps, and sends the rest
// to the slow path, after which Refresh is due.
type Front struct {
	slots atomic.Pointer[slot] // one per P; the first has their number
}

// slot is a P's place. It changes under Pool.mu only, and hardly ever, so that
// all Ps can share the lines it is on.
type slot struct {
	live  atomic.Pointer[Cell] // the shard's first cell, or the void
	shard *shard               // nil for the void; guarded by Pool.mu
	n     int                  // slots in the array
	_     [8]byte              // a power of two, so that indexing is a shift
}

// shard is the cells of one P, one per class. A shard is never freed: its
// counters are part of the pool's.
type shard struct {
	older *shard
	cells []Cell
	seen  []uint64 // by class, what had been counted when Age looked last
	clock clock
	idle  uint64 // by class, a bit: nothing was counted since
}

// New returns an open pool.
func New(c Config) *Pool {
	p := &Pool{depots: make([]depot, len(c.Sizes)), budget: c.Budget, discard: c.Discard, sampling: c.Sampling}
	for i, size := range c.Sizes {
		d := &p.depots[i]
		d.size, d.length, d.some = size, sizedLength, 1
		d.oldestStamp.Store(never)
		if size > 0 {
			d.length = int(min(max(maxStackBytes/size, 1), maxLength))
		}
	}
	p.limit.Store(c.Limit)
	p.growLocked(runtime.GOMAXPROCS(0)) // nobody else has p yet
	if p.budget != nil {
		p.leave = p.budget.Join(p)
	}
	return p
}

// Refresh brings a front up to date, or makes a new one usable.
func (p *Pool) Refresh(f *Front) {
	if now := p.front.slots.Load(); f.slots.Load() != now {
		f.slots.Store(now)
	}
}

// At is the cell of a class on a P, or the void. Between it and Leave the
// caller is pinned: see package percpu.
//
//	cell := front.At(percpu.Pin(), class)
//	x := cell.Take()
//	if x != nil {
//		sample = !cell.Count(n)
//	}
//	cell.Leave()
func (f *Front) At(pid, class int) *Cell {
	c := &void[0]
	if first := f.slots.Load(); pid < first.n {
		s := (*slot)(unsafe.Add(unsafe.Pointer(first), uintptr(pid)*unsafe.Sizeof(slot{})))
		c = s.live.Load()
	}
	c = (*Cell)(unsafe.Add(unsafe.Pointer(c), uintptr(class)*unsafe.Sizeof(Cell{})))
	c.lock.Lock()
	return c
}

// Leave ends what At began.
func (c *Cell) Leave() {
	c.Unlock()
	percpu.Unpin()
}

// Unlock is Leave for those who stay pinned.
func (c *Cell) Unlock() { c.lock.Unlock() }

// attach gives the P a shard, unless the pool is closed.
func (p *Pool) attach(pid int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed.Load() {
		return false
	}
	if pid >= len(p.ps) {
		p.growLocked(max(pid+1, runtime.GOMAXPROCS(0)))
	}
	s := &p.ps[pid]
	if s.shard != nil {
		return true // somebody else on this P was here first
	}
	s.shard = p.shardLocked()
	s.shard.idle = 0 // whatever the P had that used it before
	p.watchLocked()
	for i := range s.shard.cells {
		c := &s.shard.cells[i]
		c.lock.Lock()
		c.live = true
		c.lock.Unlock()
	}
	p.setLocked(pid, &s.shard.cells[0])
	return true
}

// setLocked gives a P its cells, in every array that a front may use.
func (p *Pool) setLocked(pid int, cells *Cell) {
	p.ps[pid].live.Store(cells)
	for _, ps := range p.older {
		if pid < len(ps) {
			ps[pid].live.Store(cells)
		}
	}
}

// shardLocked is a shard that belongs to no P.
func (p *Pool) shardLocked() *shard {
	if last := len(p.free) - 1; last >= 0 {
		s := p.free[last]
		p.free = p.free[:last]
		return s
	}
	s := &shard{cells: make([]Cell, len(p.depots)), seen: make([]uint64, len(p.depots)), older: p.all.Load()}
	if p.depots[0].size == 0 {
		s.cells[0].sized = new(sized)
	}
	s.sample(p)
	p.all.Store(s)
	return s
}

// growLocked makes room for n Ps.
func (p *Pool) growLocked(n int) {
	ps := make([]slot, n)
	for i := range ps {
		ps[i].live.Store(&void[0])
		ps[i].n = n
		if i < len(p.ps) {
			ps[i].shard = p.ps[i].shard
			ps[i].live.Store(p.ps[i].live.Load())
		}
	}
	if p.ps != nil {
		p.older = append(p.older, p.ps)
	}
	p.ps = ps
	p.front.slots.Store(&ps[0])
	p.divideLocked()
}

// Owes tells whether somebody has to be told when the pool ends.
func (p *Pool) Owes() bool { return p.budget != nil || p.discard != nil }

// Limit is the most idle bytes.
func (p *Pool) Limit() int64 { return p.limit.Load() }
