package magazine

import (
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/otelpool/pool/internal/percpu"
)

// shards is the Ps' part of a pool: which shard each P has, those that were taken away from
// their Ps, and those that wait for one. A shard goes round: free, installed, detached,
// drained, free. It is never freed, since its counters are part of the pool's.
//
// A change of the Ps' slots is a store of a pointer. Whoever was pinned before it may go on
// with the shard it found, so a detached shard is its P's until a barrier has been crossed.
type shards struct {
	front Front                 // what slow paths use
	all   atomic.Pointer[shard] // every shard ever made, newest first: read without mu

	mu         sync.Mutex  // guards what follows, and changes of slots
	closed     atomic.Bool // set under mu, read without
	ps         []slot      // the newest array of Ps
	older      [][]slot    // those before, which fronts may still use: kept as ps is
	free       []*shard
	detached   []*shard // which their Ps may still be using
	generation uint64   // of the barrier, when the last one was detached

	draining sync.Mutex // one drain at a time; guards drained
	drained  []*shard
}

// Front is what Get and Put of a handle go through: the array of Ps, without the
// step by the pool. One that is out of date knows too few Ps, and sends the rest
// to the slow path, after which Refresh is due.
type Front struct {
	slots atomic.Pointer[slot] // one per P; the first has their number
}

// slot is a P's place. It changes under shards.mu only, and hardly ever, so that
// all Ps can share the lines it is on.
type slot struct {
	live  atomic.Pointer[Cell] // the shard's first cell, or the void
	shard *shard               // nil for the void; guarded by shards.mu
	n     int                  // slots in the array
	_     [8]byte              // a power of two, so that indexing is a shift
}

// shard is the cells of one P, one per class.
type shard struct {
	older *shard
	cells []Cell
	seen  []uint64 // by class, what had been counted when the last window ended
	clock clock
	idle  uint64 // by class, a bit: nothing was counted since
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
//
// Both loads must come after the pin. The pointer that the second gives is good until Leave
// whatever is stored there meanwhile, since who takes the shard away waits for a barrier,
// and the barrier for Leave. With the pointer come the cells as install left them: loads and
// stores of the slot are atomic for that, and cost no more than plain ones on amd64. Which array
// the first load finds does not matter, since a change of a P's slot is made in all of them.
func (f *Front) At(pid, class int) *Cell {
	c := &void[0]
	if first := f.slots.Load(); pid < first.n { // not so for Ps that came when GOMAXPROCS rose: they have the void
		s := (*slot)(unsafe.Add(unsafe.Pointer(first), uintptr(pid)*unsafe.Sizeof(slot{})))
		c = s.live.Load()
	}
	// A shard has as many cells as the pool has classes, and the void has MaxClasses.
	c = (*Cell)(unsafe.Add(unsafe.Pointer(c), uintptr(class)*unsafe.Sizeof(Cell{})))
	c.lock.Lock() // nothing but in the portable build, where a late comer finds under it that c is not live
	return c
}

// Leave ends what At began.
func (c *Cell) Leave() {
	c.Unlock()
	percpu.Unpin()
}

// Unlock is Leave for those who stay pinned.
func (c *Cell) Unlock() { c.lock.Unlock() }

func (s *shards) refresh(f *Front) {
	if now := s.front.slots.Load(); f.slots.Load() != now { // read first, since handles are shared by all Ps
		f.slots.Store(now)
	}
}

// install gives the P a shard, unless the pool is closed. It reports that too, and whether
// it made room for more Ps.
func (s *shards) install(pid int, newShard func() *shard) (open, grown bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Load() {
		return false, false
	}
	if pid >= len(s.ps) {
		s.growLocked(max(pid+1, runtime.GOMAXPROCS(0)))
		grown = true
	}
	if slot := &s.ps[pid]; slot.shard == nil { // or somebody else on this P was here first
		slot.shard = s.takeFreeLocked(newShard)
		slot.shard.idle = 0 // what it says is of the P that had it before
		slot.shard.revive()
		s.pointLocked(pid, &slot.shard.cells[0])
	}
	return true, grown
}

// revive makes the cells those of a P. It comes before the store of the pointer by which
// the P finds them.
func (s *shard) revive() {
	for i := range s.cells {
		c := &s.cells[i]
		c.lock.Lock()
		c.live = true
		c.lock.Unlock()
	}
}

// pointLocked points a P to its cells, in every array that a front may use.
func (s *shards) pointLocked(pid int, cells *Cell) {
	s.ps[pid].live.Store(cells)
	for _, ps := range s.older {
		if pid < len(ps) {
			ps[pid].live.Store(cells)
		}
	}
}

// takeFreeLocked returns a shard that belongs to no P.
func (s *shards) takeFreeLocked(newShard func() *shard) *shard {
	if last := len(s.free) - 1; last >= 0 {
		free := s.free[last]
		s.free = s.free[:last]
		return free
	}
	made := newShard()
	made.older = s.all.Load()
	s.all.Store(made)
	return made
}

// growLocked makes room for n Ps. The array that was is never written again but to keep it
// equal, nor freed while a front has it.
func (s *shards) growLocked(n int) {
	ps := make([]slot, n)
	for i := range ps {
		ps[i].live.Store(&void[0])
		ps[i].n = n
		if i < len(s.ps) {
			ps[i].shard = s.ps[i].shard
			ps[i].live.Store(s.ps[i].live.Load())
		}
	}
	if s.ps != nil {
		s.older = append(s.older, s.ps)
	}
	s.ps = ps
	s.front.slots.Store(&ps[0]) // last: a front that has it finds all of it
}

// count is the number of Ps that there is room for.
func (s *shards) count() int { return s.front.slots.Load().n }

// close has no P get a shard any more. It reports false if that was so before.
func (s *shards) close() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.closed.Swap(true)
}

