package otelpool

import (
	"fmt"
	"path"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/handle"
	"github.com/otelpool/pool/internal/percpu"
	"github.com/otelpool/pool/internal/raceghost"
)

// Pool is a sync.Pool that counts: a type with the same field and methods, whose
// zero value works, for struct fields and package variables. Replacing sync.Pool
// by otelpool.Pool compiles wherever the program does not hand the pool to code
// that wants a *sync.Pool.
//
//	type Server struct {
//		bufs otelpool.Pool
//	}
//
// The first Get or Put registers it in [pool.Default], under its Name or else the
// place of that call: "http.(*Server).getBuf server.go:135". Of several open pools
// with one name or place, the second is …-2, and so on. It exports what [Wrap]
// does, and keeps objects as a wrapped pool keeps them. There is no Close: the
// registry lets a pool go when the garbage collector has found the struct that it
// is in unreachable, and keeps its counts.
//
// A Get and a Put cost what a wrapped pool's do, and do not allocate. The first of
// them costs some microseconds, for the name. A Pool must not be copied after its
// first use; go vet reports copies.
type Pool struct {
	// New makes an object for a Get that finds none; without it such a Get returns
	// nil. It must not change while Get is called.
	New func() any

	// Name is the pool's name in the registry, read at the first Get or Put.
	Name string

	core  atomic.Pointer[syncCore] // nil until the first use
	mu    sync.Mutex               // first uses take it
	token handle.Token             // set before core
}

// Get returns a free object, or what New makes if there is none.
func (p *Pool) Get() any {
	c, settled := p.opened(), false
	pid := percpu.Pin()
	if slot, n := c.slots.At(pid), c.counts.At(pid); slot != nil && n != nil {
		if x := slot.Take(); x != nil {
			percpu.Inc(&n[countHit])
			percpu.Unpin()
			raceghost.GetAny(x)
			runtime.KeepAlive(p) // the last count before the cleanup reads them
			return x
		}
		settled = slot.Settled()
	}
	percpu.Unpin()
	x := c.get(settled, p.New)
	runtime.KeepAlive(p)
	return x
}

// Put keeps x for a later Get, or until the garbage collector needs the room. A
// nil is ignored, and counted.
func (p *Pool) Put(x any) {
	c := p.opened()
	if x == nil {
		c.counts.Inc(countNil)
		runtime.KeepAlive(p)
		return
	}
	raceghost.PutAny(x)
	pid := percpu.Pin()
	if slot, n := c.slots.At(pid), c.counts.At(pid); slot != nil && n != nil {
		percpu.Inc(&n[countPooled])
		kept := slot.Put(x)
		percpu.Unpin()
		if !kept {
			c.free.Put(x)
		}
	} else {
		percpu.Unpin()
		c.put(x)
	}
	runtime.KeepAlive(p)
}

// opened is small enough to be inlined.
func (p *Pool) opened() *syncCore {
	if c := p.core.Load(); c != nil {
		return c
	}
	return p.open()
}

// open registers the pool, once: of concurrent first uses one does it under the
// lock, and the others wait for as long as an insertion into a map takes, and find
// its core. The core is stored last, so whoever loads it finds a token, and the
// pool published. Nothing of the program's runs meanwhile, so nobody waits for
// itself.
func (p *Pool) open() *syncCore {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.core.Load(); c != nil {
		return c
	}
	name := p.Name
	if name == "" {
		name = caller()
	}
	p.publish(pool.Default, name, pool.Suffix)
	return p.core.Load()
}

// publish cannot fail: the name is not empty, and a taken one is changed. The
// core, which the registry holds, does not refer to p or its New, so that p can be
// collected.
func (p *Pool) publish(r *pool.Registry, name string, dup pool.OnDuplicate) *pool.Publication {
	core := new(syncCore)
	pub, _ := r.Publish(name, core, dup)
	p.token = handle.New()
	handle.OnDrop(&p.token, (*pool.Publication).Release, pub)
	p.core.Store(core)
	return pub
}

// caller is the function that called Get or Put, with its file and line.
func caller() string {
	var stack [16]uintptr
	frames := pool.Stack(stack[:runtime.Callers(5, stack[:])]).Frames() // after Callers, caller, open, opened, Get
	if len(frames) == 0 {
		return "sync" // go p.Put(x)
	}
	f := frames[0]
	return fmt.Sprintf("%s %s:%d", path.Base(f.Function), filepath.Base(f.File), f.Line)
}
