// Package wrappers has functions around pools, which are facts.
package wrappers

import (
	"bytes"
	"sync"
)

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func Get() *bytes.Buffer { // want Get:`pool\(gets true, puts 0\)`
	if b, ok := buffers.Get().(*bytes.Buffer); ok {
		return b
	}
	return new(bytes.Buffer)
}

func Put(b *bytes.Buffer) { // want Put:`pool\(gets false, puts 1\)`
	if b == nil || b.Cap() > 1<<16 {
		return
	}
	b.Reset()
	buffers.Put(b)
}

func Release(b *bytes.Buffer) { Put(b) } // want Release:`pool\(gets false, puts 1\)`

type Counted struct {
	refs int
	buf  *bytes.Buffer
}

// Free puts with the last reference only: nothing about one call can be said.
func (c *Counted) Free() {
	if c.refs--; c.refs == 0 {
		buffers.Put(c.buf)
	}
}
