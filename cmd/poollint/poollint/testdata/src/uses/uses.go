// Package uses has use after Put, and what looks like it.
package uses

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/strategies"
	"github.com/valyala/bytebufferpool"
	"google.golang.org/grpc/mem"
)

type message struct {
	n    int
	body []byte
	next *message
}

var (
	buffers  = sync.Pool{New: func() any { return new(bytes.Buffer) }}
	slices   = sync.Pool{New: func() any { return new([]byte) }}
	messages = sync.Pool{New: func() any { return new(message) }}
	sized    = new(strategies.SizeClasses)
	bounded  = new(strategies.Bounded[message])
	sink     []byte
)

func read() byte {
	b := sized.Get(10)
	sized.Put(b)
	return b[0] // want `use after Put: the memory was put at line 35`
}

func write(p pool.Bytes) {
	b := p.Get(10)
	p.Put(b)
	b[0] = 1 // want `use after Put`
}

func alias(p pool.Bytes, w io.Writer) {
	b := p.Get(10)
	c := b[2:4]
	p.Put(b)
	w.Write(c) // want `use after Put`
}

func putsTheShort(p pool.Bytes, w io.Writer) {
	b := p.Get(10)
	p.Put(b[:0])
	w.Write(b) // want `use after Put`
}

func field() int {
	m := messages.Get().(*message)
	messages.Put(m)
	return m.n // want `use after Put`
}

func fieldOfBounded() {
	m := bounded.Get()
	bounded.Put(m)
	m.n = 0 // want `use after Put`
}

func bytesOf(w io.Writer) {
	b := buffers.Get().(*bytes.Buffer)
	b.Reset()
	content := b.Bytes()
	buffers.Put(b)
	w.Write(content) // want `use after Put`
}

func reader() io.Reader {
	b := buffers.Get().(*bytes.Buffer)
	b.Reset()
	r := bytes.NewReader(b.Bytes())
	buffers.Put(b)
	return r // want `use after Put: returned, but put at line 82`
}

func unsafeString(p pool.Bytes, m map[string]int) {
	b := p.Get(10)
	key := unsafe.String(unsafe.SliceData(b), len(b))
	p.Put(b)
	print(key) // want `use after Put`
}

func oneBranch(p pool.Bytes, ok bool, w io.Writer) {
	b := p.Get(10)
	if !ok {
		p.Put(b)
	}
	w.Write(b) // want `use after Put`
}

func goroutine(p pool.Bytes, w io.Writer) {
	b := p.Get(10)
	p.Put(b)
	go w.Write(b) // want `use after Put`
}

func sends(p pool.Bytes, c chan []byte) {
	b := p.Get(10)
	p.Put(b)
	c <- b // want `use after Put`
}

func pointerToSlice(w io.Writer) {
	p := slices.Get().(*[]byte)
	b := *p
	slices.Put(p)
	w.Write(b) // want `use after Put`
}

func ofGRPC(p mem.BufferPool) byte {
	b := p.Get(10)
	p.Put(b)
	return (*b)[0] // want `use after Put`
}

func ofByteBufferPool() int {
	b := bytebufferpool.Get()
	bytebufferpool.Put(b)
	return len(b.B) // want `use after Put`
}

type conn struct{ buf []byte }

func (c *conn) keeps(p pool.Bytes, w io.Writer) {
	p.Put(c.buf)
	w.Write(c.buf) // want `use after Put`
}

func loop(p pool.Bytes, w io.Writer) {
	b := p.Get(10)
	for {
		w.Write(b) // want `use after Put`
		p.Put(b)
	}
}

func captured(p pool.Bytes, w io.Writer) {
	b := p.Get(10)
	f := func() { w.Write(b) }
	f()
	p.Put(b)
	b[0] = 1 // want `use after Put`
}

func printed(p pool.Bytes) {
	b := p.Get(10)
	p.Put(b)
	fmt.Printf("%d %q", 1, b) // want `use after Put`
}

// From here on nothing is wrong.

func printsOther(p pool.Bytes) {
	b := p.Get(10)
	n, text := len(b), string(b)
	p.Put(b)
	fmt.Printf("%d %q", n, text)
}

func rightOrder(p pool.Bytes, w io.Writer) {
	b := p.Get(10)
	w.Write(b)
	p.Put(b)
}

func again(p pool.Bytes, w io.Writer) {
	b := p.Get(10)
	p.Put(b)
	b = p.Get(20)
	w.Write(b)
	p.Put(b)
}

func eachRound(p pool.Bytes, w io.Writer) {
	for range 3 {
		b := p.Get(10)
		w.Write(b)
		p.Put(b)
	}
}

