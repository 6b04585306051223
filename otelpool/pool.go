package otelpool

import (
	"cmp"
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
// place of that call: "http.(*Server).getBuf server.go:135". Pools with one name or
// place, one per connection say, are a family: they keep their objects apart, and
// the registry has one row for them, with their counts together. A name that
// another kind of pool has gets a suffix. The row shows what [Wrap] exports, and
// objects are kept as a wrapped pool keeps them. There is no Close: the row closes,
// and keeps its counts, when the garbage collector has found all structs that have
// a pool of the family unreachable.
//
// A Get and a Put cost what a wrapped pool's do, and do not allocate. The first of
// them costs some microseconds, for the name. A Pool must not be copied; go vet
// reports copies.
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
	c := p.opened()
	if slot := c.objects.At(percpu.Pin()); slot != nil {
		if x := slot.Take(); x != nil {
			percpu.Unpin()
			raceghost.GetAny(x)
			runtime.KeepAlive(p) // the last count before the cleanup reads them
			return x
		}
	}
	percpu.Unpin()
	x := c.get(p.New)
	runtime.KeepAlive(p)
	return x
}

// Put keeps x for a later Get, or until the garbage collector needs the room. A
// nil is ignored, and counted.
func (p *Pool) Put(x any) {
	c := p.opened()
	if x == nil {
		c.nils.Add(1)
		runtime.KeepAlive(p)
		return
	}
	raceghost.PutAny(x)
	slot := c.objects.At(percpu.Pin())
	if slot != nil && slot.Put(x) {
		percpu.Unpin()
		runtime.KeepAlive(p)
		return
	}
	percpu.Unpin()
	c.objects.Put(slot, x)
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
// lock, and the others wait and find its core. The core is stored when the row is
// published and the token set, so whoever loads it counts in a row that is not
// released before p is unreachable. Nothing of the program's runs meanwhile, so
// nobody waits for itself.
func (p *Pool) open() *syncCore {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.core.Load() == nil {
		p.enter(pool.Default, pool.ValidName(cmp.Or(p.Name, caller())))
	}
	return p.core.Load()
}

// enter joins the family of a name, or founds it. Of several pools that find none
// at the same time the registry accepts one, and the others look again and join
// it. A name that another kind of pool has is changed.
func (p *Pool) enter(r *pool.Registry, name string) {
	for dup := pool.Reject; !p.join(r, name); dup = pool.Suffix {
		p.token = handle.New()
		family := &row{name: name, users: p.token.Weak()}
		if pub, err := p.publish(r, name, family, dup); err == nil {
			family.pub.Store(pub)
			return
		}
	}
}

// join makes p one of the family of the name, and reports whether there is one. A
// family whose pools have all been collected may still be published, because its
// cleanup has not run yet: join frees the name, and the counts stay with it.
func (p *Pool) join(r *pool.Registry, name string) bool {
	for _, e := range familiesOf(r, name) {
		if family, ok := e.Source().(*row); ok && family.name == name {
			if p.token.Join(family.users) {
				p.core.Store(newCore(family))
				return true
			}
			family.pub.Load().Close()
		}
	}
	return false
}

// familiesOf is where to look for the family of a name: at the pool of that name. All
// pools are searched where that is of another kind, or a family of another name that
// was changed: the family's name was changed then.
func familiesOf(r *pool.Registry, name string) []*pool.Entry {
	e := r.Lookup(name)
	if e == nil {
		return nil
	}
	if family, ok := e.Source().(*row); ok && family.name == name {
		return []*pool.Entry{e}
	}
	return r.All()
}

// publish opens p. The row, which the registry holds, does not refer to p or its
// New, so that p can be collected.
func (p *Pool) publish(r *pool.Registry, name string, counts *row, dup pool.OnDuplicate) (*pool.Publication, error) {
	pub, err := r.Publish(name, counts, dup)
	if err == nil {
		handle.OnDrop(&p.token, (*pool.Publication).Release, pub)
		p.core.Store(newCore(counts))
	}
	return pub, err
}

// caller is the function that called Get or Put, with its file and line.
func caller() string {
	var stack [16]uintptr
	frames := pool.Stack(stack[:runtime.Callers(5, stack[:])]).Frames() // after Callers, caller, open, opened, Get
	if len(frames) == 0 {
		return "sync" // go p.Put(x)
	}
	return fmt.Sprintf("%s %s:%d", path.Base(frames[0].Function), filepath.Base(frames[0].File), frames[0].Line)
}
