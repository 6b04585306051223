package chaos_test

import (
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/strategies"
)

// patient is a pool to which something happens, seen by what all of them have.
type patient struct {
	pool.Source
	registry *pool.Registry
	take     func() (giveBack func())
	close    func()
}

// patients makes one pool of each strategy, each in a registry of its own.
var patients = map[string]func(r *pool.Registry) *patient{
	"sizeclasses": func(r *pool.Registry) *patient {
		p := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "p", Registry: r}))
		return ofBytes(r, p, p, p.Close)
	},
	"bounded": func(r *pool.Registry) *patient {
		p := strategies.Must(strategies.NewBounded(strategies.BoundedConfig[[1000]byte]{
			Name: "p", Registry: r, New: func() *[1000]byte { return new([1000]byte) },
		}))
		return ofObjects(r, p, p, p.Close)
	},
	"sized": func(r *pool.Registry) *patient {
		p := strategies.Must(strategies.NewBounded(strategies.BoundedConfig[[1000]byte]{
			Name: "p", Registry: r, New: func() *[1000]byte { return new([1000]byte) }, Size: func(*[1000]byte) int64 { return 1000 },
		}))
		return ofObjects(r, p, p, p.Close)
	},
	"sync": func(r *pool.Registry) *patient {
		p := strategies.Must(strategies.NewSync(strategies.SyncConfig[[1000]byte]{Name: "p", Registry: r}))
		return ofObjects(r, p, p, p.Close)
	},
	"fixed": func(r *pool.Registry) *patient {
		p := strategies.Must(strategies.NewFixed(strategies.FixedConfig{Name: "p", Registry: r, Size: 1000, Count: 64}))
		return &patient{p, r, func() func() { b := p.Get(); return func() { p.Put(b) } }, p.Close}
	},
}

func ofBytes(r *pool.Registry, src pool.Source, p pool.Bytes, closePool func()) *patient {
	return &patient{src, r, func() func() { b := p.Get(1000); return func() { p.Put(b) } }, closePool}
}

func ofObjects[T any](r *pool.Registry, src pool.Source, p pool.Objects[T], closePool func()) *patient {
	return &patient{src, r, func() func() { x := p.Get(); return func() { p.Put(x) } }, closePool}
}

// core is the pool as controllers and configurations see it.
func (p *patient) core() pool.Source { return p.registry.All()[0].Source() }

// use takes and gives back n objects, four at a time.
func (p *patient) use(n int) {
	var backs [4]func()
	for range n / len(backs) {
		for i := range backs {
			backs[i] = p.take()
		}
		for _, back := range backs {
			back()
		}
	}
}

func (p *patient) stats() *pool.Stats {
	s := new(pool.Stats)
	p.Stats(s)
	return s
}

// checkLaws says what must hold while nobody uses the pool.
func (p *patient) checkLaws(t *testing.T) {
	t.Helper()
	s := p.stats()
	idle := int64(s.Prewarmed + s.Returns[pool.Pooled] - s.Requests[pool.Hit] - s.Evicted())
	if s.Knows.Has(pool.KnowsIdle) && s.Idle != idle {
		t.Errorf("%d idle, should be %d", s.Idle, idle)
	}
	if s.InUse != 0 || s.Knows.Has(pool.KnowsInUse) && s.HandedOut() != s.TakenBack() {
		t.Errorf("%d in use, %d handed out, %d taken back; want none in use", s.InUse, s.HandedOut(), s.TakenBack())
	}
	if s.Knows.Has(pool.KnowsLimit|pool.KnowsIdleBytes) && s.IdleBytes > s.Limit {
		t.Errorf("%d bytes idle, limit %d", s.IdleBytes, s.Limit)
	}
}