// detach takes the shards away for which want says so, under mu, from their Ps.
func (s *shards) detach(want func(*shard) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for pid := range s.ps {
		if of := s.ps[pid].shard; of != nil && want(of) {
			s.pointLocked(pid, &void[0])
			s.ps[pid].shard = nil
			s.detached = append(s.detached, of)
			s.generation = percpu.Generation() // after the store: a stop of the world from here on is late enough
		}
	}
}

// drain empties the shards that were detached before the call, and frees them for other
// Ps. When it returns that is done, whoever did it.
func (s *shards) drain(barrier func(generation uint64), empty func(*shard)) {
	s.draining.Lock()
	defer s.draining.Unlock()
	s.mu.Lock()
	s.drained, s.detached = s.detached, s.drained[:0]
	generation := s.generation
	s.mu.Unlock()
	if len(s.drained) == 0 {
		return
	}
	barrier(generation) // from here on they are ours
	for _, of := range s.drained {
		empty(of)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, s.drained...)
}

// Detach implements control.BudgetMember: it takes every P's shard away.
func (p *Pool) Detach() { p.shards.detach(func(*shard) bool { return true }) }

// Drain implements control.BudgetMember: it moves what is in the detached shards to the
// depots.
func (p *Pool) Drain() { p.drain(percpu.BarrierSince) }

func (p *Pool) drain(barrier func(generation uint64)) { p.shards.drain(barrier, p.emptyShard) }

// flush moves what the Ps hold to the depots, and releases their quotas.
func (p *Pool) flush() {
	p.Detach()
	p.Drain()
}

func (p *Pool) emptyShard(s *shard) {
	for class := range s.cells {
		p.emptyCell(&s.cells[class], &p.depots[class], s.idle>>class&1 != 0)
	}
}

// emptyCell moves what a detached cell holds to its depot.
func (p *Pool) emptyCell(c *Cell, d *depot, idle bool) {
	stamp := p.aging.now.Load()
	if idle {
		stamp = p.aging.unused.Load()
	}
	c.lock.Lock()
	filled := c.filled(d)
	top, a, b, quota := c.takeAll()
	c.live = false // for who waits for the lock, in the portable build
	c.lock.Unlock()
	if top != nil { // the newest
		if a == nil || a.n == len(a.slots) {
			p.deposit(d, b, stamp)
			a, b = d.takeEmpty(), a
		}
		a.push(top, d.size)
	}
	p.deposit(d, b, stamp)
	p.deposit(d, a, stamp)
	p.account.release(quota - filled) // what is filled goes on being charged, in the depot
}
