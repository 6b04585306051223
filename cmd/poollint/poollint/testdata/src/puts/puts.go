// Package puts has values that should not be put as they are, and such as may.
package puts

import (
	"bytes"
	"io"
	"sync"

	"github.com/otelpool/pool"
)

var (
	slices  = sync.Pool{New: func() any { return make([]byte, 100) }}
	headers = sync.Pool{New: func() any { return header{} }}
	buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}
)

type header struct{ a, b int }

func slice() {
	b := slices.Get().([]byte)
	slices.Put(b) // want `Put of a non-pointer: \[\]byte does not fit an interface`
}

func structure() {
	h := headers.Get().(header)
	headers.Put(h) // want `Put of a non-pointer: header`
}

func text(s string) {
	slices.Put(s) // want `Put of a non-pointer: string`
}

func appended(p pool.Bytes, more []byte) {
	b := p.Get(10)
	b = append(b, more...)
	p.Put(b) // want `Put of what append may have moved`
}

func appendedInLoop(p pool.Bytes, more [][]byte) {
	b := p.Get(10)
	for _, m := range more {
		b = append(b, m...)
	}
	p.Put(b) // want `Put of what append may have moved`
}

func suffix(p pool.Bytes) {
	b := p.Get(10)
	p.Put(b[2:]) // want `Put of a part: this is a suffix`
}

func cutCapacity(p pool.Bytes) {
	b := p.Get(10)
	p.Put(b[:2:2]) // want `Put of a part: the capacity was cut`
}

func unbounded(r io.Reader, w io.Writer) {
	b := buffers.Get().(*bytes.Buffer)
	b.Reset()
	b.ReadFrom(r)
	b.WriteTo(w)
	buffers.Put(b) // want `Put without a cap: it goes back however large it has become, which line 61 decides`
}

func copied(r io.Reader, w io.Writer) {
	b := buffers.Get().(*bytes.Buffer)
	b.Reset()
	io.Copy(b, r)
	b.WriteTo(w)
	buffers.Put(b) // want `Put without a cap`
}

// From here on nothing is wrong.

func pointer() {
	b := new([]byte)
	slices.Put(b)
}

func channel(c chan int) { slices.Put(c) }

func pointerToStruct() { headers.Put(&header{}) }

func within(p pool.Bytes, n int) {
	b := p.Get(10)[:0]
	for range 5 {
		b = append(b, 'x')
	}
	p.Put(b)
}

func prefix(p pool.Bytes) {
	b := p.Get(10)
	p.Put(b[:2])
}

func toOther(p pool.Bytes, all []byte) []byte {
	b := p.Get(10)
	all = append(all, b...)
	p.Put(b)
	return all
}

func weighed(r io.Reader, w io.Writer) {
	b := buffers.Get().(*bytes.Buffer)
	b.Reset()
	b.ReadFrom(r)
	b.WriteTo(w)
	if b.Cap() <= 1<<16 {
		buffers.Put(b)
	}
}

func limited(r io.Reader, w io.Writer) {
	b := buffers.Get().(*bytes.Buffer)
	b.Reset()
	b.ReadFrom(io.LimitReader(r, 1<<16))
	b.WriteTo(w)
	buffers.Put(b)
}
