package bench_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/strategies"
)

const (
	written   = 10 << 20 // bytes of content
	writeSize = 4000     // of one Write
)

// BenchmarkWrite writes content whose length nobody has announced, 4,000 bytes at a time,
// and gives the memory back. peak/content is the most memory that the buffer has had at a
// time, the old beside the new while it grows, by the length of the content.
func BenchmarkWrite(b *testing.B) {
	for _, c := range []struct {
		name string
		open func(pool.Bytes) (w io.Writer, release func())
	}{
		{"chunked", func(p pool.Bytes) (io.Writer, func()) {
			c := strategies.NewChunked(p, 0)
			return c, c.Release
		}},
		{"buffer", func(p pool.Bytes) (io.Writer, func()) {
			c := strategies.NewBuffer(p, 0)
			return c, c.Release
		}},
		{"bytes.Buffer", nil},
	} {
		b.Run("pool="+c.name, func(b *testing.B) {
			if c.open == nil {
				writeBytesBuffer(b)
				return
			}
			writePooled(b, c.open)
		})
	}
}

func writePooled(b *testing.B, open func(pool.Bytes) (io.Writer, func())) {
	p := newPool(b, strategies.SizeClassesConfig{Classes: strategies.PowersOfTwo(256, 32<<20), Safety: strategies.SafetyOff})
	peak := &peaking{Bytes: p}
	w, release := open(peak)
	writeContent(w)
	release()
	w, release = open(p)
	write := func() { writeContent(w); release() }
	write()
	measureWrites(b, float64(peak.most)/written, write)
}

// writeBytesBuffer is what most programs do: a new bytes.Buffer for each content.
func writeBytesBuffer(b *testing.B) {
	var grown bytes.Buffer
	most, before := 0, 0
	for range written / writeSize {
		grown.Write(text)
		if now := grown.Cap(); now != before {
			most, before = max(most, before+now), now
		}
	}
	measureWrites(b, float64(most)/written, func() { writeContent(new(bytes.Buffer)) })
}

func measureWrites(b *testing.B, peak float64, write func()) {
	b.SetBytes(written)
	b.ReportAllocs()
	for b.Loop() {
		write()
	}
	b.ReportMetric(peak, "peak/content")
}

var text = make([]byte, writeSize)

func writeContent(w io.Writer) {
	for range written / writeSize {
		_, _ = w.Write(text)
	}
}

// peaking knows the most bytes that were handed out at a time.
type peaking struct {
	pool.Bytes
	out, most int
}

func (p *peaking) Get(n int) []byte {
	b := p.Bytes.Get(n)
	p.out += cap(b)
	p.most = max(p.most, p.out)
	return b
}

func (p *peaking) Put(b []byte) {
	p.out -= cap(b)
	p.Bytes.Put(b)
}
