package grpcpool

import (
	"errors"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/strategies"
)

// Config configures New. Buffers is required.
type Config struct {
	// Buffers is where buffers come from and go back to. Its figures are the
	// pool's figures, and closing it is up to the caller.
	Buffers pool.Bytes
	// Dirty hands buffers on as they were given back. It is for a pool that clears
	// them itself, and for programs whose every reader writes first; otherwise one
	// peer's bytes may reach another.
	Dirty bool
}

// Pool is a mem.BufferPool of google.golang.org/grpc on a pool.Bytes.
//
// Get returns a pointer to a buffer of length n, cleared over its whole capacity as
// gRPC's own pool does. The caller owns the pointer until Put, which takes it back
// with the buffer, or a prefix of the buffer. Neither may be used after that. The
// pointer then refers to nil until it is handed out again, so a second Put of it
// counts as nil and does no harm, unless the pointer has a new owner already. Put
// also accepts a pointer from elsewhere, which then belongs to the pool; the
// underlying pool decides whether to keep its buffer.
//
// All methods are safe for concurrent use if the underlying pool's are, and a hit in
// that pool allocates nothing: free pointers are in a pool of their own, of at most
// 1 MiB, which collections do not empty and which is not published. In addition to
// the clearing, Get and Put cost a Get and a Put of two pools.
type Pool struct {
	buffers pool.Bytes
	headers *strategies.Bounded[[]byte]
	dirty   bool
}

const maxHeaders = 40_000 // 1 MiB

// New returns a pool, or an error that names every mistake in the config.
func New(c Config) (*Pool, error) {
	if c.Buffers == nil {
		return nil, errors.New("grpcpool: Config.Buffers is nil: give the pool that buffers come from, such as a *strategies.SizeClasses")
	}
	headers, err := strategies.NewBounded(strategies.BoundedConfig[[]byte]{
		Safety:  strategies.SafetyOff, // a pointer given back twice is found here, and a buffer by its own pool
		New:     func() *[]byte { return new([]byte) },
		MaxIdle: maxHeaders, // and no Limit, which would weigh each: they are empty
	})
	if err != nil {
		return nil, err
	}
	return &Pool{buffers: c.Buffers, headers: headers, dirty: c.Dirty}, nil
}

// Get returns a pointer to a buffer of length n. It panics if n is negative.
func (p *Pool) Get(n int) *[]byte {
	b := p.buffers.Get(n)
	if !p.dirty {
		clear(b[:cap(b)])
	}
	h := p.headers.Get()
	*h = b
	return h
}

// Put takes back a pointer, and the buffer that it points to.
func (p *Pool) Put(h *[]byte) {
	b := *h
	*h = nil // a free pointer must not keep a buffer alive that the pool has dropped
	p.buffers.Put(b)
	if b != nil {
		p.headers.Put(h)
	}
}
