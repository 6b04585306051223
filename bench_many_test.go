package pool_test

import (
	"strconv"
	"sync"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/benchcase"
	"github.com/otelpool/pool/strategies"
)

// many is how many pools ManyPools goes round: about 1,000, and a power of two,
// so that going round costs next to nothing.
const many = 1 << 10

type (
	manySyncPools   [many]*sync.Pool
	manySizeClasses [many]*strategies.SizeClasses
)

func manyPools(tb testing.TB) []benchcase.Entry {
	seen := observed(tb)
	return []benchcase.Entry{
		{Name: "syncpool", Open: func(_ testing.TB, size int) benchcase.Pool {
			var p manySyncPools
			for i := range p {
				p[i] = newSyncPool(size).Pool
			}
			return &p
		}},
		{Name: "sizeclasses", Open: func(tb testing.TB, _ int) benchcase.Pool { return newManySizeClasses(tb, nil) }},
		{Name: "sizeclasses-otel", Open: func(tb testing.TB, _ int) benchcase.Pool { return newManySizeClasses(tb, seen) }},
	}
}

func newManySizeClasses(tb testing.TB, r *pool.Registry) *manySizeClasses {
	var p manySizeClasses
	for i := range p {
		c := strategies.SizeClassesConfig{Registry: r}
		if r != nil {
			c.Name = "many." + strconv.Itoa(i)
		}
		p[i] = must(strategies.NewSizeClasses(c))(tb)
	}
	tb.Cleanup(func() { closeAll(p[:]) })
	return &p
}
