package sim

import (
	"runtime"
	"sync"
	"time"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/magazine"
	"github.com/otelpool/pool/internal/percpu"
	"github.com/otelpool/pool/internal/trace"
)

// Engine is the shipped engine as it serves a recording: its objects have the
// size they are declared to have and no memory, so that gigabytes cost nothing.
// It is for one goroutine.
type Engine struct {
	*magazine.Pool
	front   magazine.Front
	sizes   []int64
	idle    account
	stats   pool.Stats
	nothing unsafe.Pointer // what every object is
}

// NewEngine returns an engine with classes of the given sizes that shares a
// budget.
func NewEngine(sizes []int64, budget *pool.Budget) *Engine {
	e := &Engine{sizes: sizes, nothing: unsafe.Pointer(new(uint64))}
	e.Pool = magazine.New(magazine.Config{Sizes: sizes, Limit: pool.Unlimited, Budget: budget})
	e.Refresh(&e.front)
	return e
}

// Get takes an object of a class and reports whether there was one.
func (e *Engine) Get(at time.Duration, class int) bool {
	cell := e.front.At(percpu.Pin(), class)
	if cell.Take() != nil {
		cell.Count(0)
		cell.Leave()
		e.idle.add(at, -e.sizes[class])
		return true
	}
	cell.Leave()
	x, _ := e.Pool.Get(class, 0)
	e.Refresh(&e.front)
	if x != nil {
		e.idle.add(at, -e.sizes[class])
	}
	return x != nil
}

// Put gives an object of a class back.
func (e *Engine) Put(at time.Duration, class int) {
	cell := e.front.At(percpu.Pin(), class)
	kept := cell.Give(e.nothing)
	cell.Leave()
	if kept {
		e.idle.add(at, e.sizes[class])
		return
	}
	e.Pool.Put(class, e.nothing, 0)
	e.Refresh(&e.front)
	e.sync(at) // others may have made way for it
}

// Trim implements [control.Resizable].
func (e *Engine) Trim(bytes int64) int64 { return e.Pool.Trim(bytes, pool.EvictPressure) }

// sync takes over what the engine says it holds.
func (e *Engine) sync(at time.Duration) {
	e.Stats(&e.stats)
	e.idle.add(at, e.stats.IdleBytes-e.idle.bytes)
}

func (e *Engine) account() *account { return &e.idle }

// ReplayEngine runs a trace through the shipped engine that the shipped
// controller steers, on the clock of the trace. The engine sees as many Ps as
// this process has, and between them the scheduler moves the replay as other work has
// it: see OnOneP.
func (s *Shipped) ReplayEngine(t *trace.Trace, name string, breakEven time.Duration) (Result, error) {
	budget := pool.NewBudget(pool.Unlimited)
	e := NewEngine(t.Sizes, budget)
	defer e.Close()
	return s.steer(t, name, breakEven, e, budget)
}

// oneP is the process's, as GOMAXPROCS is.
var oneP sync.Mutex

// OnOneP calls f while the process has one P. What an engine keeps near a P the replay
// then finds again, and comes to the same on every machine, whatever else that does.
func OnOneP(f func()) {
	oneP.Lock()
	defer oneP.Unlock()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	f()
}

var _ control.Ager = (*Engine)(nil)
