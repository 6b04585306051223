package gcpool

import (
	"weak"

	"github.com/otelpool/pool/internal/percpu"
)

// work is what is to be done for a generation after a collection. It does not keep alive
// what the program has dropped.
type work struct {
	pool   weak.Pointer[Pool]
	number uint64
}

// age runs after the collection that a generation has lived through, and puts the next one
// in its place. If the one before is still in use, it lives one collection longer: its
// counters are the next one's too.
func age(w work) {
	p := w.pool.Value()
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.now.Load()
	if g == nil || g.number != w.number { // dropped
		return
	}
	if !p.bury(g) {
		percpu.AfterCollection(age, w)
		return
	}
	p.now.Store(&generation{number: g.number + 1, aged: weak.Make(g)})
	p.dying, p.owed = weak.Make(g), true
	percpu.AfterCollection(buried, w)
}

// buried runs after the collection that a generation should have died at, in case that
// nobody uses the next one.
func buried(w work) {
	p := w.pool.Value()
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.now.Load()
	if g == nil || g.number != w.number+1 { // age was first
		return
	}
	if !p.bury(g) {
		percpu.AfterCollection(buried, w)
	}
}

// bury counts what died with the generation before g, the one in use. It reports false if
// that is still held: then nobody takes from it any more, so that it can die. The
// caller holds mu.
func (p *Pool) bury(g *generation) bool {
	if !p.owed {
		return true
	}
	if p.dying.Value() != nil {
		g.past.Store(true)
		return false
	}
	p.tally.bury(1 - g.parity())
	p.owed = false
	return true
}
