package benchcase

import "testing"

// Pool is the loops of one pool, made by package main of directory loops. They
// may run on several goroutines at once.
type Pool interface {
	// GetPut gets a buffer of size bytes, writes its first byte and puts it back,
	// n times.
	GetPut(n, size int)
	// Mixed holds eight buffers. n times it puts the oldest back, gets one of the next
	// of sizes, and writes its first byte. The number of sizes is a power of two.
	Mixed(n int, sizes []int)
	// Hold is an empty set of this pool's buffers.
	Hold() Held
}

// Held is buffers that were taken from a pool, for one goroutine at a time.
type Held interface {
	Fill(n, size int) // gets n buffers of size bytes, and writes their first byte
	Drain()           // puts all back, the oldest first
}

// Filler is the loops of a pool that hands out values of type B.
type Filler[B any] interface {
	Fill(into []B, size int)
	Drain(from []B)
}

// Hold is a Held of what p hands out.
func Hold[B any](p Filler[B]) Held { return &held[B]{pool: p} }

type held[B any] struct {
	pool Filler[B]
	all  []B
}

func (h *held[B]) Fill(n, size int) {
	if cap(h.all) < n {
		h.all = make([]B, n)
	}
	h.all = h.all[:n]
	h.pool.Fill(h.all, size)
}

func (h *held[B]) Drain() {
	h.pool.Drain(h.all)
	h.all = h.all[:0]
}

// Entry is a pool in a comparison.
type Entry struct {
	Name string
	// Open makes the pool, for buffers of up to size bytes, and registers with tb
	// what closes it.
	Open func(tb testing.TB, size int) Pool
	// OneSize keeps it out of Mixed.
	OneSize bool
	// Misses is how often Open's last pool allocated, for Starved; nil keeps the
	// pool out of it.
	Misses func(Pool) uint64
}

// Try uses each pool once in every way, so that a test shows that a comparison
// can run without waiting for one.
func Try(tb testing.TB, pools []Entry, size int) {
	for _, e := range pools {
		p := e.Open(tb, size)
		p.GetPut(2, size)
		h := p.Hold()
		h.Fill(3, size)
		h.Drain()
		if !e.OneSize {
			p.Mixed(16, []int{size, size / 2})
		}
	}
}
