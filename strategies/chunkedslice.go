package strategies

import (
	"errors"
	"io"
	"iter"
	"net"
	"slices"
	"sync/atomic"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/handle"
	"github.com/otelpool/pool/internal/safety"
)

// ErrFreed is the error of a ChunkedSlice that is read after its Free.
var ErrFreed = errors.New("pool: a ChunkedSlice was used after Free")

// ChunkedSlice is a part of a Chunked's content, which it shares and never changes. Its
// chunks go back to the pool when the buffer has released them, and all slices that have them
// are freed. One that is never freed keeps them in use until the garbage collector takes them.
//
// Each owner has a slice of its own, from Ref or Slice, and frees it once. So a mistake is
// found where it is made: a second Free does nothing, reading after Free gives no bytes and
// ErrFreed. On a [SizeClasses] both are counted and reported, as double and as write, like
// others that [Safety] has. If that is SafetyStrict, the report has the places of Slice and of
// the first Free, and they panic with it. What All has yielded is the pool's memory: a write
// to it after Free is found like any other after Put, a read by the race detector.
//
// Slices of one buffer, and the buffer, may be used at the same time by different
// goroutines; one slice by several only if none frees it. A slice costs a pointer and a
// reference count for each of its chunks.
type ChunkedSlice struct {
	_     handle.NoCopy
	view  view
	pool  pool.Bytes
	freed atomic.Bool
	part  safety.Part
}

// newSlice takes a reference to each of the view's chunks, which the caller has.
func newSlice(p pool.Bytes, w *safety.Watch, v view) *ChunkedSlice {
	v.chunks = slices.Clone(v.chunks)
	for _, c := range v.chunks {
		c.share.refs.Add(1)
	}
	return &ChunkedSlice{view: v, pool: p, part: w.Part(v.len())}
}

// Len returns the number of bytes, after Free too.
func (s *ChunkedSlice) Len() int { return s.view.len() }

// All yields the bytes in order, as the parts that lie in one chunk. They must not be written
// to, nor used after Free.
func (s *ChunkedSlice) All() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if s.usable() {
			s.view.parts(yield)
		}
	}
}

// ReadAt reads len(p) bytes from an offset in the slice on. It returns io.EOF if there are
// fewer, and an error if the offset is negative. With io.NewSectionReader it makes a reader.
func (s *ChunkedSlice) ReadAt(p []byte, offset int64) (int, error) {
	if !s.usable() {
		return 0, ErrFreed
	}
	return s.view.readAt(p, offset)
}

// WriteTo writes the bytes to w, as often as it is called. A network connection of package
// net takes them with one writev. It allocates a list of their parts.
func (s *ChunkedSlice) WriteTo(w io.Writer) (int64, error) {
	if !s.usable() {
		return 0, ErrFreed
	}
	parts := net.Buffers(slices.Collect(s.view.parts))
	return writeParts(&parts, w, s.view.len())
}

// Slice returns bytes from to to-1 of the slice for another owner. It panics if they are not
// within the slice.
func (s *ChunkedSlice) Slice(from, to int) *ChunkedSlice {
	v := s.view.cut(from, to)
	if !s.usable() {
		none := &ChunkedSlice{part: s.part}
		none.freed.Store(true)
		return none
	}
	return newSlice(s.pool, s.part.Watch(), v)
}

// Ref returns the same bytes for another owner, who has to free them too.
func (s *ChunkedSlice) Ref() *ChunkedSlice { return s.Slice(0, s.Len()) }

// Free gives the bytes up.
func (s *ChunkedSlice) Free() {
	if s.freed.Swap(true) {
		s.part.Misused(pool.MisuseDouble, "a ChunkedSlice was freed again")
		return
	}
	s.part.Gave()
	for _, c := range s.view.chunks {
		c.release(s.pool)
	}
}

// usable reports whether the slice is not freed, and reports misuse if it is.
func (s *ChunkedSlice) usable() bool {
	freed := s.freed.Load()
	if freed {
		s.part.Misused(pool.MisuseWrite, "a ChunkedSlice was used after Free")
	}
	return !freed
}

var (
	_ io.ReaderAt = (*ChunkedSlice)(nil)
	_ io.WriterTo = (*ChunkedSlice)(nil)
)
