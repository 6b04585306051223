package strategies

import (
	"fmt"
	"io"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/handle"
)

// Buffer is a byte buffer that takes its memory from a pool and moves up through the
// pool's size classes as it grows: it gets a larger slice, copies, and puts the old
// one back, whole. Give it back with Release when the content is no longer needed:
//
//	b := strategies.NewBuffer(bodies, 4096)
//	defer b.Release()
//	_, err := b.ReadFrom(r.Body)
//
// The zero Buffer is ready to use too: without a pool, its memory comes from make and
// goes to the garbage collector.
//
// Writes append, and Read takes from the front; the content is what was written and not
// read yet. A Buffer uses the whole capacity of the slices it gets, so reuse allocates
// nothing, and growing costs one copy per doubling; Chunked grows without copies. It is
// not safe for concurrent use and must not be copied after its first write.
type Buffer struct {
	_    handle.NoCopy
	pool pool.Bytes
	size int
	read int    // bytes of buf that Read has taken
	buf  []byte // what the pool gave, cut to the content; its capacity is never cut
}

const (
	smallestBuffer = 64  // spares a pool that rounds nothing up a run of tiny slices
	smallestRead   = 512 // as bytes.MinRead
)

// NewBuffer returns an empty buffer on a pool. The first slice that it takes, at the
// first write, has room for size bytes; a good guess saves the smaller classes and
// the copies between them, and 0 is no guess. A Buffer that stays in one function
// need not be allocated; one that lives in a reused struct is made once and released
// after each use.
func NewBuffer(p pool.Bytes, size int) *Buffer {
	return &Buffer{pool: p, size: size}
}

// Bytes returns the content. It is the pool's memory: do not use it after the next
// write or after Release, and do not Put it.
func (b *Buffer) Bytes() []byte { return b.buf[b.read:] }

// String returns a copy of the content, which is not the pool's memory.
func (b *Buffer) String() string { return string(b.Bytes()) }

// Len returns the length of the content in bytes.
func (b *Buffer) Len() int { return len(b.buf) - b.read }

// Cap returns how many bytes of content fit before the buffer must grow.
func (b *Buffer) Cap() int { return cap(b.buf) - b.read }

// Reset empties the buffer and keeps its memory for the next writes.
func (b *Buffer) Reset() { b.buf, b.read = b.buf[:0], 0 }

// Truncate keeps the first n bytes of the content, and the buffer's memory. It panics if n
// is negative or greater than Len.
func (b *Buffer) Truncate(n int) {
	if n < 0 || n > b.Len() {
		panic(fmt.Sprintf("pool: Buffer.Truncate: %d is not between 0 and the length, %d", n, b.Len()))
	}
	b.buf = b.buf[:b.read+n]
}

// AvailableBuffer returns an empty slice with room for as many bytes as fit before the
// buffer must grow. It is to be appended to and passed to the next Write, which then
// copies nothing; another write in between overwrites what was appended.
func (b *Buffer) AvailableBuffer() []byte { return b.buf[len(b.buf):] }

// Release empties the buffer and gives its memory back to the pool. A buffer
// without memory has nothing to give: Release may be called twice, and before
// the first write. The next write starts afresh.
func (b *Buffer) Release() {
	old := b.buf
	b.buf, b.read = nil, 0
	b.giveBack(old)
}

// Grow makes room for n more bytes, so that writing them takes nothing from the pool. Where
// they do not fit, it asks the pool for exactly the content and n bytes: for a length known
// in advance, as doubling is for one that is not. It panics if n is negative.
func (b *Buffer) Grow(n int) {
	if n < 0 {
		panic(fmt.Sprintf("pool: Buffer.Grow: negative count %d", n))
	}
	if need := b.lacks(n); need > 0 {
		b.giveBack(b.move(need))
	}
}

// Read takes up to len(p) bytes from the front of the content. At its end it returns
// io.EOF, unless p is empty, and the whole memory is free for writes again.
func (b *Buffer) Read(p []byte) (int, error) {
	n := copy(p, b.Bytes())
	b.read += n
	if b.Len() == 0 {
		b.Reset()
		if n == 0 && len(p) > 0 {
			return 0, io.EOF
		}
	}
	return n, nil
}

// Write appends p, which may be a part of the buffer's own content. It never
// fails.
func (b *Buffer) Write(p []byte) (int, error) {
	old := b.makeRoom(len(p))
	b.buf = append(b.buf, p...)
	b.giveBack(old)
	return len(p), nil
}

