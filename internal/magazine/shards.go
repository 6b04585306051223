package magazine

import (
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/otelpool/pool/internal/percpu"
)

// shards is the Ps' part of a pool: the shard of each P, the shards taken away from
// their Ps, and those that wait for one. A shard's states are free, installed,
// detached, drained, and free again. Its memory is never freed, because its counters
// are part of the pool's.
//
// A change of the Ps' places is a store of a pointer. A goroutine pinned before it may
// continue to use the shard that it found, so a detached shard belongs to its P until a
// barrier has been crossed.
type shards struct {
	front Front                 // for slow paths
	all   atomic.Pointer[shard] // every shard ever made, newest first: read without mu

	mu         sync.Mutex  // guards the fields below, and changes of places
	closed     atomic.Bool // set under mu, read without
	of         []*shard    // by P; nil for the void
	older      []*Ps       // arrays that fronts may still use: kept as the newest is
	free       []*shard
	detached   []*shard // their Ps may still be using them
	generation uint64   // the barrier's, when the last shard was detached

	draining sync.Mutex // one drain at a time; guards drained
	drained  []*shard
}

// Front leads a handle's Get and Put to the Ps' places, without a step through the
// pool. An outdated Front knows too few Ps, and sends the others to the slow path; then
// call Refresh.
type Front struct{ ps atomic.Pointer[Ps] }

// Ps is the first of an array of places, one for each P. They change only under
// shards.mu, and hardly ever, so all Ps can share their cache lines.
type Ps struct {
	cells atomic.Pointer[Cell] // the first cell of the P's shard, or of the void
	n     int                  // places in the array
}

// shard has the cells of one P, one per class. Its owner is its P, or whoever holds
// shards.mu or draining, depending on the list that it is in. The cells are contiguous,
// so that a pointer to the first finds them all.
type shard struct {
	older *shard
	cells []Cell
	seen  []uint64 // by class, the counts when the last window ended
	clock clock
	idle  uint64 // by class, a bit: nothing has been counted since
}

// Ps is the places.
func (f *Front) Ps() *Ps { return f.ps.Load() }

// Has reports whether there is a place for the P. There is none for Ps that came when
// GOMAXPROCS rose.
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
// Both loads must come after the pin. The pointer that the second returns is valid
// until Leave, whatever is stored there meanwhile, because whoever takes the shard away
// waits for a barrier, and the barrier waits for Leave. The loads and stores of the
// place are atomic so that the pointer comes with the cells as install left them; on
// amd64 they cost no more than plain ones. It does not matter which of the arrays the
// first load finds, because a change of a P's place is made in all of them.
func (ps *Ps) At(pid, class int) *Cell {
	place := ps.place(pid)
	// A shard has as many cells as the pool has classes, and the void has MaxClasses.
	c := (*Cell)(unsafe.Add(unsafe.Pointer(place.cells.Load()), uintptr(class)*unsafe.Sizeof(Cell{})))
	c.lock.Lock() // does nothing except in the portable build, where a latecomer sees under it that c is not live
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

// Leave ends the pinned section that At began.
func (c *Cell) Leave() {
	c.Unlock()
	percpu.Unpin()
}

// Unlock is Leave for callers that stay pinned.
func (c *Cell) Unlock() { c.lock.Unlock() }

// refresh brings a front up to date. It takes no lock: if two calls overlap, each
// stores an array that is in use, and an older array sends its Ps here again.
func (s *shards) refresh(f *Front) {
	if now := s.front.ps.Load(); f.ps.Load() != now { // read first, because all Ps share the handle
		f.ps.Store(now)
	}
}

// install gives the P a shard, unless the pool is closed. It reports whether the pool
// is open, and whether it made room for more Ps.
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
	if s.of[pid] == nil { // else another goroutine on this P was here first
		taken := s.takeFreeLocked(newShard)
		taken.idle = 0 // it was about the P that had the shard before
		taken.revive()
		s.of[pid] = taken
		s.pointLocked(pid, &taken.cells[0])
	}
	return true, grown
}

// revive makes the cells live, before the store of the pointer by which the P finds
// them.
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

// takeFreeLocked returns a shard that belongs to no P. It adds a new shard to the list
// of all before its P can count in it, so that only snapshots that began earlier miss
// it.
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
	s.front.ps.Store(&ps[0]) // last, so that whoever loads it finds all of it
}

// count is the number of Ps that have a place.
func (s *shards) count() int { return s.front.Ps().n }

// close keeps Ps from getting shards. It reports false if it was called before. closed
// is set under mu, which install holds from its check to the store of the pointer, so
// no shard is installed after the Detach that follows.
func (s *shards) close() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.closed.Swap(true)
}

// detach takes away the shards for which want, called under mu, returns true.
func (s *shards) detach(want func(*shard) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for pid, of := range s.of {
		if of != nil && want(of) {
			s.pointLocked(pid, &void[0])
			s.of[pid] = nil
			s.detached = append(s.detached, of)
			s.generation = percpu.Generation() // after the store, so that any later stop of the world will do
		}
	}
}

// drain empties the shards that were detached before the call, and frees them for other
// Ps. When it returns that is done, whoever did it: a second caller waits for draining,
// and finds the list empty. It does not hold mu while the world is stopped or depots
// are filled, so that a P without a shard gets one meanwhile.
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

// Drain implements control.BudgetMember: it moves the objects of the detached shards to
// the depots.
func (p *Pool) Drain() { p.drain(percpu.BarrierSince) }

func (p *Pool) drain(barrier func(generation uint64)) { p.shards.drain(barrier, p.emptyShard) }

// flush moves the Ps' objects to the depots, and releases their quotas.
func (p *Pool) flush() {
	p.Detach()
	p.Drain()
}

func (p *Pool) emptyShard(s *shard) {
	for class := range s.cells {
		p.emptyCell(&s.cells[class], &p.depots[class], s.idle>>class&1 != 0)
	}
}

// emptyCell moves a detached cell's objects to its depot. The barrier has been crossed,
// so no P uses the cell; the lock keeps out latecomers in the portable build, which has
// no barrier.
//
// It stores in the depot after releasing the cell's lock, because a store may take the
// depot's lock, and no two locks are held together except the pool's.
func (p *Pool) emptyCell(c *Cell, d *depot, idle bool) {
	stamp := p.aging.now.Load()
	if idle {
		stamp = p.aging.unused.Load()
	}
	c.lock.Lock()
	filled := c.filled(d)
	top, a, b, quota := c.takeAll()
	c.live = false // for goroutines that wait for the lock, in the portable build
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
	p.account.release(quota - filled) // the filled part stays charged, in the depot
}
