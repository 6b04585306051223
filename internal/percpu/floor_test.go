package percpu_test

import (
	"math/bits"
	"runtime"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/otelpool/pool/internal/benchcase"
	"github.com/otelpool/pool/internal/percpu"
)

// BenchmarkFloor is Get and Put of the least that a pool per P can do: what is in
// ARCHITECTURE.md's "How fast" beside our pools.
//
//	go test -run '^$' -bench Floor -cpu 1 -count 10 ./internal/percpu
func BenchmarkFloor(b *testing.B) {
	b.Run("pins", func(b *testing.B) {
		p := &pins{new(object)}
		for i := range b.N {
			x := p.Get()
			x[0] = byte(i)
			p.Put(x)
		}
	})
	b.Run("array", func(b *testing.B) {
		p := &array{make([]place, runtime.GOMAXPROCS(0))}
		for i := range b.N {
			x := p.Get()
			x[0] = byte(i)
			p.Put(x)
		}
	})
	b.Run("counted", func(b *testing.B) {
		p := &counted{make([]atomic.Pointer[place], runtime.GOMAXPROCS(0))}
		for i := range p.ps {
			p.ps[i].Store(new(place))
		}
		for i := range b.N {
			x := p.Get()
			x[0] = byte(i)
			p.Put(x)
		}
	})
}

// BenchmarkMixedFloor is that for the case Mixed of the root's benchmarks.
func BenchmarkMixedFloor(b *testing.B) {
	sizes := benchcase.Sizes()
	p := &stacks{make([]classes, runtime.GOMAXPROCS(0))}
	var held [8][]byte
	for i := range held {
		held[i] = p.Get(sizes[0])
	}
	for i := range b.N {
		p.Put(held[i%len(held)])
		x := p.Get(sizes[i&(len(sizes)-1)])
		x[0] = byte(i)
		held[i%len(held)] = x
	}
}

type object [256]byte

// place is a P's, which has room for one object.
type place struct {
	top         *object
	hits, given uint64
	_           [5]uint64
}

// pins has one object and does nothing but pin.
type pins struct{ x *object }

//go:noinline
func (p *pins) Get() *object {
	percpu.Pin()
	percpu.Unpin()
	return p.x
}

//go:noinline
func (p *pins) Put(x *object) {
	percpu.Pin()
	percpu.Unpin()
	runtime.KeepAlive(x)
}

// array has a place for each P, and counts nothing.
type array struct{ ps []place }

func (p *array) Get() *object {
	if pid := percpu.Pin(); pid < len(p.ps) {
		c := &p.ps[pid]
		if x := c.top; x != nil {
			c.top = nil
			percpu.Unpin()
			return x
		}
	}
	percpu.Unpin()
	return new(object)
}

func (p *array) Put(x *object) {
	if pid := percpu.Pin(); pid < len(p.ps) {
		if c := &p.ps[pid]; c.top == nil {
			c.top = x
		}
	}
	percpu.Unpin()
}

// counted has places that can be taken away, and counts both.
type counted struct{ ps []atomic.Pointer[place] }

func (p *counted) Get() *object {
	if pid := percpu.Pin(); pid < len(p.ps) {
		c := p.ps[pid].Load()
		if x := c.top; x != nil {
			c.top = nil
			c.hits++
			percpu.Unpin()
			return x
		}
	}
	percpu.Unpin()
	return new(object)
}

func (p *counted) Put(x *object) {
	if pid := percpu.Pin(); pid < len(p.ps) {
		if c := p.ps[pid].Load(); c.top == nil {
			c.top = x
			c.given++
		}
	}
	percpu.Unpin()
}

// stacks has a stack for each P and power of two.
type stacks struct{ ps []classes }

type classes [20]stack

type stack struct {
	n           int
	tally, puts uint64
	slots       [16]unsafe.Pointer
}

func (p *stacks) Get(n int) []byte {
	pid := percpu.Pin()
	class := bits.Len(uint(n-1) | 255)
	if pid < len(p.ps) && class < len(p.ps[0]) {
		c := &p.ps[pid][class]
		if i := uint(c.n - 1); i < uint(len(c.slots)) {
			x := c.slots[i]
			c.slots[i] = nil
			c.n = int(i)
			c.tally += 1<<48 + uint64(n)
			percpu.Unpin()
			return unsafe.Slice((*byte)(x), 1<<class)[:n]
		}
	}
	percpu.Unpin()
	return make([]byte, 1<<class)[:n]
}

func (p *stacks) Put(b []byte) {
	x, size := unsafe.Pointer(unsafe.SliceData(b)), cap(b)
	pid := percpu.Pin()
	class := bits.Len(uint(size - 1))
	if pid < len(p.ps) && class < len(p.ps[0]) && size&(size-1) == 0 {
		if c := &p.ps[pid][class]; uint(c.n) < uint(len(c.slots)) {
			c.slots[c.n] = x
			c.n++
			c.puts++
		}
	}
	percpu.Unpin()
}
