package strategies

import (
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/handle"
	"github.com/otelpool/pool/internal/safety"
)

// DefaultChunk is the size in bytes of a Chunked's chunks unless NewChunked is told another.
const DefaultChunk = 32 << 10

// Chunked is a byte buffer in chunks of one size, each a buffer of a pool. It grows by a
// chunk at a time, so it never copies what it holds, needs no class as large as the content,
// and occupies at most a chunk more than that. Give it back with Release:
//
//	c := strategies.NewChunked(bodies, 0)
//	defer c.Release()
//	_, err := c.ReadFrom(r.Body)
//
// It is read and written like a file: Read, Write, ReadFrom and WriteTo begin at the
// position, which Seek sets, and move it; a Write before the end overwrites. To read what was
// written, seek to the start. [Chunked.Slice] shares a part of the content, without a copy,
// with owners that may outlive the buffer.
//
// The zero Chunked is ready to use too: without a pool, its memory comes from make and goes
// to the garbage collector. Writing costs one copy of the bytes, and a Get for each chunk. A
// Chunked that is used again keeps its table of 32 bytes a chunk, and then allocates nothing
// where the pool does not. It is not safe for concurrent use and must not be copied after
// its first write.
type Chunked struct {
	_       handle.NoCopy
	pool    pool.Bytes
	watch   *safety.Watch // the pool's; nil if it has none
	size    int           // of a chunk
	length  int           // of the content
	at      int           // the position; at most length
	chunks  []chunk       // full from the first on; after a reader's panic there may be one too many
	parts   [][]byte      // of WriteTo, kept for the next
	writing net.Buffers   // likewise
}

// NewChunked returns an empty buffer on a pool, of chunks of so many bytes, which should be
// the size of one of the pool's classes, and need not be; 0 or less is DefaultChunk. Small
// chunks waste less in their last, large ones need fewer Gets.
func NewChunked(p pool.Bytes, chunk int) *Chunked {
	if chunk <= 0 {
		chunk = DefaultChunk
	}
	c := &Chunked{pool: p, size: chunk}
	if p, ok := p.(interface{ watched() *safety.Watch }); ok {
		c.watch = p.watched()
	}
	return c
}

// Len returns the length of the content in bytes.
func (c *Chunked) Len() int { return c.length }

// Release empties the buffer and gives its memory back to the pool, as far as no slice has
// it. It may be called twice, and before the first write. The next write starts afresh.
func (c *Chunked) Release() { c.Truncate(0) }

// Truncate keeps the first n bytes of the content and gives back the chunks behind them. A
// position after n becomes n. It panics if n is negative or greater than Len.
func (c *Chunked) Truncate(n int) {
	if n < 0 || n > c.length {
		panic(fmt.Sprintf("pool: Chunked.Truncate: %d is not between 0 and the length, %d", n, c.length))
	}
	c.length, c.at = n, min(c.at, n)
	c.fit()
}

// fit gives back chunks that have no content.
func (c *Chunked) fit() {
	for last := len(c.chunks) - 1; last >= 0 && last*c.size >= c.length; last-- {
		c.chunks[last].release(c.pool)
		c.chunks[last] = chunk{}
		c.chunks = c.chunks[:last]
	}
}

// Write writes p at the position. It never fails.
func (c *Chunked) Write(p []byte) (int, error) { return write(c, p) }

// WriteString writes s at the position. It never fails.
func (c *Chunked) WriteString(s string) (int, error) { return write(c, s) }

func write[T []byte | string](c *Chunked, from T) (int, error) {
	for rest := from; len(rest) > 0; {
		n := copy(c.room(), rest)
		c.advance(n)
		rest = rest[n:]
	}
	return len(from), nil
}

// WriteByte writes b at the position. It never fails.
func (c *Chunked) WriteByte(b byte) error {
	c.room()[0] = b
	c.advance(1)
	return nil
}

// room returns memory from the position to the end of its chunk that only the buffer has.
func (c *Chunked) room() []byte {
	if c.size == 0 {
		c.size = DefaultChunk
	}
	i, offset := c.at/c.size, c.at%c.size
	if i == len(c.chunks) {
		c.chunks = append(c.chunks, chunk{mem: take(c.pool, c.size)})
	} else if old := c.chunks[i]; old.seen(offset) {
		c.chunks[i] = chunk{mem: take(c.pool, c.size)}
		copy(c.chunks[i].mem, old.mem[:min(c.size, c.length-i*c.size)])
		old.release(c.pool)
	}
	return c.chunks[i].mem[offset:c.size]
}

