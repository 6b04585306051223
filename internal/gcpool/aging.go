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
func age(w work) { w.run(w.number, age, (*Pool).succeed) }

func (p *Pool) succeed(g *generation, w work) {
	p.now.Store(&generation{number: g.number + 1, aged: weak.Make(g)})
	p.dying, p.owed = weak.Make(g), true
	percpu.AfterCollection(buried, w)
}

// buried runs after the collection that a generation should have died at, in case that
// nobody uses the next one.
func buried(w work) { w.run(w.number+1, buried, func(*Pool, *generation, work) {}) }

// run calls then if the generation with this number is in use and what died is counted,
// and again after the next collection if it cannot be counted yet.
func (w work) run(number uint64, again func(work), then func(*Pool, *generation, work)) {
	p := w.pool.Value()
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch g := p.now.Load(); {
	case g == nil || g.number != number: // dropped, or age was first
	case p.bury(g):
		then(p, g, w)
	default:
		percpu.AfterCollection(again, w)
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
