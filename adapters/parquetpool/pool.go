package parquetpool

import (
	"errors"
	"fmt"
	"io"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/strategies"
)

// Config configures New. Buffers is required.
type Config struct {
	// Buffers is where memory comes from and goes back to. Its figures are the pool's
	// figures, and closing it is up to the caller.
	Buffers pool.Bytes
	// Chunk is the number of bytes taken from Buffers at a time, best the size of one of its
	// classes; 0 is [strategies.DefaultChunk], which is parquet-go's own too.
	Chunk int
}

// Pool is a parquet.BufferPool of github.com/parquet-go/parquet-go on a pool.Bytes. Its
// buffers are a [strategies.Chunked] each. Its methods are safe for concurrent use if the
// pool's are; a buffer has one owner.
type Pool struct {
	buffers pool.Bytes
	chunk   int
}

// New returns a pool, or an error that names every mistake in the config.
func New(c Config) (*Pool, error) {
	var mistakes []error
	if c.Buffers == nil {
		mistakes = append(mistakes, errors.New(
			"parquetpool: Config.Buffers is nil: give the pool that memory comes from, such as a *strategies.SizeClasses"))
	}
	if c.Chunk < 0 {
		mistakes = append(mistakes, fmt.Errorf(
			"parquetpool: Config.Chunk is %d: give the bytes of a chunk, or 0 for %d", c.Chunk, strategies.DefaultChunk))
	}
	if mistakes != nil {
		return nil, errors.Join(mistakes...)
	}
	return &Pool{c.Buffers, c.Chunk}, nil
}

// GetBuffer returns an empty buffer. It allocates the buffer itself, which is not reused, so
// that who gives one back twice shares no memory; the content lies in the pool's.
func (p *Pool) GetBuffer() io.ReadWriteSeeker { return strategies.NewChunked(p.buffers, p.chunk) }

// PutBuffer gives a buffer's memory back. A buffer that is not from GetBuffer is left alone,
// and one that was put already has none.
func (p *Pool) PutBuffer(b io.ReadWriteSeeker) {
	if c, ok := b.(*strategies.Chunked); ok {
		c.Release()
	}
}
