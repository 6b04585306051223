package gcpool

import (
	"runtime"
	"sync"
	"sync/atomic"
	"weak"

	"github.com/otelpool/pool/internal/percpu"
)

// Pool is a pool of objects that the garbage collector empties. The zero value becomes
// one with [Tally.Of] or [Family.Join]; it must not be copied. It is concurrency-safe. It
// allocates a cache line per P at the first Put, and again after a collection if it is
// used then.
type Pool struct {
	now   atomic.Pointer[generation] // stored under mu
	tally *Tally

	mu    sync.Mutex               // guards what follows; never held by a Get that hits
	dying weak.Pointer[generation] // the generation before now's, unless all that died is counted
	owed  bool                     // there is such a one
}

// At is the P's slot, or nil if it has none now. The caller is pinned.
func (p *Pool) At(pid int) *Slot {
	if g := p.now.Load(); g != nil && uint(pid) < uint(len(g.of)) {
		return &g.of[pid]
	}
	return nil
}

// Take is Get for who has not looked into the slot.
func (p *Pool) Take() (x any) {
	if s := p.At(percpu.Pin()); s != nil {
		x = s.Take()
	}
	percpu.Unpin()
	if x == nil {
		x = p.Get()
	}
	return x
}

// Get is for who found nothing in the slot: it takes what is shared, or what was put
// before the last collection, and counts a hit, or returns nil. Never call it pinned.
func (p *Pool) Get() any {
	g := p.now.Load()
	if g == nil {
		return nil
	}
	if shared := g.shared.Load(); shared != nil {
		if x := shared.Get(); x != nil {
			p.countHit(g)
			return x
		}
	}
	return p.takeAged(g)
}

// countHit keeps g until it has counted.
func (p *Pool) countHit(g *generation) {
	if n := p.tally.counts.At(percpu.Pin()); n != nil { // Inc, written out for a call less
		percpu.Inc(&n[(hits+g.parity())%percpu.NumCounters])
		percpu.Unpin()
	} else {
		percpu.Unpin()
		p.tally.counts.Inc(hits + g.parity())
	}
	runtime.KeepAlive(g)
}

// takeAged takes what was put before the last collection.
func (p *Pool) takeAged(g *generation) any {
	if g.past.Load() || g.isSettled() {
		return nil
	}
	aged := g.aged.Value() // which may wait for the collector
	if aged == nil {
		g.settle(nil)
		return nil
	}
	if g.of == nil {
		return p.takeAged(p.open()) // to know next time where not to look
	}
	if shared := aged.shared.Load(); shared != nil {
		if x := shared.Get(); x != nil {
			p.countHit(aged)
			return x
		}
	}
	x := g.settle(aged)
	runtime.KeepAlive(aged) // until it is counted
	return x
}

// Put is for who was refused by the P's slot, or found none: it keeps x where any P can
// take it. Never call it pinned.
func (p *Pool) Put(s *Slot, x any) {
	if s == nil {
		p.put(x, pooled)
	} else if shared := s.owner.shared.Load(); shared != nil { // s.Put has counted it
		shared.Put(x)
	} else {
		s.owner.share().Put(x)
	}
}

// Warm keeps x, which is not nil, and counts it as made beforehand. Never call it pinned.
func (p *Pool) Warm(x any) { p.put(x, warmed) }

func (p *Pool) put(x any, as int) {
	g := p.now.Load()
	if g == nil || g.of == nil {
		g = p.open()
	}
	p.tally.counts.Inc(as + g.parity())
	s := g.slot(percpu.Pin())
	kept := s != nil && s.fill(x)
	percpu.Unpin()
	if !kept {
		g.share().Put(x)
	}
	runtime.KeepAlive(g)
}

// open gives the generation its slots, unless somebody else has, and returns it.
func (p *Pool) open() *generation {
	p.mu.Lock()
	defer p.mu.Unlock()
	none := p.now.Load()
	if none != nil && none.of != nil {
		return none
	}
	g := &generation{of: make([]Slot, runtime.GOMAXPROCS(0))}
	if none != nil {
		g.number, g.aged = none.number, none.aged
		g.past.Store(none.past.Load())
	}
	p.tally.counts.Grow(len(g.of))
	for pid := range g.of {
		n := p.tally.counts.At(pid)
		g.of[pid].owner = g
		g.of[pid].hits, g.of[pid].pooled = &n[hits+g.parity()], &n[pooled+g.parity()]
	}
	p.now.Store(g)
	percpu.AfterCollection(age, work{weak.Make(p), g.number})
	return g
}

// Count counts a Miss, or what is Refused.
func (p *Pool) Count(what int) { p.tally.counts.Inc(what) }

// Drop drops all that is kept. It is for the end: what is put later goes with a
// collection, and Collected is of no use any more.
func (p *Pool) Drop() {
	p.mu.Lock()
	g := p.now.Load()
	p.now.Store(nil)
	p.mu.Unlock()
	if g == nil {
		return
	}
	for shared := g.shared.Load(); shared != nil && shared.Get() != nil; { // the runtime would keep it for two collections
	}
}
