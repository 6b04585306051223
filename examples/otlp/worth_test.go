package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"math/bits"
	"os"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/benchcase"
	"github.com/otelpool/pool/otelpool"
)

// BenchmarkGateway is a request through the gateway as it ships (gunzip, split
// into records, batch, gzip, proxy to the built-in upstream) with pooling off,
// with sync.Pools as one writes them by hand, and with its own pools, whose
// metrics are collected every second. Eight clients in this process send the
// next request when they have the answer to the one before; what they allocate
// is in the figures of all three. From the root, `make worth` runs it, each in a
// process of its own, at several GOGC and GOMAXPROCS.
func BenchmarkGateway(b *testing.B) {
	for _, c := range []struct {
		name string
		open func(*pool.Registry) (*pools, error)
	}{
		{"none", func(*pool.Registry) (*pools, error) { return unpooled("", nil) }},
		{"syncpool", func(*pool.Registry) (*pools, error) { return plain(), nil }},
		{"otelpool", func(r *pool.Registry) (*pools, error) { return pooled(r, nil) }},
	} {
		b.Run("pool="+c.name, func(b *testing.B) {
			r := collected(b)
			p, err := c.open(r)
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(p.close)
			s, err := serve("127.0.0.1:0", "", p, defaultLimits, 0)
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { s.stop(context.Background()) })
			l, work := newLoad(s.url), newCorpus(1).payloads
			b.Cleanup(l.client.CloseIdleConnections)
			clients(l, work, 2*len(work)) // every size once, and connections made
			b.Run("size=mixed", func(b *testing.B) { l.measure(b, work) })
		})
	}
}

// clients sends n requests, eight at a time.
func clients(l *load, work []payload, n int) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				l.post(work[i*37%len(work)]) // large and small ones in turn
			}
		})
	}
	wg.Wait()
}

// measure sends b.N requests and reports what they cost.
func (l *load) measure(b *testing.B, work []payload) {
	b.ReportAllocs()
	cpu := []metrics.Sample{
		{Name: "/gc/cycles/total:gc-cycles"},
		{Name: "/cpu/classes/gc/total:cpu-seconds"},
		{Name: "/cpu/classes/total:cpu-seconds"},
		{Name: "/cpu/classes/idle:cpu-seconds"},
	}
	metrics.Read(cpu)
	before, latency, failed := append([]metrics.Sample(nil), cpu...), l.latency.counts(), l.failed.Load()
	b.ResetTimer()
	clients(l, work, b.N)
	b.StopTimer()
	metrics.Read(cpu)
	since := func(i int) float64 { return cpu[i].Value.Float64() - before[i].Value.Float64() }
	seconds, took := b.Elapsed().Seconds(), l.latency.counts().since(latency)
	b.ReportMetric(float64(b.N)/seconds, "requests/s")
	b.ReportMetric(float64(cpu[0].Value.Uint64()-before[0].Value.Uint64())/seconds, "gcs/s")
	b.ReportMetric(100*since(1)/max(since(2)-since(3), 1e-9), "gc-cpu-%")
	b.ReportMetric(took.quantile(0.50).Seconds()*1e3, "p50-ms")
	b.ReportMetric(took.quantile(0.99).Seconds()*1e3, "p99-ms")
	if peak := peakRSS(); peak > 0 {
		b.ReportMetric(float64(peak), "peak-B")
	}
	if n := l.failed.Load() - failed; n > 0 {
		b.Errorf("%d requests failed", n)
	}
}

// peakRSS is the most memory that the process occupied, 0 where the system does
// not tell.
func peakRSS() int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kib << 10
		}
	}
	return 0
}

// collected is a registry that is collected every second.
func collected(b *testing.B) *pool.Registry {
	r, reader := new(pool.Registry), sdkmetric.NewManualReader()
	inst, err := otelpool.Start(
		otelpool.WithRegistry(r),
		otelpool.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))),
	)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := inst.Stop(); err != nil {
			b.Error(err)
		}
	})
	var rm metricdata.ResourceMetrics
	benchcase.EverySecond(b, func(ctx context.Context) error { return reader.Collect(ctx, &rm) })
	return r
}

// plain is the gateway's memory in sync.Pools, as one writes them by hand.
func plain() *pools {
	return &pools{
		bodies:  newPlainBytes(),
		proxy:   plainProxy{&sync.Pool{New: func() any { x := make([]byte, proxyBufferSize); return &x }}},
		writers: plainWriters(),
		readers: plainReaders(),
		batches: &sync.Pool{New: func() any { return new(bytes.Buffer) }},
		close:   func() {},
	}
}

// plainBytes is a sync.Pool per power of two from 1 KiB to 4 MiB, the range of
// the gateway's own. It puts a slice by its address, as everybody does, which
// allocates its header.
type plainBytes struct{ class [13]sync.Pool }

func newPlainBytes() *plainBytes {
	p := new(plainBytes)
	for i := range p.class {
		p.class[i].New = func() any { x := make([]byte, 1<<10<<i); return &x }
	}
	return p
}

func plainClass(size int) int { return bits.Len(uint(size-1) >> 10) }

func (p *plainBytes) Get(n int) []byte {
	if n > 4<<20 {
		return make([]byte, n)
	}
	return (*p.class[plainClass(max(n, 1))].Get().(*[]byte))[:n]
}

func (p *plainBytes) Put(b []byte) {
	if c := cap(b); c >= 1<<10 && c <= 4<<20 && bits.OnesCount(uint(c)) == 1 {
		p.class[plainClass(c)].Put(&b)
	}
}

// plainWriter goes back at its one Close that ends the stream.
type plainWriter struct {
	*gzip.Writer
	pool   *sync.Pool
	closed bool
}

func plainWriters() func(io.Writer) io.WriteCloser {
	p := &sync.Pool{New: func() any { return newWriter(io.Discard) }}
	return func(to io.Writer) io.WriteCloser {
		z := p.Get().(*gzip.Writer)
		z.Reset(to)
		return &plainWriter{Writer: z, pool: p}
	}
}

func (w *plainWriter) Close() error {
	if w.closed {
		return nil
	}
	w.closed = true
	err := w.Writer.Close()
	w.Writer.Reset(io.Discard)
	w.pool.Put(w.Writer)
	return err
}

// plainReader has an input buffer, or each Reset would make one.
type plainReader struct {
	unzipper
	input *bufio.Reader
	pool  *sync.Pool
}

func plainReaders() func(io.Reader) io.ReadCloser {
	p := &sync.Pool{New: func() any { return &plainReader{input: bufio.NewReader(nil)} }}
	return func(from io.Reader) io.ReadCloser {
		z := p.Get().(*plainReader)
		z.input.Reset(from)
		z.pool, z.from = p, z.input
		return z
	}
}

func (z *plainReader) Close() error {
	z.input.Reset(nil)
	z.pool.Put(z)
	return nil
}

type plainProxy struct{ pool *sync.Pool }

func (p plainProxy) Get() []byte  { return *p.pool.Get().(*[]byte) }
func (p plainProxy) Put(b []byte) { p.pool.Put(&b) }
