// Package sync has what Go's tests of sync.Pool import from package sync, with
// pools of ours as Pool. It is called sync because the tests' package is called
// sync_test.
package sync

import (
	"fmt"
	"runtime"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/otelpool"
	"github.com/otelpool/pool/strategies"
)

// strategy is set by the linker.
var strategy = "bounded"

// Pool is a sync.Pool, its zero value included, on a pool of ours.
type Pool struct {
	New func() any

	made sync.Once
	pool anyPool
}

type anyPool interface {
	Get() any
	Put(any)
}

// Get implements sync.Pool's.
func (p *Pool) Get() any {
	p.made.Do(p.make)
	x := p.pool.Get()
	if x == nil && p.New != nil {
		return p.New()
	}
	return x
}

// Put implements sync.Pool's.
func (p *Pool) Put(x any) {
	p.made.Do(p.make)
	p.pool.Put(x)
}

func (p *Pool) make() {
	switch strategy {
	case "bounded":
		// Sampling keeps some objects aside for a while, and TestPoolGC counts unreachable
		// objects.
		p.pool = boxes{strategies.Must(strategies.NewBounded(strategies.BoundedConfig[any]{New: newBox, Safety: strategies.SafetyOff}))}
	case "sync":
		p.pool = boxes{strategies.Must(strategies.NewSync(strategies.SyncConfig[any]{}))}
		useOnce(p.pool)
	case "wrap":
		p.pool = otelpool.Wrap(new(sync.Pool), "", otelpool.WithRegistry(new(pool.Registry)))
		useOnce(p.pool)
	case "broken":
		p.pool = new(broken)
	default:
		panic(fmt.Sprintf("gosync: strategy %s: use bounded, sync, wrap or broken", strategy))
	}
}

// useOnce uses all that there is in a pool, the sync.Pool in it included, before
// Runtime_procPin sets GOMAXPROCS to 1: on a P that comes after its first use a sync.Pool
// does not find what it has kept for a collection.
func useOnce(p anyPool) {
	objects := 2 + runtime.GOMAXPROCS(0)
	for range objects {
		p.Put("used")
	}
	for objects > 0 {
		if p.Get() != nil {
			objects--
		} else {
			runtime.Gosched() // it lies on another P
		}
	}
}

// boxes makes a pool of any out of a pool of pointers to it. New makes empty boxes.
// A full box is not emptied when it is taken out, so every reference that the pool
// still has to it keeps the content alive, which Go's tests would notice.
type boxes struct{ pool.Objects[any] }

func newBox() *any { return new(any) }

func (b boxes) Get() any { return *b.Objects.Get() }

func (b boxes) Put(x any) {
	if x == nil {
		return
	}
	box := newBox()
	*box = x
	b.Objects.Put(box)
}

// broken hands out what was put first, for ever.
type broken struct {
	mu sync.Mutex
	x  any
}

func (b *broken) Get() any {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.x
}

func (b *broken) Put(x any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.x == nil {
		b.x = x
	}
}

// procs is GOMAXPROCS as it was before Runtime_procPin.
var procs int

// Runtime_procPin keeps the goroutine on its P by leaving no other. Pinned for
// real it could not wait for a lock, and a test is no place for pinned code of
// ours that is not pinned otherwise.
func Runtime_procPin() int {
	procs = runtime.GOMAXPROCS(1)
	return 0
}

// Runtime_procUnpin ends what Runtime_procPin began.
func Runtime_procUnpin() { runtime.GOMAXPROCS(procs) }

// BlockUntilEmptyCleanupQueue waits until the cleanups that are due have run.
func BlockUntilEmptyCleanupQueue(timeout int64) bool {
	due := []metrics.Sample{{Name: "/gc/cleanups/queued:cleanups"}, {Name: "/gc/cleanups/executed:cleanups"}}
	deadline := time.Now().Add(time.Duration(timeout))
	for {
		metrics.Read(due)
		if due[1].Value.Uint64() >= due[0].Value.Uint64() {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
		runtime.Gosched()
	}
}

// WaitGroup is sync's.
type WaitGroup = sync.WaitGroup

// PoolDequeue is an internal of sync.Pool's, named by tests that the driver
// skips: we have none.
type PoolDequeue interface {
	PushHead(val any) bool
	PopHead() (any, bool)
	PopTail() (any, bool)
}

// NewPoolDequeue returns nil.
func NewPoolDequeue(int) PoolDequeue { return nil }

// NewPoolChain returns nil.
func NewPoolChain() PoolDequeue { return nil }
