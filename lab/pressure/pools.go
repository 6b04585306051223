package main

import (
	"context"
	"encoding/json"
	"errors"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/strategies"
)

// The pools that are compared. All but ours are built here: the smallest thing
// that does what its name says.
const (
	unlimited = "unlimited"
	capped    = "cap-64"
	gcSized   = "sync.Pool"
	none      = "none"
	ours      = "ours"
)

// poolNames is in the order of the table.
func poolNames() []string { return []string{unlimited, gcSized, capped, none, ours} }

// buffers is a pool under test.
type buffers interface {
	Get(n int) []byte
	Put(b []byte)
	// misses is how many Gets had to allocate.
	misses() uint64
	// report adds what a controller did, once the service has ended.
	report(r *labResult)
}

// openPool makes the pool of a plan. What it needs in the background runs until
// ctx ends.
func openPool(ctx context.Context, p *plan) (buffers, error) {
	switch p.Pool {
	case unlimited:
		return newStacks(1 << 30), nil
	case capped:
		return newStacks(64), nil
	case gcSized:
		return new(syncPools), nil
	case none:
		return new(noPool), nil
	case ours:
		return openOurs(ctx, p.Dir, p.Budget)
	}
	return nil, unknownPool(p.Pool)
}

const (
	smallest = 4 << 10
	largest  = 1 << 20
)

func sizeFor(n int) int { return max(smallest, 1<<bits.Len(uint(n-1))) }

// made counts what a stand-in allocated.
type made struct{ n atomic.Uint64 }

func (m *made) buffer(n, size int) []byte {
	m.n.Add(1)
	return make([]byte, n, size)
}

func (m *made) misses() uint64    { return m.n.Load() }
func (m *made) report(*labResult) {}

// noPool allocates.
type noPool struct{ made }

func (p *noPool) Get(n int) []byte { return p.buffer(n, n) }
func (p *noPool) Put([]byte)       {}

// syncPools is a sync.Pool for each size, of first bytes: a pointer in an
// interface allocates nothing.
type syncPools struct {
	made
	bySize [bits.UintSize]sync.Pool
}

func (p *syncPools) Get(n int) []byte {
	size := sizeFor(n)
	if first, ok := p.bySize[bits.Len(uint(size))].Get().(*byte); ok {
		return unsafe.Slice(first, size)[:n]
	}
	return p.buffer(n, size)
}

func (p *syncPools) Put(b []byte) { p.bySize[bits.Len(uint(cap(b)))].Put(unsafe.SliceData(b)) }

// stacks is the pool that one writes in an afternoon: a locked stack of free
// buffers per size, each up to a number of buffers.
type stacks struct {
	made
	mu   sync.Mutex
	free map[int][][]byte // by size
	most int
}

func newStacks(most int) *stacks { return &stacks{free: map[int][][]byte{}, most: most} }

func (s *stacks) Get(n int) []byte {
	size := sizeFor(n)
	s.mu.Lock()
	free := s.free[size]
	if len(free) == 0 {
		s.mu.Unlock()
		return s.buffer(n, size)
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

// controlled is the flagship as its users run it: a pool with no limit, and a
// controller with no settings but the budget that a large pool needs. What the
// controller sees and decides is written down line by line, so that it is there
// when the process was killed.
type controlled struct {
	*strategies.SizeClasses
	ctl      *adaptive.Controller
	recorder *adaptive.Recorder
	stop     context.CancelFunc
	ended    chan error
	written  error // the first error of writing a decision
}

// The files in which a service leaves what its controller saw and decided.
const (
	recordingFile = "recording.jsonl"
	decisionsFile = "decisions.jsonl"
)

func openOurs(ctx context.Context, dir string, budget int64) (buffers, error) {
	recording, err := os.Create(filepath.Join(dir, recordingFile))
	if err != nil {
		return nil, err
	}
	decisions, err := os.Create(filepath.Join(dir, decisionsFile))
	if err != nil {
		return nil, err
	}
	p := &controlled{recorder: adaptive.NewRecorder(recording), ended: make(chan error, 1)}
	registry := new(pool.Registry)
	if p.SizeClasses, err = strategies.NewSizeClasses(strategies.SizeClassesConfig{
		Name: "lab", Registry: registry, Classes: strategies.PowersOfTwo(smallest, largest), Limit: pool.Unlimited,
	}); err != nil {
		return nil, err
	}
	lines := json.NewEncoder(decisions)
	if p.ctl, err = adaptive.New(adaptive.Config{
		Registry: registry, MaxIdleBytes: budget, Recorder: p.recorder,
		OnDecision: func(d control.Decision) { p.written = errors.Join(p.written, lines.Encode(d)) },
	}); err != nil {
		return nil, err
	}
	ctx, p.stop = context.WithCancel(ctx)
	go func() { p.ended <- p.ctl.Run(ctx) }()
	return p, nil
}

func (p *controlled) misses() uint64 {
	var s pool.Stats
	p.Stats(&s)
	return s.Requests[pool.Miss]
}

// report ends the controller, so that it decides nothing that nobody hears.
func (p *controlled) report(r *labResult) {
	var err error
	select {
	case ended := <-p.ended:
		err = errors.Join(errors.New("the controller stopped"), ended)
	default:
		p.stop()
		err = <-p.ended
	}
	if err = errors.Join(err, p.recorder.Err(), p.written); err != nil {
		r.Fault = err.Error()
	}
	var s control.Stats
	p.ctl.ControllerStats(&s)
	r.ForcedGC, r.Runs = s.ForcedGCs, s.Runs[:]
}
