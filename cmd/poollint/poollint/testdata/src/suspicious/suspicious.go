// Package suspicious has what only -suspicious reports, and what it does not either.
package suspicious

import (
	"bytes"
	"io"
	"sync"

	"github.com/otelpool/pool"
)

var (
	buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}
	objects = sync.Pool{New: func() any { return new(object) }}
)

type object struct{ n int }

func neverPut(p pool.Bytes) int {
	b := p.Get(10)
	for i := range b {
		b[i] = 0
	}
	return len(b) // want `forgotten Put`
}

func objectDropped(ok bool) int {
	x := objects.Get().(*object)
	if !ok {
		return 0 // want `forgotten Put`
	}
	n := x.n
	objects.Put(x)
	return n
}

func uncapped(w io.Writer) {
	b := buffers.Get().(*bytes.Buffer)
	b.Reset()
	b.WriteString("x")
	b.WriteTo(w)
	buffers.Put(b) // want `Put without a cap`
}

func appended(p pool.Bytes, more []byte) {
	b := p.Get(10)[:2]
	b = append(b, more...)
	p.Put(b) // want `Put of what append may have moved`
}

// From here on nothing is wrong.

func put(p pool.Bytes) int {
	b := p.Get(10)
	defer p.Put(b)
	return len(b)
}

func objectPut(ok bool) int {
	x := objects.Get().(*object)
	defer objects.Put(x)
	if !ok {
		return 0
	}
	return x.n
}

func capped(w io.Writer) {
	b := buffers.Get().(*bytes.Buffer)
	b.Reset()
	b.WriteString("x")
	b.WriteTo(w)
	if b.Cap() < 1<<16 {
		buffers.Put(b)
	}
}
