// Package state has objects that are put as they are, and pools that are copied.
package state

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

var (
	dirty  = sync.Pool{New: func() any { return new(bytes.Buffer) }}
	clean  = sync.Pool{New: func() any { return new(bytes.Buffer) }}
	before = sync.Pool{New: func() any { return new(bytes.Buffer) }}
	custom = sync.Pool{New: func() any { return new(counter) }}
	plain  = sync.Pool{New: func() any { return new(int) }}
)

type counter struct{ n int }

func (c *counter) Reset() { c.n = 0 }
func (c *counter) add()   { c.n++ }

func neither(w io.Writer) {
	b := dirty.Get().(*bytes.Buffer)
	b.WriteString("x")
	b.WriteTo(w)
	dirty.Put(b) // want `Put without Reset: it goes back as its user left it`
}

func ofOwnType() int {
	c := custom.Get().(*counter)
	c.add()
	n := c.n
	custom.Put(c) // want `Put without Reset`
	return n
}

func takes(p sync.Pool) any { // want `pool copied: each call copies a sync.Pool`
	return p.Get()
}

type server struct{ pool sync.Pool }

func (s server) serve() {} // want `pool copied: each call copies a sync.Pool`

func assigns(s *server) {
	other := s.pool // want `pool copied: this copies a sync.Pool`
	other.Put(new(int))
}

func dereferences(s *server) server {
	return *s // want `pool copied`
}

// From here on nothing is wrong.

func resetsBefore(w io.Writer) {
	b := clean.Get().(*bytes.Buffer)
	b.WriteString("x")
	b.WriteTo(w)
	b.Reset()
	clean.Put(b)
}

func resetsAfter(w io.Writer) {
	b := before.Get().(*bytes.Buffer)
	b.Reset()
	b.WriteString("x")
	b.WriteTo(w)
	before.Put(b)
}

func nothingToReset() {
	n := plain.Get().(*int)
	*n = 1
	plain.Put(n)
}

func points(s *server) *sync.Pool { return &s.pool }

func makes() *server {
	return &server{pool: sync.Pool{New: func() any { return new(strings.Builder) }}}
}

func takesPointer(p *sync.Pool) any { return p.Get() }

var decoded = sync.Pool{New: func() any { return new(record) }}

type record struct{ rows []int }

func (r *record) Reset() { r.rows = r.rows[:0] }

func (r *record) decode(n int) {
	r.Reset()
	r.rows = append(r.rows, n)
}

func decodes(n int) int {
	r := decoded.Get().(*record)
	r.decode(n)
	rows := len(r.rows)
	decoded.Put(r)
	return rows
}
