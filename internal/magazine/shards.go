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
// A change of the Ps' places is a store of a pointer. Whoever was pinned before it may go on
// with the shard it found, so a detached shard is its P's until a barrier has been crossed.
type shards struct {
	front Front                 // what slow paths go through
	all   atomic.Pointer[shard] // every shard ever made, newest first: read without mu

	mu         sync.Mutex  // guards what follows, and changes of places
	closed     atomic.Bool // set under mu, read without
	of         []*shard    // by P; nil for the void
	older      []*Ps       // arrays that fronts may still use: kept as the newest is
	free       []*shard
	detached   []*shard // which their Ps may still be using
	generation uint64   // of the barrier, when the last one was detached

	draining sync.Mutex // one drain at a time; guards drained
	drained  []*shard
}

// Front is what Get and Put of a handle go through: the Ps' places, without the step by the
// pool. One that is out of date knows too few Ps, and sends the rest to the slow path, after
// which Refresh is due.
type Front struct{ ps atomic.Pointer[Ps] }

// Ps is the first of an array of places, one for each P. They change under shards.mu only, and
// hardly ever, so that all Ps can share the lines they are on.
type Ps struct {
	cells atomic.Pointer[Cell] // of the P's shard, the first; or the void
	n     int                  // places in the array
}

// shard is the cells of one P, one per class. It is its P's, or that of who holds shards.mu or
// draining, according to the list that it is in. The cells lie in one piece, so that a pointer to the
// first finds them all.
type shard struct {
	older *shard
	cells []Cell
	seen  []uint64 // by class, what had been counted when the last window ended
	clock clock
	idle  uint64 // by class, a bit: nothing was counted since
}

// Ps is the places.
func (f *Front) Ps() *Ps { return f.ps.Load() }

// Has reports whether there is a place for the P: not for those that came when GOMAXPROCS
// rose.
func (ps *Ps) Has(pid int) bool { return pid < ps.n }

// place is a P's, which there must be.
func (ps *Ps) place(pid int) *Ps {
	return (*Ps)(unsafe.Add(unsafe.Pointer(ps), uintptr(pid)*unsafe.Sizeof(Ps{})))
}

// At is the cell of a class on a P that has a place. Between it and Leave the caller is
// pinned: see package percpu.
//
//	pid := percpu.Pin()
//	if ps := front.Ps(); ps.Has(pid) {
//		cell := ps.At(pid, class)
//		if x := cell.Take(); x != nil {
//			sample = !cell.Count(n)
//		}
//		cell.Leave()
//	}
//
// Both loads must come after the pin. The pointer that the second gives is good until Leave
// whatever is stored there meanwhile, since who takes the shard away waits for a barrier,
// and the barrier for Leave. With the pointer come the cells as install left them: loads and
// stores of the place are atomic for that, and cost no more than plain ones on amd64. Which of the
// arrays the first load finds does not matter, since a change of a P's place is made in all of them.
func (ps *Ps) At(pid, class int) *Cell {
	place := ps.place(pid)
	// A shard has as many cells as the pool has classes, and the void has MaxClasses.
	c := (*Cell)(unsafe.Add(unsafe.Pointer(place.cells.Load()), uintptr(class)*unsafe.Sizeof(Cell{})))
	c.lock.Lock() // nothing but in the portable build, where a late comer finds under it that c is not live
	return c
}

// At is Ps.At, and the void for a P that has no place.
func (f *Front) At(pid, class int) *Cell {
	if ps := f.Ps(); ps.Has(pid) {
		return ps.At(pid, class)
	}
	c := &void[class]
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

// refresh brings a front up to date. It takes no lock: of two that come at the same time each stores
// an array that is in use, and one that is older sends its Ps here again.
func (s *shards) refresh(f *Front) {
	if now := s.front.ps.Load(); f.ps.Load() != now { // read first, since handles are shared by all Ps
		f.ps.Store(now)
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
	if pid >= len(s.of) {
		s.growLocked(max(pid+1, runtime.GOMAXPROCS(0)))
		grown = true
	}
	if s.of[pid] == nil { // or somebody else on this P was here first
		taken := s.takeFreeLocked(newShard)
		taken.idle = 0 // what it says is of the P that had it before
		taken.revive()
		s.of[pid] = taken
		s.pointLocked(pid, &taken.cells[0])
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
	s.front.Ps().place(pid).cells.Store(cells)
	for _, ps := range s.older {
		if ps.Has(pid) {
			ps.place(pid).cells.Store(cells)
		}
	}
}

// takeFreeLocked returns a shard that belongs to no P. A new one is entered in the list of all before
// its P can count in it: a snapshot that began earlier misses it, and no later one does.
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

// growLocked makes room for n Ps.
func (s *shards) growLocked(n int) {
	ps := make([]Ps, n)
	for pid := range ps {
		ps[pid].n = n
		ps[pid].cells.Store(&void[0])
		if pid < len(s.of) && s.of[pid] != nil {
			ps[pid].cells.Store(&s.of[pid].cells[0])
		}
	}
	if was := s.front.Ps(); was != nil {
		s.older = append(s.older, was)
	}
	s.of = append(s.of, make([]*shard, n-len(s.of))...)
	s.front.ps.Store(&ps[0]) // last: a front that has it finds all of it
}

// count is the number of Ps that there is room for.
func (s *shards) count() int { return s.front.Ps().n }

// close has no P get a shard any more. It reports false if that was so before. Closed is set under
// mu, which install holds from its look at it to the store of the pointer: so no shard is
// installed behind the Detach that follows.
func (s *shards) close() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.closed.Swap(true)
}

// detach takes the shards away for which want says so, under mu, from their Ps.
func (s *shards) detach(want func(*shard) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for pid, of := range s.of {
		if of != nil && want(of) {
			s.pointLocked(pid, &void[0])
			s.of[pid] = nil
			s.detached = append(s.detached, of)
			s.generation = percpu.Generation() // after the store: a stop of the world from here on is late enough
		}
	}
}

// drain empties the shards that were detached before the call, and frees them for other
// Ps. When it returns that is done, whoever did it: who comes second waits for draining, and finds
// the list empty. Mu is not held while the world is stopped, nor while depots are filled, so that
// a P without a shard gets one meanwhile.
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

// emptyCell moves what a detached cell holds to its depot. The barrier has been crossed, so no P uses
// the cell, and the lock keeps out late comers of the portable build, who have no barrier.
//
// The depot's stores come after the lock has been left: a store may take the depot's lock, and no
// two locks are held together but for the pool's.
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
