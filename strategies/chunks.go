package strategies

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"

	"github.com/otelpool/pool"
)

// chunk is a buffer of the pool in a Chunked or its slices. Several may have it: then none of
// them writes to bytes that a slice sees, so no lock is needed to read. Only the buffer
// writes, and only where it knows that no slice sees: behind share.end, which it alone reads
// and sets, or when its reference is the only one. That it finds by an atomic load, which
// orders what it writes behind the reads of whoever freed the others.
type chunk struct {
	mem   []byte
	share *share // nil: only the buffer ever had it
}

// share is how many have a chunk.
type share struct {
	refs atomic.Int32 // the buffer's and each slice's
	end  int          // of what slices may see
}

// seen reports whether a slice may see bytes from an offset on. Only the buffer asks.
func (c chunk) seen(offset int) bool {
	return c.share != nil && offset < c.share.end && c.share.refs.Load() > 1
}

// release gives a reference up, and the chunk back with the last.
func (c chunk) release(p pool.Bytes) {
	if c.share == nil || c.share.refs.Add(-1) == 0 {
		giveBack(p, c.mem)
	}
}

// view is a range of bytes in chunks.
type view struct {
	chunks         []chunk
	size, from, to int // size is a chunk's
}

func (v view) len() int { return v.to - v.from }

// cut is bytes from to to-1 of the view, with only the chunks that they lie in.
func (v view) cut(from, to int) view {
	if from < 0 || to < from || to > v.len() {
		panic(fmt.Sprintf("pool: Slice: bytes %d to %d of %d", from, to, v.len()))
	}
	if from == to {
		return view{}
	}
	from, to = from+v.from, to+v.from
	first, last := from/v.size, (to-1)/v.size
	return view{v.chunks[first : last+1], v.size, from - first*v.size, to - first*v.size}
}

// share makes the buffer's chunks ready for a slice that sees the view.
func (v view) share() {
	var fresh []share
	for i := range v.chunks {
		c := &v.chunks[i]
		if c.share == nil {
			if fresh == nil {
				fresh = make([]share, len(v.chunks)-i)
			}
			c.share, fresh = &fresh[0], fresh[1:]
			c.share.refs.Store(1)
		}
		if c.share.refs.Load() == 1 {
			c.share.end = 0
		}
		c.share.end = max(c.share.end, min(v.size, v.to-i*v.size))
	}
}

// parts yields the bytes, chunk by chunk.
func (v view) parts(yield func([]byte) bool) {
	for v.from < v.to {
		offset := v.from % v.size
		end := min(v.size, offset+v.len())
		if !yield(v.chunks[v.from/v.size].mem[offset:end:end]) {
			return
		}
		v.from += end - offset
	}
}

func (v view) readAt(p []byte, offset int64) (n int, err error) {
	switch {
	case offset < 0:
		return 0, errors.New("pool: ReadAt: the offset is negative")
	case offset >= int64(v.len()):
		return 0, io.EOF
	}
	v.from += int(offset)
	v.to = min(v.to, v.from+len(p))
	for part := range v.parts {
		n += copy(p[n:], part)
	}
	if n < len(p) {
		err = io.EOF
	}
	return n, err
}

// writeParts writes parts of so many bytes in all.
func writeParts(parts *net.Buffers, w io.Writer, bytes int) (int64, error) {
	n, err := parts.WriteTo(w)
	if n > int64(bytes) {
		panic(fmt.Sprintf("pool: WriteTo: the writer says it wrote %d bytes of %d", n, bytes))
	}
	if err == nil && n < int64(bytes) {
		err = io.ErrShortWrite
	}
	return n, err
}
