package strategies_test

import (
	"bytes"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/pooltest"
	"github.com/otelpool/pool/strategies"
)

// fixedBytes is a Fixed that allocates what its buffers do not hold.
type fixedBytes struct {
	*strategies.Fixed
	size int
}

func (f fixedBytes) Get(n int) []byte {
	if n > f.size {
		return make([]byte, n)
	}
	return f.Fixed.Get()[:n]
}

// The engine's pools as users and controllers have them together: a controller
// finds its side in the registry.
type (
	closer       interface{ Close() }
	tunableBytes struct {
		pool.Bytes
		core
		closer
	}
	tunableObjects[T any] struct {
		pool.Objects[T]
		core
		closer
	}
)

// published is what a registry of one pool has.
func published(r *pool.Registry) core { return r.All()[0].Source().(core) }

// core is what a registry has of a pool that can be sized.
type core interface {
	pool.Source
	control.Tunable
}

func TestBytePoolsConform(t *testing.T) {
	t.Parallel()
	sizeClasses := func(c strategies.SizeClassesConfig) (pool.Bytes, error) {
		c.Name, c.Registry = "conforming", new(pool.Registry)
		p, err := strategies.NewSizeClasses(c)
		if err != nil {
			return nil, err
		}
		return tunableBytes{p, published(c.Registry), p}, nil
	}
	for name, newPool := range map[string]func() (pool.Bytes, error){
		"sizeclasses": func() (pool.Bytes, error) { return sizeClasses(strategies.SizeClassesConfig{}) },
		"sizeclasses-geometric": func() (pool.Bytes, error) {
			return sizeClasses(strategies.SizeClassesConfig{Classes: strategies.Geometric(64, 64<<10, 4)})
		},
		"sizeclasses-explicit": func() (pool.Bytes, error) {
			return sizeClasses(strategies.SizeClassesConfig{Classes: strategies.Explicit(1, 100, 1000, 1001, 70_000)})
		},
		"sizeclasses-small": func() (pool.Bytes, error) { return sizeClasses(strategies.SizeClassesConfig{Limit: 50_000}) },
		"sizeclasses-zeroonput": func() (pool.Bytes, error) {
			return sizeClasses(strategies.SizeClassesConfig{Zero: strategies.ZeroOnPut})
		},
		"sizeclasses-zeroonget": func() (pool.Bytes, error) {
			return sizeClasses(strategies.SizeClassesConfig{Zero: strategies.ZeroOnGet})
		},
		"sizeclasses-warm": func() (pool.Bytes, error) {
			return sizeClasses(strategies.SizeClassesConfig{Prewarm: map[int]int{1000: 20, 5000: 3}})
		},
		"sizeclasses-budget": func() (pool.Bytes, error) {
			return sizeClasses(strategies.SizeClassesConfig{Budget: pool.NewBudget(100_000)})
		},
		"fixed": func() (pool.Bytes, error) {
			const size = 100_000 // what the suite counts
			f, err := strategies.NewFixed(strategies.FixedConfig{Size: size, Count: 8})
			return fixedBytes{f, size}, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			pooltest.TestBytes(t, func(t *testing.T) pool.Bytes {
				p, err := newPool()
				if err != nil {
					t.Fatal(err)
				}
				return p
			})
		})
	}
}

func TestObjectPoolsConform(t *testing.T) {
	t.Parallel()
	type object = bytes.Buffer
	bounded := func(c strategies.BoundedConfig[object]) (pool.Objects[object], error) {
		c.New = func() *object { return new(object) }
		c.Name, c.Registry = "conforming", new(pool.Registry)
		p, err := strategies.NewBounded(c)
		if err != nil {
			return nil, err
		}
		return tunableObjects[object]{p, published(c.Registry), p}, nil
	}
	for name, newPool := range map[string]func() (pool.Objects[object], error){
		"bounded":       func() (pool.Objects[object], error) { return bounded(strategies.BoundedConfig[object]{}) },
		"bounded-small": func() (pool.Objects[object], error) { return bounded(strategies.BoundedConfig[object]{MaxIdle: 10}) },
		"bounded-sized": func() (pool.Objects[object], error) {
			return bounded(strategies.BoundedConfig[object]{Size: func(*object) int64 { return 1000 }, Limit: 30_000})
		},
		"bounded-reset": func() (pool.Objects[object], error) {
			return bounded(strategies.BoundedConfig[object]{Reset: (*object).Reset, Prewarm: 10})
		},
		"sync": func() (pool.Objects[object], error) { return strategies.NewSync(strategies.SyncConfig[object]{}) },
	} {
		t.Run(name, func(t *testing.T) {
			pooltest.TestObjects(t, func(t *testing.T) pool.Objects[object] {
				p, err := newPool()
				if err != nil {
					t.Fatal(err)
				}
				return p
			})
		})
	}
}
