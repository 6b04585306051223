package arrowpool

import (
	"errors"
	"unsafe"

	"github.com/otelpool/pool"
)

// Config configures New. Buffers is required.
type Config struct {
	// Buffers is where memory comes from and goes back to. Its figures are the
	// allocator's figures, and closing it is up to the caller.
	Buffers pool.Bytes
}

// Allocator is a memory.Allocator of github.com/apache/arrow-go on a pool.Bytes. Its
// methods are safe for concurrent use if the pool's are.
type Allocator struct{ buffers pool.Bytes }

// New returns an allocator, or an error that names every mistake in the config.
func New(c Config) (*Allocator, error) {
	if c.Buffers == nil {
		return nil, errors.New("arrowpool: Config.Buffers is nil: give the pool that memory comes from, such as a *strategies.SizeClasses")
	}
	return &Allocator{c.Buffers}, nil
}

const (
	alignment = 64
	// Memory that is not pooled is told by the rest that its capacity leaves in a division
	// by the alignment. The pool's, in which that is so, is not used.
	unpooled = 1
)

// Allocate returns size bytes, all zero up to their capacity, as Arrow's own allocators
// do, at a multiple of 64. It panics if size is negative.
func (a *Allocator) Allocate(size int) []byte {
	b := a.buffers.Get(size)
	if cap(b) > 0 && (misplaced(b) != 0 || cap(b)%alignment == unpooled) {
		a.buffers.Put(b)
		return allocate(size)
	}
	clear(b[:cap(b)])
	return b
}

// Reallocate returns b with another length, if its capacity allows that, or else new
// memory with b's content, and frees b.
func (a *Allocator) Reallocate(size int, b []byte) []byte {
	if size <= cap(b) {
		return b[:size]
	}
	larger := a.Allocate(size)
	copy(larger, b)
	a.Free(b)
	return larger
}

// Free takes back what Allocate or Reallocate returned, or a prefix of it, once.
func (a *Allocator) Free(b []byte) {
	if cap(b)%alignment != unpooled {
		a.buffers.Put(b)
	}
}

// allocate returns memory that is not pooled.
func allocate(size int) []byte {
	room := (size+alignment-1)/alignment*alignment + unpooled
	b := make([]byte, room+alignment-1)
	shift := (alignment - misplaced(b)) % alignment
	return b[shift : shift+size : shift+room]
}

// misplaced is how far b begins beyond a multiple of 64. Go's collector does not move it.
func misplaced(b []byte) int {
	return int(uintptr(unsafe.Pointer(unsafe.SliceData(b))) % alignment)
}
