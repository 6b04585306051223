package otelpool

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/handle"
	"github.com/otelpool/pool/internal/percpu"
	"github.com/otelpool/pool/internal/raceghost"
)

// SyncPool is a sync.Pool that counts. Its zero value is of no use: see [Wrap].
type SyncPool struct {
	core  *syncCore
	pub   *pool.Publication
	token handle.Token
}

// syncCore is what the registry holds; it knows nothing of the handle, so that
// a handle that is dropped can be collected.
type syncCore struct {
	slots  percpu.Slots // an object per P, for which the counters' pinning serves
	free   sync.Pool    // all others; without New: that it has nothing is how a miss is told
	from   *sync.Pool   // the wrapped pool, for its New
	counts percpu.Counters
	closed atomic.Bool
}

// What a syncCore counts.
const (
	countHit = iota
	countMiss
	countPooled
	countNil
)

// Wrap publishes a pool that works as p does, and counts: code that has a
// sync.Pool changes the line that makes it and keeps its call sites.
//
//	var bufs = otelpool.Wrap(&sync.Pool{New: newBuffer}, "render")
//
// It exports requests (hit: a pooled object; miss: New ran), allocations,
// returns (pooled, nil) and objects in use, under the strategy wrap. What a sync.Pool holds idle cannot
// be known.
//
// From p it takes New and nothing else: objects are kept in a sync.Pool of its
// own, because a sync.Pool does not tell whether New ran. Code that still uses p
// directly works as before, and shares no objects with the wrapped pool. One
// object per P lies beside that sync.Pool, for no longer than it would lie in it,
// so that most calls have exclusive use of their P once, for the object and the
// count. As with a sync.Pool, Get returns nil when there is no New; that counts as
// a miss, for the caller will make an object then.
//
// An empty name becomes sync/1, sync/2, …; one that is taken gets a suffix. Of
// the options only [WithRegistry] has a meaning here. A pool that is dropped
// without Close is withdrawn when it is collected.
func Wrap(p *sync.Pool, name string, opts ...Option) *SyncPool {
	c := newConfig(opts)
	core := &syncCore{from: p}
	s := &SyncPool{core: core, pub: publish(c.registry, name, core), token: handle.New()}
	handle.OnDrop(&s.token, (*pool.Publication).Release, s.pub)
	return s
}

// publish cannot fail: the name is not empty, and a taken one is changed.
func publish(r *pool.Registry, name string, core *syncCore) *pool.Publication {
	dup := pool.Suffix
	if name == "" {
		name, dup = "sync", pool.Number
	}
	pub, _ := r.Publish(name, core, dup)
	return pub
}

// Get returns a free object, or what New makes if there is none.
func (s *SyncPool) Get() any {
	c, settled := s.core, false
	pid := percpu.Pin()
	if slot, n := c.slots.At(pid), c.counts.At(pid); slot != nil && n != nil {
		if x := slot.Take(); x != nil {
			percpu.Inc(&n[countHit])
			percpu.Unpin()
			raceghost.GetAny(x)
			runtime.KeepAlive(s) // the last count before the cleanup reads them
			return x
		}
		settled = slot.Settled()
	}
	percpu.Unpin()
	x := c.get(settled)
	runtime.KeepAlive(s)
	return x
}

// get is for a P whose slot is empty.
func (c *syncCore) get(settled bool) (x any) {
	if !settled {
		x = c.slots.TakeAged()
	}
	if x == nil {
		x = c.free.Get()
	}
	if x == nil {
		return c.make()
	}
	raceghost.GetAny(x)
	if n := c.counts.At(percpu.Pin()); n != nil { // Inc, written out for a call less
		percpu.Inc(&n[countHit])
		percpu.Unpin()
		return x
	}
	percpu.Unpin()
	c.counts.Inc(countHit)
	return x
}

// make counts after New, which may panic and has then handed out nothing.
func (c *syncCore) make() any {
	var x any
	if c.from.New != nil {
		x = c.from.New()
	}
	c.counts.Inc(countMiss)
	return x
}

// Put keeps x for a later Get, or until the garbage collector needs the room. A
// nil is ignored, and counted.
func (s *SyncPool) Put(x any) {
	c := s.core
	if x == nil {
		c.counts.Inc(countNil)
		runtime.KeepAlive(s)
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
	runtime.KeepAlive(s)
}

// put is for a P that has no slot.
func (c *syncCore) put(x any) {
	c.counts.Inc(countPooled)
	if !c.slots.Put(x) {
		c.free.Put(x)
	}
}

// Close withdraws the pool from the registry. It goes on working, and its counts
// go on being exported.
func (s *SyncPool) Close() {
	s.core.closed.Store(true)
	s.pub.Close()
}

// Stats overwrites *into with what the pool counted.
func (s *SyncPool) Stats(into *pool.Stats) {
	s.core.Stats(into)
	into.Name = s.pub.Name()
	runtime.KeepAlive(s)
}

// Stats reads returns first, so that what is taken and given back meanwhile
// does not seem to be given back without having been taken.
func (c *syncCore) Stats(into *pool.Stats) {
	into.Reset()
	into.Strategy = "wrap"
	into.Closed = c.closed.Load()
	into.Knows = pool.Knowledge{
		Rows:     pool.KnowsInUse,
		Requests: pool.SetOf(pool.Hit, pool.Miss),
		Returns:  pool.SetOf(pool.Pooled, pool.NilReturn),
	}
	into.Returns[pool.Pooled] = c.counts.Sum(countPooled)
	into.Returns[pool.NilReturn] = c.counts.Sum(countNil)
	into.Requests[pool.Hit] = c.counts.Sum(countHit)
	into.Requests[pool.Miss] = c.counts.Sum(countMiss)
	into.Allocations = into.Requests[pool.Miss]
	into.InUse = int64(into.HandedOut() - into.TakenBack())
}

var _ pool.Source = (*SyncPool)(nil)
