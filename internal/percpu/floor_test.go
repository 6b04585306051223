package percpu_test

import (
	"runtime"
	"sync/atomic"
	"testing"

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
