package otelpool

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/gcpool"
	"github.com/otelpool/pool/internal/handle"
	"github.com/otelpool/pool/internal/raceghost"
)

// SyncPool is a sync.Pool that counts. Its zero value is of no use: see [Wrap].
type SyncPool struct {
	pool Pool // open from the start
	pub  *pool.Publication
}

// syncCore is what a handle refers to.
type syncCore struct {
	objects gcpool.Pool
	*row
}

func newCore(r *row) *syncCore {
	c := &syncCore{row: r}
	r.pools.Join(&c.objects)
	return c
}

// row is what the registry holds, a pool's counts or a family's; it knows nothing
// of the handles, so that a handle that is dropped can be collected.
type row struct {
	pools  gcpool.Family
	nils   atomic.Uint64
	closed atomic.Bool

	// Of a family:
	name  string                           // as its pools have it, without a suffix
	users handle.Weak                      // the pools
	pub   atomic.Pointer[pool.Publication] // set before the last of them can be collected
}

// Wrap publishes a pool that works as p does, and counts: code that has a
// sync.Pool changes the line that makes it and keeps its call sites.
//
//	var bufs = otelpool.Wrap(&sync.Pool{New: newBuffer}, "render")
//
// It exports requests (hit: a pooled object; miss: New ran), allocations, returns
// (pooled), objects in use and idle, and evictions by the garbage collector, under
// the strategy wrap. What the collector took counts as idle until it has run cleanups.
//
// From p it takes New and nothing else: objects are kept in a pool of its own, for as
// long as a sync.Pool keeps them, because a sync.Pool does not tell whether New ran.
// Code that still uses p directly works as before, and shares no objects with the
// wrapped pool. As with a sync.Pool, Get returns nil when there is no New; that counts
// as a miss, for the caller will make an object then.
//
// An empty name becomes sync/1, sync/2, …; one that is taken gets a suffix. Of
// the options only [WithRegistry] has a meaning here. A pool that is dropped
// without Close is withdrawn when it is collected.
func Wrap(p *sync.Pool, name string, opts ...Option) *SyncPool {
	s := new(SyncPool)
	s.pool.New = func() any {
		if p.New == nil {
			return nil
		}
		return p.New()
	}
	s.pool.token = handle.New()
	dup := pool.Suffix
	if name == "" {
		name, dup = "sync", pool.Number
	}
	s.pub, _ = s.pool.publish(newConfig(opts).registry, name, new(row), dup) // a taken name is changed
	return s
}

// Get returns a free object, or what New makes if there is none.
func (s *SyncPool) Get() any { return s.pool.Get() }

// Put keeps x for a later Get, or until the garbage collector needs the room. A
// nil is ignored, and counted.
func (s *SyncPool) Put(x any) { s.pool.Put(x) }

// get is for a P whose slot is empty. It counts after fresh, which may panic and has
// then handed out nothing.
func (c *syncCore) get(fresh func() any) (x any) {
	if x = c.objects.Get(); x != nil {
		raceghost.GetAny(x)
		return x
	}
	if fresh != nil {
		x = fresh()
	}
	c.objects.Count(gcpool.Miss)
	return x
}

// Close withdraws the pool from the registry. It goes on working, and its counts
// go on being exported.
func (s *SyncPool) Close() {
	s.pool.core.Load().closed.Store(true)
	s.pub.Close()
}

// Stats overwrites *into with what the pool counted.
func (s *SyncPool) Stats(into *pool.Stats) {
	s.pool.core.Load().Stats(into)
	into.Name = s.pub.Name()
	runtime.KeepAlive(s)
}

// Stats is the handles'.
func (r *row) Stats(into *pool.Stats) {
	into.Reset()
	into.Strategy = "wrap"
	into.Closed = r.closed.Load()
	into.Knows = pool.Knowledge{
		Rows:      pool.KnowsInUse | pool.KnowsIdle,
		Requests:  pool.SetOf(pool.Hit, pool.Miss),
		Returns:   pool.SetOf(pool.Pooled, pool.NilReturn),
		Evictions: pool.SetOf(pool.EvictGC),
	}
	n := r.pools.Counts()
	into.Requests[pool.Hit], into.Requests[pool.Miss] = n.Hits, n.Misses
	into.Returns[pool.Pooled], into.Returns[pool.NilReturn] = n.Pooled, r.nils.Load()
	into.Evictions[pool.EvictGC] = n.Collected
	into.Allocations = n.Misses
	into.Idle = int64(n.Idle())
	into.InUse = int64(into.HandedOut() - into.TakenBack())
}

var _ pool.Source = (*SyncPool)(nil)
