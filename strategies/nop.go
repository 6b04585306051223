package strategies

import (
	"sync/atomic"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/percpu"
)

// NopConfig configures NewNop. The zero value is useful: not published.
type NopConfig struct {
	// Name publishes the pool; "" does not.
	Name string
	// Registry is where; nil is pool.Default.
	Registry *pool.Registry
	// OnDuplicate says what happens if an open pool has the name already.
	OnDuplicate pool.OnDuplicate
}

// Nop is pooling turned off and still counted: the other half of an A/B test,
// and what to run with when a buffer is suspected of being used after its Put.
//
// Every Get allocates exactly what was asked for and is a miss. Every Put drops
// its buffer and counts as refused, as from a pool whose Keep function always says
// no: it is not full, since no limit would help, and not foreign, since the
// caller did nothing wrong. Idle is known: 0.
//
// All methods are safe for concurrent use. Get costs a make and two counters,
// Put two counters.
type Nop struct {
	core *nop
	pub  *pool.Publication
}

// nop is what outlives a dropped handle: what the registry holds.
type nop struct {
	closed   atomic.Bool
	counters percpu.Counters
	nils     atomic.Uint64
}

const (
	nopMiss = iota
	nopGetClosed
	nopRequested
	nopRefused
	nopPutClosed
	nopReturned
)

// NewNop returns a pool that keeps nothing. The error is about its name.
func NewNop(c NopConfig) (*Nop, error) {
	core := new(nop)
	pub, err := publication{c.Name, c.Registry, c.OnDuplicate}.publish(core)
	if err != nil {
		return nil, err
	}
	n := &Nop{core, pub}
	withdrawWhenDropped(n, pub)
	return n, nil
}

// Get returns a new buffer of length n. It panics if n is negative.
func (p *Nop) Get(n int) []byte {
	if n < 0 {
		panic("strategies: Get of a negative length")
	}
	b := make([]byte, n)
	result := nopMiss
	if p.core.closed.Load() {
		result = nopGetClosed
	}
	p.core.counters.Inc(result)
	p.core.counters.Add(nopRequested, uint64(n))
	return b
}

// Put drops a buffer. Only nil is no buffer here: Get(0) gives one without
// capacity.
func (p *Nop) Put(b []byte) {
	if b == nil {
		p.core.nils.Add(1)
		return
	}
	result := nopRefused
	if p.core.closed.Load() {
		result = nopPutClosed
	}
	p.core.counters.Inc(result)
	p.core.counters.Add(nopReturned, uint64(cap(b)))
}

// Name is the name the pool is published under, or "".
func (p *Nop) Name() string { return p.pub.Name() }

// Stats implements pool.Source.
func (p *Nop) Stats(into *pool.Stats) {
	p.core.Stats(into)
	into.Name = p.pub.Name()
}

// Close withdraws the pool from its registry; requests and returns count as
// closed from now on. Closing twice does nothing.
func (p *Nop) Close() {
	p.core.closed.Store(true)
	p.pub.Close()
}

// Stats is the handle's.
func (p *nop) Stats(into *pool.Stats) {
	into.Reset()
	into.Strategy = "nop"
	into.Closed = p.closed.Load()
	into.Requests[pool.Miss] = p.counters.Sum(nopMiss)
	into.Requests[pool.RequestClosed] = p.counters.Sum(nopGetClosed)
	into.Returns[pool.Refused] = p.counters.Sum(nopRefused)
	into.Returns[pool.ReturnClosed] = p.counters.Sum(nopPutClosed)
	into.Returns[pool.NilReturn] = p.nils.Load()
	into.RequestedBytes = p.counters.Sum(nopRequested)
	into.AllocatedBytes = into.RequestedBytes
	into.Allocations = into.HandedOut()
	into.InUse = int64(into.HandedOut()) - int64(into.TakenBack())
	into.InUseBytes = int64(into.AllocatedBytes) - int64(p.counters.Sum(nopReturned))
	into.Knows = pool.Knowledge{
		Rows: pool.KnowsIdle | pool.KnowsIdleBytes | pool.KnowsInUse | pool.KnowsInUseBytes |
			pool.KnowsAllocatedBytes | pool.KnowsRequestedBytes,
		Requests: pool.SetOf(pool.Miss, pool.RequestClosed),
		Returns:  pool.SetOf(pool.Refused, pool.NilReturn, pool.ReturnClosed),
	}
}

var (
	_ pool.Bytes  = (*Nop)(nil)
	_ pool.Source = (*Nop)(nil)
)
