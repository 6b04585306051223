package magazine

import (
	"runtime"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/percpu"
)

// MaxClasses is the most classes that a pool can have.
const MaxClasses = 64

// Config says what a Pool holds. Its values have been checked.
type Config struct {
	// Sizes is the bytes of an object of each class. A single 0 makes a pool of sized
	// objects, whose bytes are given at every Put.
	Sizes []int64
	// Limit is the most idle bytes, or pool.Unlimited.
	Limit int64
	// Budget is charged as well, unless it is nil.
	Budget *pool.Budget
	// Discard is called with every object that the pool drops, unless it is nil. It
	// runs under no lock and unpinned, and must not panic, or the pool would not drop
	// the objects after it.
	Discard func(x unsafe.Pointer)
	// Sampling says which requests to sample; the zero value samples none.
	Sampling Sampling
}

// Pool is the engine. All methods are safe for concurrent use. Its parts own their
// state and guard it themselves; methods of Pool combine them.
type Pool struct {
	shards  shards  // the Ps' cells
	depots  []depot // the rest, one per class
	account account // the bytes charged for both, and a cell's share
	aging   aging   // the clock, and its windows

	onDiscard func(unsafe.Pointer)
	leave     func() // the budget
	sampling  Sampling
}

// New returns an open pool.
func New(c Config) *Pool {
	p := &Pool{depots: make([]depot, len(c.Sizes)), onDiscard: c.Discard, sampling: c.Sampling}
	for i, size := range c.Sizes {
		p.depots[i].init(size)
	}
	p.account.budget = c.Budget
	p.account.limit.Store(c.Limit)
	p.shards.growLocked(runtime.GOMAXPROCS(0)) // needs no lock: nobody else has p yet
	p.divide()
	if c.Budget != nil {
		p.leave = c.Budget.Join(p)
	}
	return p
}

// newShard returns a shard that belongs to no P. It allocates, so it is called
// unpinned, under shards.mu, which no hit takes.
func (p *Pool) newShard() *shard {
	s := &shard{cells: make([]Cell, len(p.depots)), seen: make([]uint64, len(p.depots))}
	if p.depots[0].size == 0 {
		s.cells[0].sized = new(sized)
	}
	for i := range s.cells {
		s.cells[i].size = int(p.depots[i].size)
	}
	s.sample(p)
	for i := range s.cells {
		s.cells[i].beginWord()
	}
	return s
}

// Refresh brings a front up to date, or makes a new one usable.
func (p *Pool) Refresh(f *Front) { p.shards.refresh(f) }

// enter pins the goroutine until Leave, and returns its P's cell, which is live and
// owes its depot nothing. If the pool is closed it returns nil, unpinned. Installing a
// shard and paying the depot take locks, so both unpin, and the goroutine may be on
// another P afterwards: enter looks again.
func (p *Pool) enter(class int) *Cell {
	for {
		pid := percpu.Pin()
		c := p.shards.front.At(pid, class)
		if c.live && c.owed == 0 {
			return c
		}
		live := c.live
		c.Leave()
		if live {
			p.payOwed(class)
		} else if !p.install(pid) {
			return nil
		}
	}
}

// install gives the P a shard, unless the pool is closed.
func (p *Pool) install(pid int) bool {
	open, grown := p.shards.install(pid, p.newShard)
	if grown {
		p.divide()
	}
	if open {
		p.watch()
	}
	return open
}

// Close drops everything. Gets allocate from now on, and Puts drop.
func (p *Pool) Close() { p.close(percpu.BarrierSince) }

// CloseUnreachable is Close for a pool whose handle no goroutine has any more. It
// crosses no barrier, and so does not delay other cleanups.
//
// Why it needs none: only Get and Put use cells, and they keep the handle alive until
// they have left them. So the collection that found the handle dead began after the
// last of them, and nobody can enter a cell later. A controller or the budget may still
// be in the pool: they take shards away and empty them under locks, as this does.
func (p *Pool) CloseUnreachable() { p.close(func(uint64) {}) }

func (p *Pool) close(barrier func(generation uint64)) {
	if !p.shards.close() { // no P gets a shard from here on
		return
	}
	if p.leave != nil {
		p.leave()
	}
	// Objects that a P put before it lost its shard come to the depots with drain. A
	// goroutine that carries a magazine there later finds a closed depot, and drops the
	// objects itself. So the last eviction leaves nothing.
	p.Detach()
	p.drain(barrier)
	for i := range p.depots {
		p.depots[i].close()
	}
	p.evict(pool.Unlimited, never, pool.EvictClosed)
}

// Owes reports whether the end of the pool matters to its budget or to Discard. If not,
// a dropped pool needs no cleanup, which would delay its collection by one cycle.
func (p *Pool) Owes() bool { return p.account.budget != nil || p.onDiscard != nil }

// Limit is the most idle bytes.
func (p *Pool) Limit() int64 { return p.account.limit.Load() }

// Charged is the bytes charged to the limit now: those of idle objects, and the room
// that Ps have charged.
func (p *Pool) Charged() int64 { return p.account.charged.Load() }
