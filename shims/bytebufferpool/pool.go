package bytebufferpool

import (
	"fmt"
	"path"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/strategies"
)

// Pool is a pool of buffers, whose zero value works. It registers itself at its first
// use. Pools that are first used at one place, one per connection say, share their
// buffers and a row in the registry, for as long as the program runs. A Pool is safe
// for concurrent use, and must not be copied after its first use.
type Pool struct {
	name   string
	shared atomic.Pointer[buffers] // nil until the first use
}

type buffers = strategies.Bounded[ByteBuffer]

var defaultPool = Pool{name: "bytebufferpool"}

// Get returns an empty buffer of the default pool.
func Get() *ByteBuffer { return defaultPool.Get() }

// Put gives a buffer to the default pool. Neither it nor its memory may be used any
// more.
func Put(b *ByteBuffer) { defaultPool.Put(b) }

// Get returns an empty buffer.
func (p *Pool) Get() *ByteBuffer {
	b := p.opened().Get()
	b.Reset() // here and not at Put, where the pool would have to call it
	return b
}

// Put gives a buffer to the pool. Neither it nor its memory may be used any more.
func (p *Pool) Put(b *ByteBuffer) { p.opened().Put(b) }

// opened is small enough to be inlined.
func (p *Pool) opened() *buffers {
	if b := p.shared.Load(); b != nil {
		return b
	}
	return p.open()
}

// open may run several times at once, and finds the same each time.
func (p *Pool) open() *buffers {
	name := p.name
	if name == "" {
		name = caller()
	}
	b := shared.open(pool.ValidName(name))
	p.shared.Store(b)
	return b
}

// shared has what Pools share, by name: as many as places in the program.
var shared registry

type registry struct {
	mu sync.Mutex
	by map[string]*buffers
}

// open cannot fail: the name is valid, and a taken one is changed.
func (r *registry) open(name string) *buffers {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.by[name]
	if b == nil {
		b = strategies.Must(strategies.NewBounded(strategies.BoundedConfig[ByteBuffer]{
			Name:        name,
			OnDuplicate: pool.Suffix,
			New:         func() *ByteBuffer { return new(ByteBuffer) },
		}))
		if r.by == nil {
			r.by = make(map[string]*buffers)
		}
		r.by[name] = b
	}
	return b
}

// caller is the function that called Get or Put, with its file and line.
func caller() string {
	var stack [16]uintptr
	frames := pool.Stack(stack[:runtime.Callers(5, stack[:])]).Frames() // after Callers, caller, open, opened, Get
	if len(frames) == 0 {
		return "bytebufferpool.Pool" // go p.Put(x)
	}
	f := frames[0]
	return fmt.Sprintf("%s %s:%d", path.Base(f.Function), filepath.Base(f.File), f.Line)
}