func leaves(p pool.Bytes, w io.Writer) error {
	b := p.Get(10)
	if _, err := w.Write(b); err != nil {
		p.Put(b)
		return err
	}
	w.Write(b)
	p.Put(b)
	return nil
}

func sameCondition(p pool.Bytes, ok bool, w io.Writer) {
	b := p.Get(10)
	if !ok {
		p.Put(b)
	}
	if ok {
		w.Write(b)
		p.Put(b)
	}
}

func sameError(p pool.Bytes, w io.Writer) error {
	b := p.Get(10)
	_, err := w.Write(b)
	if err != nil {
		p.Put(b)
	}
	if err == nil {
		w.Write(b)
		p.Put(b)
	}
	return err
}

func flag(p pool.Bytes, w io.Writer, early bool) {
	b, gone := p.Get(10), false
	if early {
		p.Put(b)
		gone = true
	}
	if !gone {
		w.Write(b)
		p.Put(b)
	}
}

func lengthOnly(p pool.Bytes) int {
	b := p.Get(10)
	p.Put(b)
	return len(b)
}

func comparesToNil(p pool.Bytes) bool {
	b := p.Get(10)
	p.Put(b)
	return b == nil
}

func copied() string {
	b := buffers.Get().(*bytes.Buffer)
	b.Reset()
	b.WriteString("x")
	s := b.String()
	buffers.Put(b)
	return s
}

func stringOfSlice(p pool.Bytes) string {
	b := p.Get(10)
	s := string(b)
	p.Put(b)
	return s
}

func detached() []byte {
	m := messages.Get().(*message)
	body := m.body
	m.body = nil
	messages.Put(m)
	return body
}

func grows(p pool.Bytes, w io.Writer) {
	b := p.Get(10)
	for range 3 {
		next := p.Get(2 * len(b))
		copy(next, b)
		p.Put(b)
		b = next
	}
	w.Write(b)
	p.Put(b)
}

func list() {
	for m := messages.Get().(*message); m != nil; {
		next := m.next
		m.next = nil
		messages.Put(m)
		m = next
	}
}

func (c *conn) replaces(p pool.Bytes, w io.Writer) {
	p.Put(c.buf)
	c.buf = p.Get(20)
	w.Write(c.buf)
}

func (c *conn) refills(p pool.Bytes, w io.Writer) {
	p.Put(c.buf)
	c.fill(p)
	w.Write(c.buf)
}

func (c *conn) fill(p pool.Bytes) { c.buf = p.Get(10) }

func wrapsError(p pool.Bytes, w io.Writer) (err error) {
	b := p.Get(10)
	if _, err = w.Write(b); err != nil {
		err = errors.New("no")
	}
	p.Put(b)
	return err
}

func excused(p pool.Bytes) byte {
	b := p.Get(10)
	p.Put(b)
	//poollint:ignore this pool never hands out again
	return b[0]
}

func unexcused(p pool.Bytes) byte {
	b := p.Get(10)
	p.Put(b)
	//poollint:ignore // want `without a reason`
	return b[0] // want `use after Put`
}

type queue struct{ head, tail *message }

func (q *queue) drains() {
	for q.head != nil {
		m := q.head
		q.head = q.head.next
		messages.Put(m)
	}
}

func (q *queue) drops() int {
	m := q.head
	q.head = q.head.next
	messages.Put(m)
	return q.head.n
}

type waiter struct{ answer chan int }

var answers = sync.Pool{New: func() any { return make(chan int, 1) }}

func collects(all []*waiter) (sum int) {
	for _, w := range all {
		answer := w.answer
		sum += <-answer
		w.answer = nil
		answers.Put(answer)
	}
	return sum
}

func collectsByIndex(all []*waiter, indices chan int) (sum int) {
	for i := range indices {
		answer := all[i].answer
		sum += <-answer
		all[i].answer = nil
		answers.Put(answer)
	}
	return sum
}

func resets(q *queue) {
	m := q.head
	q.head = nil
	messages.Put(m)
	if q.head != nil {
		q.head.n = 1
	}
}

type hasher struct {
	buf          *bytes.Buffer
	short, large bool // one of them
}

func (h *hasher) close() {
	if h.short {
		slices.Put(h.buf)
	}
	if h.large {
		h.buf.Reset()
		buffers.Put(h.buf)
	}
	h.buf = nil
}

type flusher struct{ buf *bytes.Buffer }

func (f *flusher) flush(w io.Writer, ok bool) {
	buffers.Put(f.buf)
	if ok {
		f.buf.WriteTo(w) // want `use after Put`
	}
}
