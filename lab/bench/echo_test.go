package bench_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/strategies"
)

// BenchmarkEcho is the path where a pool can win most: a body is read into a
// buffer, its checksum computed, both written back. path=memory is that alone, as
// in a proxy's or a storage engine's inner loop; path=http goes through net/http
// and the loopback, client included.
func BenchmarkEcho(b *testing.B) {
	for _, bodies := range echoPools(b) {
		b.Run("pool="+bodies.name, func(b *testing.B) {
			for _, size := range []int{4 << 10, 64 << 10, 1 << 20} {
				param := "size=" + strconv.Itoa(size)
				b.Run("path=memory/"+param, func(b *testing.B) { echoInMemory(b, echo{bodies.pool}, size) })
				b.Run("path=http/"+param, func(b *testing.B) { echoOverHTTP(b, echo{bodies.pool}, size) })
			}
		})
	}
}

type echoPool struct {
	name string
	pool pool.Bytes
}

func echoPools(b *testing.B) []echoPool {
	return []echoPool{
		{"none", makes{}},
		{"syncpool", newPlainPools()},
		{"otelpool", newPool(b, strategies.SizeClassesConfig{})},
	}
}

// makes allocates each buffer and keeps none.
type makes struct{}

func (makes) Get(n int) []byte { return make([]byte, n) }
func (makes) Put([]byte)       {}

// plainPools is a sync.Pool per power of two up to 1 MiB behind the interface
// that the other two have. It puts a slice as everybody does, by its address,
// which allocates the 24 bytes of its header.
type plainPools struct{ class [13]sync.Pool }

func newPlainPools() *plainPools {
	p := new(plainPools)
	for i := range p.class {
		p.class[i].New = func() any {
			x := make([]byte, 256<<i)
			return &x
		}
	}
	return p
}

func (p *plainPools) Get(n int) []byte { return (*p.class[classOf(n)].Get().(*[]byte))[:n] }

func (p *plainPools) Put(b []byte) { p.class[classOf(cap(b))].Put(&b) }

// echo is the service.
type echo struct{ bodies pool.Bytes }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (e echo) serve(w io.Writer, r io.Reader, n int) error {
	b := e.bodies.Get(n)
	defer e.bodies.Put(b)
	if _, err := io.ReadFull(r, b); err != nil {
		return err
	}
	var sum [4]byte
	if _, err := w.Write(binary.BigEndian.AppendUint32(sum[:0], crc32.Checksum(b, castagnoli))); err != nil {
		return err
	}
	_, err := w.Write(b)
	return err
}

// ServeHTTP implements http.Handler.
func (e echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", strconv.FormatInt(r.ContentLength+4, 10))
	if err := e.serve(w, r.Body, int(r.ContentLength)); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

// copied is a writer that keeps what it gets in the same memory, as a socket
// does.
type copied struct{ memory []byte }

func (c *copied) Write(p []byte) (int, error) { return copy(c.memory, p), nil }

func echoInMemory(b *testing.B, e echo, size int) {
	body := bytes.Repeat([]byte("otelpool"), size/8)
	watch := newGCWatch(b)
	b.RunParallel(func(pb *testing.PB) {
		r, w := bytes.NewReader(body), &copied{make([]byte, size)}
		for pb.Next() {
			r.Reset(body)
			if err := e.serve(w, r, size); err != nil {
				b.Error(err)
			}
		}
	})
	watch.report(b)
}

func echoOverHTTP(b *testing.B, e echo, size int) {
	body := bytes.Repeat([]byte("otelpool"), size/8)
	server := httptest.NewServer(e)
	defer server.Close()
	watch := newGCWatch(b)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := post(server, body); err != nil {
				b.Error(err)
			}
		}
	})
	watch.report(b)
}

func post(server *httptest.Server, body []byte) error {
	answer, err := server.Client().Post(server.URL, "application/octet-stream", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	n, err := io.Copy(io.Discard, answer.Body)
	if err == nil && n != int64(len(body))+4 {
		err = io.ErrUnexpectedEOF
	}
	return err
}
