package strategies

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"github.com/otelpool/pool"
)

// SyncBytesConfig configures NewSyncBytes. The zero value is useful: powers of
// two from 256 B to 1 MiB, not published.
type SyncBytesConfig struct {
	// Name publishes the pool; "" does not.
	Name string
	// Registry is where; nil is pool.Default.
	Registry *pool.Registry
	// OnDuplicate says what happens if an open pool has the name already.
	OnDuplicate pool.OnDuplicate

	// Classes are the capacities that the pool hands out and takes back.
	Classes Classes
	// Prewarm makes buffers at once: how many, by size. The garbage collector
	// takes those that are not used within two of its cycles.
	Prewarm map[int]int
	// Zero says when reused buffers are cleared, over their whole capacity.
	Zero Zeroing
	// NoTracking saves about 0.3 µs and 100 B per miss, the cost of watching what
	// it made; what is idle and what the collector took are then unknown. It
	// makes little difference to hits.
	NoTracking bool
}

// SyncBytes is a pool of byte buffers with one sync.Pool per size class: it has
// no limit, and the garbage collector takes what was not used within two of its
// cycles. SizeClasses is faster and keeps what it has; take SyncBytes where
// memory must fall by itself and no controller runs.
//
// Get(n) returns a buffer of length n from the smallest class that holds n; its
// contents are unspecified unless Zero says otherwise. A request larger than the
// largest class is allocated and counted as bypass. Put takes back what Get
// gave, or a prefix of it. It knows a buffer by its capacity: one that is no
// class's is dropped and counted with the reason. A suffix whose capacity
// happens to be a class's cannot be told from a buffer of that class: give back
// what you got.
//
// What is idle, and what the collector took (evicted with reason gc), is exact
// per class, but late by the time that the collector needs to run cleanups after
// a cycle: up to then, what it took counts as idle.
//
// All methods are safe for concurrent use. Neither Get nor Put waits or, on a
// hit, allocates; together they cost 2.1 times those of one bare sync.Pool.
type SyncBytes struct {
	core *syncBytes
	pub  *pool.Publication
}

// syncBytes is what outlives a dropped handle: what the registry holds.
type syncBytes struct {
	table   *classTable
	zero    Zeroing
	mode    switched // every class has it too
	buffers []gcPool // by class; of first bytes

	bypassed, bypassedBytes atomic.Uint64
	rejected                [pool.NumReturnResults]atomic.Uint64
	rejectedBytes           atomic.Uint64
}

