package codecs

import (
	"errors"
	"io"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/config"
	"github.com/otelpool/pool/strategies"
)

// Compressor is a compressing writer that can be used again: those of compress/gzip,
// zlib and flate are, and those of most other packages. After a Reset nothing may be left
// of what came before, a failed Write included.
type Compressor interface {
	io.WriteCloser
	Flush() error
	Reset(w io.Writer)
}

// Writers is a pool of compressing writers. Its methods are safe for concurrent use.
type Writers struct{ pool *strategies.Bounded[Idle] }

// NewWriters returns a pool of the writers that create makes. Errors say what they are by
// kind: "gzip writer". bytes is what one of them holds after its first use.
func NewWriters(kind string, bytes int64, create func() Compressor, c Config) (*Writers, error) {
	p := config.ProblemsOf("codecs: NewWriters")
	p.AddIf(create == nil, "create", "nil", "give a function that makes a writer")
	return newWriters(kind, bytes, create, c, p)
}

func newWriters(kind string, bytes int64, create func() Compressor, c Config, p config.Problems) (*Writers, error) {
	b, err := open(kind, bytes, func(x *Idle) { x.writer = create() }, c, p)
	if err != nil {
		return nil, err
	}
	return &Writers{b}, nil
}

// Get returns a writer of one stream, which goes to w. Close it.
func (p *Writers) Get(w io.Writer) Writer {
	x := p.pool.Get()
	if x == nil {
		return Writer{}
	}
	x.pool, x.stream.w = p.pool, w
	return Writer{hand(x)}
}

// Stats overwrites *into with what the pool counted.
func (p *Writers) Stats(into *pool.Stats) { p.pool.Stats(into) }

// Close drops the idle writers and withdraws the pool from its registry. Those in use stay
// usable, and Get still returns new ones.
func (p *Writers) Close() { p.pool.Close() }

// Writer is the right to write one compressed stream. It is for one goroutine at a time;
// copies of it are the same. Made an io.Writer, it is an allocation of 16 bytes if it
// escapes.
type Writer struct{ handle }

// Write compresses b.
func (w Writer) Write(b []byte) (n int, err error) {
	err = w.call(func(x *Idle) error {
		n, err = x.writer.Write(b)
		return err
	})
	return n, err
}

// Flush writes all that was compressed so far to where the stream goes.
func (w Writer) Flush() error { return w.call(func(x *Idle) error { return x.writer.Flush() }) }

// Close ends the stream, and does not close where it goes. The first call returns the
// error of writing the stream's end; all others do nothing. If Close comes while another
// goroutine writes, the stream ends with that Write, incomplete, which is an error.
func (w Writer) Close() error {
	x, inUse := w.close()
	switch {
	case inUse:
		return errCut
	case x == nil:
		return nil
	}
	defer w.putBack(x)
	return x.call(func(x *Idle) error { return x.writer.Close() })
}

// stream is where the data of a codec comes from or goes to. The codec refers to it, so
// that nobody's writer or reader is kept alive by an idle codec.
type stream struct {
	w io.Writer
	r io.Reader
}

var errNil = errors.New("codecs: Get was given nil instead of a reader or writer")

func (s *stream) Write(b []byte) (int, error) {
	if s.w == nil {
		return 0, errNil
	}
	return s.w.Write(b)
}

func (s *stream) Read(b []byte) (int, error) {
	if s.r == nil {
		return 0, errNil
	}
	return s.r.Read(b)
}

var _ io.WriteCloser = Writer{}