// WriteString appends s. It never fails.
func (b *Buffer) WriteString(s string) (int, error) {
	b.giveBack(b.makeRoom(len(s)))
	b.buf = append(b.buf, s...)
	return len(s), nil
}

// WriteByte appends c. It never fails.
func (b *Buffer) WriteByte(c byte) error {
	b.giveBack(b.makeRoom(1))
	b.buf = append(b.buf, c)
	return nil
}

// ReadFrom appends what r returns until it ends. It returns the number of bytes read,
// and r's error unless that is io.EOF. What was read before an error is kept. The
// buffer grows only when it is full and there is more: for content of a known size it
// takes a single slice from the pool.
func (b *Buffer) ReadFrom(r io.Reader) (total int64, err error) {
	for err == nil {
		var n int
		if len(b.buf) < cap(b.buf) {
			n, err = readInto(r, b.buf[len(b.buf):cap(b.buf)])
			b.buf = b.buf[:len(b.buf)+n]
		} else {
			n, err = b.readFull(r)
		}
		total += int64(n)
	}
	if err == io.EOF { //nolint:errorlint // io.Reader promises io.EOF itself
		err = nil
	}
	return total, err
}

// readFull reads into a buffer without room. Whether r has ended is to be known
// before more room is made, and takes a byte to read into. The buffer lends its
// last: one on the stack would move to the heap, since r may be anything.
func (b *Buffer) readFull(r io.Reader) (n int, err error) {
	if cap(b.buf) == 0 {
		if b.size > 0 {
			b.makeRoom(1) // which is as much as was said
		} else {
			b.makeRoom(smallestRead)
		}
		return 0, nil
	}
	var next byte
	n, next, err = probe(r, b.buf[len(b.buf)-1:])
	if n == 1 {
		b.giveBack(b.makeRoom(smallestRead))
		b.buf = append(b.buf, next)
	}
	return n, err
}

// probe reads a byte and leaves what it reads into as it was, even if r panics.
func probe(r io.Reader, lent []byte) (n int, next byte, err error) {
	kept := lent[0]
	defer func() { lent[0] = kept }()
	n, err = readInto(r, lent)
	return n, lent[0], err
}

func readInto(r io.Reader, room []byte) (int, error) {
	n, err := r.Read(room)
	if n < 0 || n > len(room) {
		panic(fmt.Sprintf("pool: ReadFrom: the reader says it read %d bytes into %d", n, len(room)))
	}
	return n, err
}

// WriteTo writes the content to w and keeps it: it can be written again.
func (b *Buffer) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(b.Bytes())
	if err == nil && n != b.Len() {
		err = io.ErrShortWrite
	}
	return int64(n), err
}

// makeRoom moves the content to a slice that is at least twice as large if n more bytes do
// not fit, and returns the old slice, which the caller gives back once it has read whatever
// might lie in it.
func (b *Buffer) makeRoom(n int) (old []byte) {
	need := b.lacks(n)
	if need == 0 {
		return nil
	}
	want := max(need, 2*b.Len(), smallestBuffer)
	if b.buf == nil {
		want = max(want, b.size)
	}
	return b.move(want)
}

// lacks returns 0 if n more bytes fit, and else the length of the content with them.
func (b *Buffer) lacks(n int) int {
	if n <= cap(b.buf)-len(b.buf) {
		return 0
	}
	need := b.Len() + n
	if need < 0 {
		panic(fmt.Sprintf("pool: Buffer: %d bytes and %d more are more than an int can count", b.Len(), n))
	}
	return need
}

// move moves the content to the beginning of another slice and returns the old one.
func (b *Buffer) move(size int) (old []byte) {
	old = b.buf
	b.buf, b.read = append(take(b.pool, size)[:0], b.Bytes()...), 0
	return old
}

func (b *Buffer) giveBack(s []byte) { giveBack(b.pool, s) }

func take(p pool.Bytes, n int) []byte {
	if p == nil {
		return make([]byte, n)
	}
	return p.Get(n)
}

// giveBack puts a slice back as it came, so that a pool which clears memory
// clears all that was written to.
func giveBack(p pool.Bytes, s []byte) {
	if p != nil && cap(s) > 0 {
		p.Put(s[:cap(s)])
	}
}

var (
	_ io.ReadWriter   = (*Buffer)(nil)
	_ io.StringWriter = (*Buffer)(nil)
	_ io.ByteWriter   = (*Buffer)(nil)
	_ io.ReaderFrom   = (*Buffer)(nil)
	_ io.WriterTo     = (*Buffer)(nil)
)