// NewSyncBytes returns a pool, or an error that says all that is wrong with the
// config.
func NewSyncBytes(c SyncBytesConfig) (*SyncBytes, error) {
	p := problems{kind: "SyncBytesConfig"}
	table := c.Classes.table(&p)
	p.zeroing(c.Zero)
	for size, n := range c.Prewarm {
		field := fmt.Sprintf("Prewarm[%d]", size)
		p.addIf(n < 0, field, n, "use 0 or more")
		if table != nil {
			_, ok := table.class(size)
			p.addIf(!ok, field, n, fmt.Sprintf("no class holds %d bytes; the largest is %d", size, table.largest()))
		}
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	core := &syncBytes{table: table, zero: c.Zero, buffers: make([]gcPool, len(table.sizes))}
	for i := range core.buffers {
		core.buffers[i].init(c.NoTracking)
	}
	pub, err := publication{c.Name, c.Registry, c.OnDuplicate}.publish(core)
	if err != nil {
		return nil, err
	}
	s := &SyncBytes{core, pub}
	withdrawWhenDropped(s, pub)
	for size, n := range c.Prewarm {
		s.Warm(size, n)
	}
	return s, nil
}

// Get returns a buffer of length n. It panics if n is negative.
func (s *SyncBytes) Get(n int) []byte {
	if n < 0 {
		panic("strategies: Get of a negative length")
	}
	c := s.core
	class, ok := c.table.class(n)
	if !ok {
		return c.bypass(n)
	}
	buffers, size := &c.buffers[class], c.table.sizes[class]
	if state := buffers.mode.state.Load(); state != isOn {
		buffers.unpooled(state, n)
		return make([]byte, size)[:n]
	}
	x := buffers.get(n)
	if x == nil {
		buffers.count(gcMiss, n)
		return make([]byte, size)[:n]
	}
	b := buffer(x, n, size)
	if c.zero == ZeroOnGet {
		clear(b[:size])
	}
	return b
}

// Put takes a buffer back; the caller must not use it any more.
func (s *SyncBytes) Put(b []byte) {
	c := s.core
	class, ok := c.table.class(cap(b))
	if !ok || cap(b) != c.table.sizes[class] {
		c.reject(b)
		return
	}
	buffers := &c.buffers[class]
	if state := buffers.mode.state.Load(); state != isOn {
		buffers.drop(state)
		return
	}
	if c.zero == ZeroOnPut {
		clear(b[:cap(b)])
	}
	buffers.put(unsafe.Pointer(unsafe.SliceData(b)), gcPooled)
}

// Warm allocates n buffers that hold size bytes each and keeps them for later
// Gets, as long as the garbage collector lets it. It returns how many it made:
// none if the pool is closed, does not pool or has no class for them.
func (s *SyncBytes) Warm(size, n int) int {
	class, ok := s.core.table.class(size)
	if !ok {
		return 0
	}
	buffers, size := &s.core.buffers[class], s.core.table.sizes[class]
	for i := range n {
		if buffers.mode.state.Load() != isOn {
			return i
		}
		buffers.put(unsafe.Pointer(unsafe.SliceData(make([]byte, size))), gcPrewarmed)
	}
	return max(n, 0)
}

// Name is the name the pool is published under, or "".
func (s *SyncBytes) Name() string { return s.pub.Name() }

// Stats implements pool.Source.
func (s *SyncBytes) Stats(into *pool.Stats) {
	s.core.Stats(into)
	into.Name = s.pub.Name()
}

// Mode implements pool.Switchable.
func (s *SyncBytes) Mode() pool.Mode { return s.core.Mode() }

// SetMode implements pool.Switchable. What is idle when the pool leaves ModeOn
// goes with the next two garbage collections. Capacities stay those of the
// classes.
func (s *SyncBytes) SetMode(m pool.Mode) { s.core.SetMode(m) }

// Close drops what the pool holds and withdraws it from its registry. Later Gets
// allocate, later Puts drop, and both are counted as closed. Closing twice does
// nothing.
func (s *SyncBytes) Close() {
	s.core.mode.close()
	for i := range s.core.buffers {
		s.core.buffers[i].close()
	}
	s.pub.Close()
}

// Mode is the handle's.
func (c *syncBytes) Mode() pool.Mode { return c.mode.mode() }

// SetMode is the handle's.
func (c *syncBytes) SetMode(m pool.Mode) {
	c.mode.set(m)
	for i := range c.buffers {
		c.buffers[i].mode.set(m)
	}
}

// bypass makes a buffer that no class holds.
func (c *syncBytes) bypass(n int) []byte {
	if c.mode.state.Load() != isOff {
		c.bypassed.Add(1)
		c.bypassedBytes.Add(uint64(n))
	}
	return make([]byte, n)
}

// reject counts a buffer whose capacity is no class's.
func (c *syncBytes) reject(b []byte) {
	if c.mode.state.Load() == isOff {
		return
	}
	c.rejected[c.table.misfit(cap(b))].Add(1)
	c.rejectedBytes.Add(uint64(cap(b)))
}

// Stats is the handle's.
func (c *syncBytes) Stats(into *pool.Stats) {
	into.Reset()
	into.Strategy = "syncbytes"
	into.Closed = c.mode.closed()
	for i := range c.buffers {
		size := c.table.sizes[i]
		row := pool.Class{Size: int64(size)}
		c.buffers[i].fill(&row.Counts, uint64(size))
		into.Classes = append(into.Classes, row)
		into.Add(&row.Counts)
		into.InUseBytes += (int64(row.HandedOut()) - int64(row.TakenBack())) * row.Size
	}
	c.fillOutside(into)
	into.InUse = int64(into.HandedOut()) - int64(into.TakenBack())
	into.Knows = c.knowledge()
	c.mode.forget(into)
}

// fillOutside adds what belongs to no class.
func (c *syncBytes) fillOutside(into *pool.Stats) {
	for r := range c.rejected {
		into.Returns[r] += c.rejected[r].Load()
	}
	bypassed, bytes := c.bypassed.Load(), c.bypassedBytes.Load()
	into.Requests[pool.Bypass] = bypassed
	into.Allocations += bypassed
	into.AllocatedBytes += bytes
	into.RequestedBytes += bytes
	into.InUseBytes += int64(bytes) - int64(c.rejectedBytes.Load())
}

func (c *syncBytes) knowledge() pool.Knowledge {
	rows, evictions := c.buffers[0].rows()
	if rows != 0 {
		rows |= pool.KnowsIdleBytes | pool.KnowsEvictedBytes
	}
	return pool.Knowledge{
		Rows: rows | pool.KnowsInUse | pool.KnowsInUseBytes |
			pool.KnowsAllocatedBytes | pool.KnowsRequestedBytes,
		Requests: pool.SetOf(pool.Hit, pool.Miss, pool.Bypass, pool.RequestClosed),
		Returns: pool.SetOf(pool.Pooled, pool.Refused, pool.Oversize, pool.Undersize, pool.Foreign,
			pool.NilReturn, pool.ReturnClosed),
		Evictions: evictions,
	}
}

var (
	_ pool.Bytes      = (*SyncBytes)(nil)
	_ pool.Source     = (*SyncBytes)(nil)
	_ pool.Switchable = (*SyncBytes)(nil)
	_ pool.Switchable = (*syncBytes)(nil)
)
