package main

import (
	"bufio"
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
)

// pools is all the memory that the gateway reuses. The handler does not know
// whether it is pooled: with pooling off the same code runs on plain
// allocations.
type pools struct {
	bodies  pool.Bytes                // decoded requests, encoded batches
	writers pool.Objects[gzip.Writer] // about 800 KiB each
	readers pool.Objects[unzipper]    // about 44 KiB each
	batches anyPool                   // *bytes.Buffer
	proxy   httputil.BufferPool       // responses on their way back; nil allocates
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
	gzipWriterBytes  = 800 << 10
	gzipReaderBytes  = 44 << 10
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
	writers, err3 := poolconfig.NewBounded(conf, strategies.BoundedConfig[gzip.Writer]{
		Name: "gateway.gzip.writers", Registry: r,
		New:   newWriter,
		Reset: func(w *gzip.Writer) { w.Reset(io.Discard) }, // let go of the request's buffer
		Size:  func(*gzip.Writer) int64 { return gzipWriterBytes },
		Limit: 48 << 20,
	})
	readers, err4 := poolconfig.NewBounded(conf, strategies.BoundedConfig[unzipper]{
		Name: "gateway.gzip.readers", Registry: r,
		New:   newUnzipper,
		Reset: func(z *unzipper) { z.input.Reset(nothing{}) }, // let go of the request's body
		Size:  func(*unzipper) int64 { return gzipReaderBytes },
		Limit: 4 << 20,
	})
	if err := errors.Join(err1, err2, err3, err4); err != nil { // all mistakes at once; the program ends
		return nil, err
	}
	batches := otelpool.Wrap(&sync.Pool{New: newBatch}, "gateway.batches", otelpool.WithRegistry(r))
	return &pools{
		bodies: bodies, proxy: proxy, writers: writers, readers: readers, batches: batches,
		close: func() {
			bodies.Close()
			proxy.Close()
			writers.Close()
			readers.Close()
			batches.Close()
		},
	}, nil
}

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
		writers: allocating[gzip.Writer]{newWriter},
		readers: allocating[unzipper]{newUnzipper},
		batches: allocatingAny{newBatch},
		close:   bodies.Close,
	}, nil
}

func newWriter() *gzip.Writer {
	w, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed) // the level is valid
	return w
}

// unzipper is a gzip reader with its input buffer: a gzip.Reader makes one at
// each Reset unless it is given a reader that is buffered already.
type unzipper struct {
	gzip  gzip.Reader
	input *bufio.Reader
}

func newUnzipper() *unzipper { return &unzipper{input: bufio.NewReader(nothing{})} }

func (z *unzipper) reset(r io.Reader) error {
	z.input.Reset(r)
	return z.gzip.Reset(z.input)
}

func newBatch() any { return new(bytes.Buffer) }

// nothing is an empty body.
type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, io.EOF }

type allocating[T any] struct{ make func() *T }

func (a allocating[T]) Get() *T { return a.make() }
func (allocating[T]) Put(*T)    {}

type allocatingAny struct{ make func() any }

func (a allocatingAny) Get() any { return a.make() }
func (allocatingAny) Put(any)    {}
