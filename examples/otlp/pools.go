package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http/httputil"
	"sync"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/otelpool"
	"github.com/otelpool/pool/poolconfig"
	"github.com/otelpool/pool/strategies"
	"github.com/otelpool/pool/strategies/codecs"
)

// pools is all the memory that the gateway reuses. The handler does not know
// whether it is pooled: with pooling off the same code runs on plain
// allocations.
type pools struct {
	bodies  pool.Bytes                         // decoded requests, encoded batches
	writers func(to io.Writer) io.WriteCloser  // gzip, about a megabyte each
	readers func(from io.Reader) io.ReadCloser // gzip, 45 KB each
	gzips   func()                             // closes those two
	batches anyPool                            // *bytes.Buffer
	proxy   httputil.BufferPool                // responses on their way back; nil allocates
	close   func()
}

// anyPool is what sync.Pool and otelpool.SyncPool have in common.
type anyPool interface {
	Get() any
	Put(x any)
}

// bodiesPool is the pool whose size classes are exported too.
const bodiesPool = "gateway.bodies"

const (
	proxyBufferSize  = 32 << 10
	proxyBufferCount = 64
)

// pooled makes the gateway's pools, known to a registry under their names, as a
// configuration will have them.
func pooled(r *pool.Registry, conf *poolconfig.Config) (*pools, error) {
	bodies, err1 := poolconfig.NewSizeClasses(conf, strategies.SizeClassesConfig{
		Name: bodiesPool, Registry: r,
		Classes: strategies.Geometric(1<<10, 4<<20, 2),
		Limit:   48 << 20,
	})
	proxy, err2 := poolconfig.NewFixed(conf, strategies.FixedConfig{
		Name: "gateway.proxy", Registry: r,
		Size: proxyBufferSize, Count: proxyBufferCount,
	})
	writers, readers, err3 := newCodecs(r, func(b strategies.BoundedConfig[codecs.Idle]) (*strategies.Bounded[codecs.Idle], error) {
		return poolconfig.NewBounded(conf, b)
	})
	if err := errors.Join(err1, err2, err3); err != nil { // all mistakes at once; the program ends
		return nil, err
	}
	batches := otelpool.Wrap(&sync.Pool{New: newBatch}, "gateway.batches", otelpool.WithRegistry(r))
	p := &pools{bodies: bodies, proxy: proxy, batches: batches}
	p.use(writers, readers)
	p.close = func() {
		bodies.Close()
		proxy.Close()
		p.gzips()
		batches.Close()
	}
	return p, nil
}

func (p *pools) use(writers *codecs.Writers, readers *codecs.Readers) {
	p.writers = func(to io.Writer) io.WriteCloser { return writers.Get(to) }
	p.readers = func(from io.Reader) io.ReadCloser { return readers.Get(from) }
	p.gzips = func() {
		writers.Close()
		readers.Close()
	}
}

// newCodecs makes the gzip writers and readers, on pools that make makes.
func newCodecs(r *pool.Registry, make makeIdle) (*codecs.Writers, *codecs.Readers, error) {
	writers, err1 := codecs.NewGzipWriters(gzip.BestSpeed, codecs.Config{
		Name: "gateway.gzip.writers", Registry: r, Limit: 48 << 20, Pool: make,
	})
	readers, err2 := codecs.NewGzipReaders(codecs.Config{Name: "gateway.gzip.readers", Registry: r, Limit: 4 << 20, Pool: make})
	return writers, readers, errors.Join(err1, err2)
}

type makeIdle = func(strategies.BoundedConfig[codecs.Idle]) (*strategies.Bounded[codecs.Idle], error)

// unpooled is the gateway with pooling off: what it allocates is what it needs.
// Only the bodies are counted, under a name if there is a registry. A single
// class of the smallest size makes every request allocate its own length.
func unpooled(name string, r *pool.Registry) (*pools, error) {
	bodies, err := strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: name, Registry: r, Classes: strategies.Explicit(1)})
	if err != nil {
		return nil, err
	}
	bodies.SetMode(control.ModeCount)
	return &pools{
		bodies:  bodies,
		writers: func(to io.Writer) io.WriteCloser { return newWriter(to) },
		readers: func(from io.Reader) io.ReadCloser { return &unzipper{from: from} },
		batches: allocatingAny{newBatch},
		close:   bodies.Close,
	}, nil
}

func newWriter(to io.Writer) *gzip.Writer {
	w, _ := gzip.NewWriterLevel(to, gzip.BestSpeed) // the level is valid
	return w
}

// unzipper is a gzip reader that reads nothing before its first Read, as a pooled one.
type unzipper struct {
	gzip.Reader
	from io.Reader // until then
}

func (z *unzipper) Read(b []byte) (int, error) {
	if from := z.from; from != nil {
		z.from = nil
		switch err := z.Reset(from); {
		case errors.Is(err, io.EOF):
			return 0, io.ErrUnexpectedEOF // or it would pass for an empty body
		case err != nil:
			return 0, err
		}
	}
	return z.Reader.Read(b)
}

// Close is here because a gzip.Reader's panics before a header was read.
func (*unzipper) Close() error { return nil }

func newBatch() any { return new(bytes.Buffer) }

type allocatingAny struct{ make func() any }

func (a allocatingAny) Get() any { return a.make() }
func (allocatingAny) Put(any)    {}
