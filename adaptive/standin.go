package adaptive

import (
	"math"

	"github.com/otelpool/pool"
)

// standIn is a budget of a registry's pools as a sum of theirs. It goes when the
// registry's own budget lands.
type standIn struct {
	registry *pool.Registry
	limit    int64
}

func budgetOf(r *pool.Registry) Budget { return &standIn{r, math.MaxInt64} }

func (b *standIn) Limit() int64     { return b.limit }
func (b *standIn) SetLimit(n int64) { b.limit = n }
func (b *standIn) SetPressed(bool)  {}

func (b *standIn) Used() (n int64) {
	for _, e := range b.registry.All() {
		var s pool.Stats
		e.Stats(&s)
		n += s.IdleBytes
	}
	return n
}

func (b *standIn) Reclaim() (freed int64) {
	for _, e := range b.registry.All() {
		if r, ok := e.Source().(pool.Resizable); ok && b.Used() > b.limit {
			freed += r.Trim(b.Used() - b.limit)
		}
	}
	return freed
}
