package codecs

import (
	"io"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/config"
	"github.com/otelpool/pool/strategies"
)

// Decompressor is a decompressing reader that can be used again. After a Reset nothing
// may be left of what came before, a failed Read included. If it has a method Close
// without a result, the pool calls that when it drops the reader.
type Decompressor interface {
	io.Reader
	Reset(r io.Reader) error
}

// Readers is a pool of decompressing readers. Its methods are safe for concurrent use.
type Readers struct{ pool *strategies.Bounded[Idle] }

// NewReaders returns a pool of the readers that create makes. Errors say what they are by
// kind: "gzip reader". bytes is what one of them holds after its first use.
func NewReaders(kind string, bytes int64, create func() Decompressor, c Config) (*Readers, error) {
	p := config.ProblemsOf("codecs: NewReaders")
	p.AddIf(create == nil, "create", "nil", "give a function that makes a reader")
	b, err := open(kind, bytes, func(x *Idle) { x.reader = create() }, c, p)
	if err != nil {
		return nil, err
	}
	return &Readers{b}, nil
}

// Get returns a reader of one compressed stream from r. Close it. Nothing is read before
// the first Read, which returns the error if r has no such stream.
func (p *Readers) Get(r io.Reader) Reader {
	x := p.pool.Get()
	if x == nil {
		return Reader{}
	}
	x.pool, x.stream.r = p.pool, r
	return Reader{hand(x)}
}

// Stats overwrites *into with what the pool counted.
func (p *Readers) Stats(into *pool.Stats) { p.pool.Stats(into) }

// Close drops the idle readers and withdraws the pool from its registry. Those in use stay
// usable, and Get still returns new ones.
func (p *Readers) Close() { p.pool.Close() }

// Reader is the right to read one stream. It is for one goroutine at a time; copies of it
// are the same. Made an io.Reader, it is an allocation of 16 bytes if it escapes.
type Reader struct{ handle }

// Read decompresses into b. The codec reads ahead: what follows the compressed stream may
// have been read too.
func (r Reader) Read(b []byte) (n int, err error) {
	err = r.call(func(x *Idle) error {
		n, err = x.reader.Read(b)
		return err
	})
	return n, err
}

// Close gives the codec back, and does not close what it reads from. If it comes while
// another goroutine reads, as when a server closes the body of a request, the codec goes
// back when that Read returns. It returns nil always.
func (r Reader) Close() error {
	if x, _ := r.close(); x != nil {
		r.putBack(x)
	}
	return nil
}

var _ io.ReadCloser = Reader{}
