package strategies

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/percpu"
)

// gcPool is a sync.Pool of pointers that counts what it does and, unless it is blind,
// knows how many objects it holds although the garbage collector takes them
// without a word.
//
// Every object lies inside a node in the sync.Pool, or, one per P, in a slot in
// front of it, which is reached with the pin that the count needs and which the
// collector empties alike. A node whose object was handed out is kept, by
// ordinary references, for the next object that comes back. So the only nodes
// that the collector can take are those with an idle object in them, and a cleanup
// on the node, set once when it is made, counts exactly the idle objects taken. It needs to know
// nothing about the object, so objects may be of any size, from anywhere, and
// interior pointers.
//
// A node and its cleanup take about 100 B, and there are never more of them than
// objects were idle and handed out at one time. Nodes are kept per P, and move
// between Ps in chains of spareChain through a locked list: one that only gets
// and one that only puts trade under a lock once in spareChain operations.
//
// It deals in unsafe.Pointer, which whoever wraps it turns back into what they
// put in.
//
// The zero gcPool is not ready: see init. It must not be copied.
type gcPool struct {
	slots     percpu.Slots // of what objects has
	objects   sync.Pool    // of *gcNode; blind: of unsafe.Pointer
	blind     bool
	mode      switched
	shards    percpu.Array[gcShard]
	collected *atomic.Uint64 // on its own: the cleanups keep it, and must not keep the pool
	atClose   atomic.Uint64  // collected, when the pool was closed

	mu     sync.Mutex // guards what follows
	chains []*gcNode  // of spareChain nodes each
}

// gcShard is what belongs to one P. Two cache lines of its own prevent false
// sharing. Of one that a rise of GOMAXPROCS leaves behind the counts stay true; its spare
// nodes, fewer than 2·spareChain and empty, are not used again.
type gcShard struct {
	lock   percpu.Lock
	n      [numGCCounters]uint64
	spare  *gcNode
	spares int
	_      [128 - 8*(numGCCounters+2) - unsafe.Sizeof(percpu.Lock{})]byte
}

const (
	gcHit = iota
	gcMiss
	gcPooled
	gcPrewarmed
	gcGetClosed
	gcPutClosed
	gcRefused
	gcFailed
	numGCCounters
)

func (p *gcPool) init(blind bool) {
	p.blind = blind
	p.collected = new(atomic.Uint64)
}

// unpooled counts a request that an object is made for because the pool, whose
// state is not isOn, keeps none.
func (p *gcPool) unpooled(state uint32) {
	switch state {
	case isClosed:
		p.count(gcGetClosed)
	case isCount:
		p.count(gcMiss)
	}
}

// countRefused counts a return to a pool that keeps none.
func (p *gcPool) countRefused(state uint32) {
	switch state {
	case isClosed:
		p.count(gcPutClosed)
	case isCount:
		p.count(gcRefused)
	}
}

// get returns an idle object and counts a hit, or returns nil and counts nothing.
func (p *gcPool) get() unsafe.Pointer {
	pid := percpu.Pin() // as enter does, without the call
	s := p.shards.At(pid)
	var v any
	settled := false
	if slot := p.slots.At(pid); slot != nil {
		v, settled = slot.Take(), slot.Settled()
	}
	if v == nil {
		percpu.Unpin()
		if v = p.getShared(settled); v == nil {
			return nil
		}
		s = p.shards.Pin()
	} else if s == nil {
		percpu.Unpin()
		s = p.shards.Pin()
	}
	s.lock.Lock()
	s.n[gcHit]++
	x, surplus := p.unpacked(v, s)
	p.leave(s)
	if surplus {
		p.giveChain()
	}
	return x
}

// getShared is for a P whose slot is empty.
func (p *gcPool) getShared(settled bool) any {
	if !settled {
		if v := p.slots.TakeAged(); v != nil {
			return v
		}
	}
	return p.objects.Get()
}

// put keeps x, counted as gcPooled or gcPrewarmed.
func (p *gcPool) put(x unsafe.Pointer, as int) {
	pid := percpu.Pin() // as enter does, without the call
	s := p.shards.At(pid)
	for s == nil {
		percpu.Unpin()
		p.shards.Grow(pid)
		pid = percpu.Pin()
		s = p.shards.At(pid)
	}
	s.lock.Lock()
	s.n[as]++
	slot, v := p.slots.At(pid), p.packed(x, s)
	kept := v != nil && slot != nil && slot.Put(v)
	p.leave(s)
	if !kept {
		if v == nil {
			v = p.takeNode(x)
		}
		if slot != nil || !p.slots.Put(v) {
			p.objects.Put(v)
		}
	}
	if p.mode.closed() {
		p.drain() // Close may have drained before the object was in
	}
}

// count counts one event.
func (p *gcPool) count(i int) {
	s := p.enter()
	s.n[i]++
	p.leave(s)
}

// enter pins the goroutine and gives it its P's shard, until leave.
func (p *gcPool) enter() *gcShard {
	s := p.shards.Pin()
	s.lock.Lock()
	return s
}

func (p *gcPool) leave(s *gcShard) {
	s.lock.Unlock()
	percpu.Unpin()
}

// close empties the pool. What other Ps have to themselves in a sync.Pool
// nobody can take but the collector; it counts as dropped here, like the rest.
func (p *gcPool) close() {
	if p.mode.closed() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mode.closed() {
		return
	}
	p.atClose.Store(p.collected.Load())
	p.mode.close()
	p.drain()
}

func (p *gcPool) drain() {
	p.slots.Drop()
	for p.objects.Get() != nil {
	}
}

// sum is a counter's total.
func (p *gcPool) sum(i int) uint64 {
	var sum uint64
	for s := range p.shards.All {
		s.lock.Lock()
		sum += percpu.Load(&s.n[i])
		s.lock.Unlock()
	}
	return sum
}

// fill sets what the pool knows of c. What goes out
// is read before what came in, so that use meanwhile cannot make idle negative.
// What Close dropped is what is left over, so a Get that overlaps Close and
// still hits lowers it by one when it counts.
func (p *gcPool) fill(c *pool.Counts) {
	closed := p.mode.closed()
	taken := p.collected.Load()
	if closed {
		taken = p.atClose.Load()
	}
	c.Requests[pool.Hit] = p.sum(gcHit)
	c.Requests[pool.Miss] = p.sum(gcMiss)
	c.Requests[pool.RequestClosed] = p.sum(gcGetClosed)
	c.Requests[pool.RequestFailed] = p.sum(gcFailed)
	c.Returns[pool.Refused] = p.sum(gcRefused)
	c.Returns[pool.ReturnClosed] = p.sum(gcPutClosed)
	c.Prewarmed = p.sum(gcPrewarmed)
	c.Returns[pool.Pooled] = p.sum(gcPooled)
	c.Allocations = c.Requests[pool.Miss] + c.Requests[pool.RequestClosed] + c.Prewarmed
	if p.blind {
		return
	}
	idle := c.Prewarmed + c.Returns[pool.Pooled] - c.Requests[pool.Hit] - taken
	c.Evictions[pool.EvictGC] = taken
	if closed {
		c.Evictions[pool.EvictClosed] = idle
		return
	}
	c.Idle = int64(idle)
}

// rows is what can be known of a gcPool.
func (p *gcPool) rows() (rows pool.Set, evictions pool.Set) {
	if p.blind {
		return 0, 0
	}
	return pool.KnowsIdle, pool.SetOf(pool.EvictGC, pool.EvictClosed)
}
