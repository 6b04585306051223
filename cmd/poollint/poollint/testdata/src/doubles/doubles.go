// Package doubles has double Puts, and what looks like them.
package doubles

import (
	"bytes"
	"io"
	"sync"

	"github.com/otelpool/pool"
)

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func twice(p pool.Bytes) {
	b := p.Get(10)
	p.Put(b)
	p.Put(b) // want `double Put: it was put at line 16 already`
}

func errorPath(p pool.Bytes, w io.Writer) error {
	b := p.Get(10)
	_, err := w.Write(b)
	if err != nil {
		p.Put(b)
	}
	p.Put(b) // want `double Put`
	return err
}

func withDefer(p pool.Bytes, w io.Writer) error {
	b := p.Get(10)
	defer p.Put(b)
	if _, err := w.Write(b); err != nil {
		p.Put(b) // want `double Put: the defer at line 32 puts it again`
		return err
	}
	return nil
}

func withDeferredLiteral() {
	b := buffers.Get().(*bytes.Buffer)
	defer func() {
		b.Reset()
		buffers.Put(b)
	}()
	buffers.Put(b) // want `double Put: the defer at line 42`
}

func putsPart(p pool.Bytes) {
	b := p.Get(10)
	p.Put(b[:3])
	p.Put(b) // want `double Put`
}

type body struct {
	buf  *bytes.Buffer
	done bool
	once sync.Once
}

func (b *body) Close() error {
	buffers.Put(b.buf) // want `Close that puts twice: a second Close puts buf again`
	return nil
}

type request struct{ body *bytes.Buffer }

type response struct{ owned *bytes.Buffer }

func (r *response) finish() { release(r.owned) }

func (r *request) retry() {
	release(r.body)
	r.body = nil
}

func release(b *bytes.Buffer) {
	if b != nil {
		b.Reset()
		buffers.Put(b)
	}
}

func newResponse(b *bytes.Buffer) *response { return &response{owned: b} }

func send(r *request) *response {
	return newResponse(r.body) // want `two owners: body keeps the value that owned gets here`
}

// From here on nothing is wrong.

func either(p pool.Bytes, ok bool) {
	b := p.Get(10)
	if ok {
		p.Put(b)
	} else {
		b[0] = 1
		p.Put(b)
	}
}

func handsOver(r *request) *response {
	b := r.body
	r.body = nil
	return newResponse(b)
}

type careful struct {
	buf  *bytes.Buffer
	done bool
}

func (c *careful) Close() error {
	if c.buf == nil {
		return nil
	}
	buffers.Put(c.buf)
	c.buf = nil
	return nil
}

type flagged struct {
	buf  *bytes.Buffer
	done bool
}

func (f *flagged) Close() error {
	if f.done {
		return nil
	}
	f.done = true
	buffers.Put(f.buf)
	return nil
}

type once struct {
	buf  *bytes.Buffer
	once sync.Once
}

func (o *once) Close() error {
	o.once.Do(func() { buffers.Put(o.buf) })
	return nil
}

func twoBuffers(p pool.Bytes) {
	a, b := p.Get(10), p.Get(10)
	p.Put(a)
	p.Put(b)
}

func oneDefer(p pool.Bytes, w io.Writer) error {
	b := p.Get(10)
	defer p.Put(b)
	_, err := w.Write(b)
	return err
}

func swaps(p pool.Bytes) {
	a, b := p.Get(10), p.Get(10)
	for range 2 {
		a, b = b, a
	}
	p.Put(a)
	p.Put(b)
}

type decoder struct{ buf *bytes.Buffer }

func (d *decoder) Close() error {
	if err := d.flush(); err != nil {
		return err
	}
	buffers.Put(d.buf) // want `Close that puts twice`
	return nil
}

func (d *decoder) flush() error { return nil }

type node struct {
	buf  []byte
	next *node
}

var nodes = sync.Pool{New: func() any { return new(node) }}

type list struct{ head, tail *node }

func (l *list) dropHead() {
	n := l.head
	l.head = n.next
	nodes.Put(n)
}

func (l *list) dropTail() {
	n := l.tail
	l.tail = nil
	nodes.Put(n)
}

func (l *list) restart() { l.head = l.tail }