func (c *Chunked) advance(n int) {
	c.at += n
	c.length = max(c.length, c.at)
}

// ReadFrom writes what r returns, until it ends, at the position. It returns the number of
// bytes read, and r's error unless that is io.EOF. What was read before an error is kept. At
// the end of the content it reads into the chunks; before it, through one chunk more, since a
// reader may leave anything behind what it has read.
func (c *Chunked) ReadFrom(r io.Reader) (total int64, err error) {
	if c.at < c.length {
		between := take(c.pool, c.size)
		defer giveBack(c.pool, between)
		return io.CopyBuffer(struct{ io.Writer }{c}, struct{ io.Reader }{r}, between)
	}
	for err == nil {
		var n int
		n, err = readInto(r, c.room())
		c.advance(n)
		total += int64(n)
	}
	c.fit()            // a reader that ends with a chunk has been offered another
	if err == io.EOF { //nolint:errorlint // io.Reader promises io.EOF itself
		err = nil
	}
	return total, err
}

// WriteTo writes the content from the position on to w, and moves the position behind what w
// has taken. A network connection of package net takes all chunks with one writev.
func (c *Chunked) WriteTo(w io.Writer) (int64, error) {
	c.parts = c.parts[:0]
	for part := range c.view(c.at, c.length).parts {
		c.parts = append(c.parts, part)
	}
	c.writing = c.parts
	defer func() {
		clear(c.parts)
		c.writing = nil
	}()
	n, err := writeParts(&c.writing, w, c.length-c.at)
	c.at += int(n)
	return n, err
}

// Read reads up to len(p) bytes from the position on. At the end of the content it returns
// io.EOF, unless p is empty.
func (c *Chunked) Read(p []byte) (int, error) {
	n, err := c.ReadAt(p, int64(c.at))
	c.at += n
	if n > 0 || len(p) == 0 {
		err = nil
	}
	return n, err
}

// ReadAt reads len(p) bytes from an offset on, whatever the position is. It returns io.EOF if
// there are fewer, and an error if the offset is negative.
func (c *Chunked) ReadAt(p []byte, offset int64) (int, error) {
	return c.view(0, c.length).readAt(p, offset)
}

// Seek sets the position, in bytes from the start, from the position or from the end, and
// returns it from the start. One after the end is the end. One before the start is an error,
// as is another whence, and changes nothing.
func (c *Chunked) Seek(offset int64, whence int) (int64, error) {
	bases := [...]int{io.SeekStart: 0, io.SeekCurrent: c.at, io.SeekEnd: c.length}
	if whence < 0 || whence >= len(bases) {
		return 0, fmt.Errorf("pool: Chunked.Seek: whence is %d: use io.SeekStart, io.SeekCurrent or io.SeekEnd", whence)
	}
	base := bases[whence]
	if offset < -int64(base) {
		return 0, errors.New("pool: Chunked.Seek: the position would be before the start")
	}
	c.at = base + int(min(offset, int64(c.length-base)))
	return int64(c.at), nil
}

// Slice returns bytes from to to-1 of the content as they are now, without a copy: where the
// buffer overwrites them later, it copies their chunk first. The slice is the caller's until
// its Free, and may outlive the buffer. It costs two allocations, or three where chunks have
// not been shared before. Slice panics if the bytes are not within the content.
func (c *Chunked) Slice(from, to int) *ChunkedSlice {
	v := c.view(0, c.length).cut(from, to)
	v.share()
	return newSlice(c.pool, c.watch, v)
}

func (c *Chunked) view(from, to int) view { return view{c.chunks, c.size, from, to} }

var (
	_ io.ReadWriteSeeker = (*Chunked)(nil)
	_ io.StringWriter    = (*Chunked)(nil)
	_ io.ByteWriter      = (*Chunked)(nil)
	_ io.ReaderAt        = (*Chunked)(nil)
	_ io.ReaderFrom      = (*Chunked)(nil)
	_ io.WriterTo        = (*Chunked)(nil)
)
