//go:build race

package raceghost_test

import (
	"bytes"
	"maps"
	"os"
	"sync"
	"testing"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/otelpool"
	"github.com/otelpool/pool/strategies"
)

// kinds are the pools, all with buffers of 1,024 bytes: those of objects hand out what
// lies in one.
var kinds = map[string]func() pool.Bytes{
	"sizeclasses": sizeClasses(strategies.SizeClassesConfig{Safety: strategies.SafetyOff}),
	"sampled":     sizeClasses(strategies.SizeClassesConfig{}),
	"strict":      sizeClasses(strategies.SizeClassesConfig{Safety: strategies.SafetyStrict}),
	"clearing":    sizeClasses(strategies.SizeClassesConfig{Safety: strategies.SafetyOff, Zero: strategies.ZeroOnPut}),
	"fixed": func() pool.Bytes {
		return slots{strategies.Must(strategies.NewFixed(strategies.FixedConfig{Size: 1024, Count: 8}))}
	},
	"chunked": func() pool.Bytes { return &sliced{beneath: sizeClasses(strategies.SizeClassesConfig{})()} },
	"values": func() pool.Bytes {
		return &values{strategies.Values[[]byte]{New: func() []byte { return *newSlice() }}}
	},
	"bounded":        func() pool.Bytes { return arrays{bounded(strategies.SafetyOff, newArray)} },
	"bounded strict": func() pool.Bytes { return arrays{bounded(strategies.SafetyStrict, newArray)} },
	"bounded bytes.Buffer": func() pool.Bytes {
		return &buffers[bytes.Buffer]{Objects: bounded(strategies.SafetyOff, newBuffer), bytes: bytesOf}
	},
	"sync": func() pool.Bytes {
		return arrays{strategies.Must(strategies.NewSync(strategies.SyncConfig[array]{New: newArray}))}
	},
	"sync bytes.Buffer": func() pool.Bytes {
		objects := strategies.Must(strategies.NewSync(strategies.SyncConfig[bytes.Buffer]{New: newBuffer}))
		return &buffers[bytes.Buffer]{Objects: objects, bytes: bytesOf}
	},
	"pool": func() pool.Bytes {
		return arrays{objects[array]{&otelpool.Pool{New: func() any { return newArray() }}}}
	},
	"wrap":       func() pool.Bytes { return arrays{wrap(newArray)} },
	"wrap slice": func() pool.Bytes { return &buffers[[]byte]{Objects: wrap(newSlice), bytes: whole} },
	"wrap bytes.Buffer": func() pool.Bytes {
		return &buffers[bytes.Buffer]{Objects: wrap(newBuffer), bytes: bytesOf}
	},
}

// overlaid is set where poolscope has built the tests: then sync.Pool alone has ghosts too.
const overlaid = "OTELPOOL_TEST_OVERLAID"

func TestMain(m *testing.M) {
	if os.Getenv(overlaid) != "" {
		maps.Copy(kinds, plain)
	}
	os.Exit(m.Run())
}

var plain = map[string]func() pool.Bytes{
	"plain":              func() pool.Bytes { return arrays{alone(newArray)} },
	"plain slice":        func() pool.Bytes { return &buffers[[]byte]{Objects: alone(newSlice), bytes: whole} },
	"plain bytes.Buffer": func() pool.Bytes { return &buffers[bytes.Buffer]{Objects: alone(newBuffer), bytes: bytesOf} },
	"plain slices":       func() pool.Bytes { return boxing{&sync.Pool{New: func() any { return *newSlice() }}} },
}

func alone[T any](newT func() *T) pool.Objects[T] {
	return objects[T]{&sync.Pool{New: func() any { return newT() }}}
}

// mapped puts one map, and has no buffers.
type mapped struct {
	untyped
	m map[int]byte
}

func (mapped) Get(int) []byte { return nil }
func (p mapped) Put(_ []byte) { p.untyped.Put(p.m) }

// boxing puts slices into interfaces, where each Put allocates.
type boxing struct{ *sync.Pool }

func (p boxing) Get(n int) []byte { return p.Pool.Get().([]byte)[:n] }
func (p boxing) Put(b []byte)     { p.Pool.Put(b) }

// sliced hands out what slices of a Chunked share, and frees them.
type sliced struct {
	beneath pool.Bytes
	owners  sync.Map // by the address of the bytes
}

func (p *sliced) Get(n int) (b []byte) {
	c := strategies.NewChunked(p.beneath, 1024)
	defer c.Release()
	c.Write(make([]byte, n))
	s := c.Slice(0, n)
	for b = range s.All() {
		p.owners.Store(&b[0], s)
	}
	return b
}

func (p *sliced) Put(b []byte) {
	s, _ := p.owners.LoadAndDelete(&b[0])
	s.(*strategies.ChunkedSlice).Free()
}

func sizeClasses(c strategies.SizeClassesConfig) func() pool.Bytes {
	return func() pool.Bytes { return strategies.Must(strategies.NewSizeClasses(c)) }
}

func bounded[T any](safety strategies.Safety, make func() *T) pool.Objects[T] {
	return strategies.Must(strategies.NewBounded(strategies.BoundedConfig[T]{New: make, Safety: safety}))
}

type slots struct{ *strategies.Fixed }

func (s slots) Get(n int) []byte { return s.Fixed.Get()[:n] }

type values struct{ strategies.Values[[]byte] }

func (v *values) Get(n int) []byte { return v.Values.Get()[:n] }

type array struct {
	bytes [1024]byte
	mu    sync.Mutex
}

func newArray() *array { return new(array) }

// arrays are objects that begin with their buffer.
type arrays struct{ pool.Objects[array] }

func (a arrays) Get(n int) []byte { return a.Objects.Get().bytes[:n] }

func (a arrays) Put(b []byte) { a.Objects.Put((*array)(unsafe.Pointer(unsafe.SliceData(b)))) }

// buffers are objects that refer to their buffer.
type buffers[T any] struct {
	pool.Objects[T]
	bytes func(*T) []byte
	mu    sync.Mutex
	by    map[*byte]*T
}

func newBuffer() *bytes.Buffer { return bytes.NewBuffer(make([]byte, 0, 1024)) }

func bytesOf(x *bytes.Buffer) []byte { return x.AvailableBuffer() }

func newSlice() *[]byte {
	b := make([]byte, 1024)
	return &b
}

func whole(x *[]byte) []byte { return *x }

func (p *buffers[T]) Get(n int) []byte {
	x := p.Objects.Get()
	b := p.bytes(x)[:n]
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.by == nil {
		p.by = make(map[*byte]*T)
	}
	p.by[&b[0]] = x
	return b
}

func (p *buffers[T]) Put(b []byte) {
	p.mu.Lock()
	x := p.by[&b[0]]
	p.mu.Unlock()
	p.Objects.Put(x)
}

func wrap[T any](newT func() *T) pool.Objects[T] {
	return objects[T]{otelpool.Wrap(&sync.Pool{New: func() any { return newT() }}, "ghosts", otelpool.WithRegistry(new(pool.Registry)))}
}

// untyped is a sync.Pool, or one that is wrapped.
type untyped interface {
	Get() any
	Put(any)
}

type objects[T any] struct{ untyped }

func (o objects[T]) Get() *T  { return o.untyped.Get().(*T) }
func (o objects[T]) Put(x *T) { o.untyped.Put(x) }
