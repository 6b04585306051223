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
	pool Pool // open from the start
	pub  *pool.Publication
}

// syncCore is what a handle refers to.
type syncCore struct {
	slots percpu.Slots // an object per P, for which the counters' pinning serves
	free  sync.Pool    // all others; without New: that it has nothing is how a miss is told
	*row
}

// row is what the registry holds, a pool's counts or a family's; it knows nothing
// of the handles, so that a handle that is dropped can be collected.
type row struct {
	counts percpu.Counters
	closed atomic.Bool

	// Of a family:
	name  string                           // as its pools have it, without a suffix
	users handle.Weak                      // the pools
	pub   atomic.Pointer[pool.Publication] // set before the last of them can be collected
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

// get is for a P whose slot is empty.
func (c *syncCore) get(settled bool, New func() any) (x any) {
	if !settled {
		x = c.slots.TakeAged()
	}
	if x == nil {
		x = c.free.Get()
	}
	if x == nil {
		return c.make(New)
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
func (c *syncCore) make(New func() any) (x any) {
	if New != nil {
		x = New()
	}
	c.counts.Inc(countMiss)
	return x
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
	s.pool.core.Load().closed.Store(true)
	s.pub.Close()
}

// Stats overwrites *into with what the pool counted.
func (s *SyncPool) Stats(into *pool.Stats) {
	s.pool.core.Load().Stats(into)
	into.Name = s.pub.Name()
	runtime.KeepAlive(s)
}

// Stats reads returns first, so that what is taken and given back meanwhile
// does not seem to be given back without having been taken.
func (c *row) Stats(into *pool.Stats) {
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
