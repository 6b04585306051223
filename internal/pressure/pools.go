package main

import (
	"context"
	"fmt"
	"math/bits"
	"os"
	"slices"
	"sync"
	"time"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/strategies"
)

// The pools that are compared.
const (
	unlimited    = "unlimited"
	capped       = "cap-64"
	gcSized      = "sync.Pool"
	none         = "none"
	adaptivePool = "adaptive"
)

// pools makes them. What a pool needs in the background runs until ctx ends; the
// report tells afterwards what it did.
var pools = map[string]func(ctx context.Context) (p pool.Bytes, report func(*labResult), err error){
	unlimited: func(context.Context) (pool.Bytes, func(*labResult), error) { return newStacks(1 << 30), nothing, nil },
	capped:    func(context.Context) (pool.Bytes, func(*labResult), error) { return newStacks(64), nothing, nil },
	gcSized: func(context.Context) (pool.Bytes, func(*labResult), error) {
		return newSyncPools(), nothing, nil
	},
	none: func(context.Context) (pool.Bytes, func(*labResult), error) {
		return makes{}, nothing, nil
	},
	adaptivePool: newAdaptive,
}

func nothing(*labResult) {}

// poolNames is in the order of the table.
func poolNames() []string { return []string{unlimited, capped, gcSized, none, adaptivePool} }

var classes = strategies.PowersOfTwo(smallest, largest)

const (
	smallest = 4 << 10
	largest  = 1 << 20
)

// newAdaptive is the flagship as its users run it: with no limit but what its
// controller finds.
func newAdaptive(ctx context.Context) (pool.Bytes, func(*labResult), error) {
	registry := new(pool.Registry)
	p, err := strategies.NewSizeClasses(strategies.SizeClassesConfig{
		Name: "lab", Registry: registry, Classes: classes, Limit: pool.Unlimited,
	})
	if err != nil {
		return nil, nil, err
	}
	start := time.Now()
	ctl, err := adaptive.New(adaptive.Config{Registry: registry, OnDecision: func(d pool.Decision) {
		fmt.Fprintf(os.Stderr, "%6.2fs %s %s→%s %s, limit %d→%d MiB, freed %d KiB, forced %t: %s\n", time.Since(start).Seconds(),
			d.Trigger, d.From, d.To, d.Action, d.LimitBefore/mib, d.Limit/mib, d.Freed>>10, d.ForcedGC, d.Reason)
	}})
	if err != nil {
		return nil, nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- ctl.Run(ctx) }()
	return p, func(r *labResult) {
		select {
		case err := <-ended:
			if err != nil {
				r.Fault = err.Error()
			}
		default:
		}
		r.report(ctl)
	}, nil
}

// stacks is the pool that one writes in an afternoon: a locked stack of free buffers per
// size class, each up to a number of buffers.
type stacks struct {
	mu   sync.Mutex
	free map[int][][]byte // by size
	most int
}

func newStacks(most int) *stacks { return &stacks{free: map[int][][]byte{}, most: most} }

func (s *stacks) Get(n int) []byte {
	size := max(smallest, 1<<bits.Len(uint(n-1)))
	s.mu.Lock()
	free := s.free[size]
	if len(free) == 0 {
		s.mu.Unlock()
		return make([]byte, n, size)
	}
	b := free[len(free)-1]
	s.free[size] = slices.Delete(free, len(free)-1, len(free))
	s.mu.Unlock()
	return b[:n]
}

func (s *stacks) Put(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if free := s.free[cap(b)]; len(free) < s.most {
		s.free[cap(b)] = append(free, b)
	}
}

// makes allocates each buffer and keeps none.
type makes struct{}

func (makes) Get(n int) []byte { return make([]byte, n) }
func (makes) Put([]byte)       {}

// syncPools is a sync.Pool per size class. It keeps a slice by the address of its
// first byte, which allocates nothing.
type syncPools map[int]*sync.Pool // by size

func newSyncPools() syncPools {
	pools := make(syncPools)
	for size := smallest; size <= largest; size *= 2 {
		pools[size] = new(sync.Pool)
	}
	return pools
}

func (p syncPools) Get(n int) []byte {
	size := max(smallest, 1<<bits.Len(uint(n-1)))
	if first, ok := p[size].Get().(*byte); ok {
		return unsafe.Slice(first, size)[:n]
	}
	return make([]byte, n, size)
}

func (p syncPools) Put(b []byte) {
	if of := p[cap(b)]; of != nil {
		of.Put(unsafe.SliceData(b))
	}
}
