package strategies_test

import (
	"bytes"
	"io"
	"strconv"
	"sync"
	"testing"

	"github.com/otelpool/pool/strategies"
)

const (
	appended = 10 << 20
	piece    = 32 << 10 // as io.Copy writes
)

// largeClasses has one for all of the content.
var largeClasses = strategies.SizeClassesConfig{Classes: strategies.PowersOfTwo(256, 16<<20)}

// BenchmarkAppend writes 10 MiB into a buffer whose memory is given back. peak-ratio is the
// most memory that the buffer had while it grew, by its content.
//
//	go test -run '^$' -bench Append -cpu 1 ./strategies
func BenchmarkAppend(b *testing.B) {
	sizes := newSizeClasses(b, largeClasses)
	defer sizes.Close()
	pooled := sync.Pool{New: func() any { return new(bytes.Buffer) }}
	chunked := strategies.NewChunked(sizes, 0)
	for _, of := range []struct {
		pool string
		fill func()
		peak int64
	}{
		{"make", func() { appendTo(new(bytes.Buffer)) }, peakOfBytesBuffer()},
		{"syncpool", func() {
			w := pooled.Get().(*bytes.Buffer)
			w.Reset()
			appendTo(w)
			pooled.Put(w)
		}, peakOfBytesBuffer()},
		{"buffer", func() {
			w := strategies.NewBuffer(sizes, 0)
			appendTo(w)
			w.Release()
		}, peakOf(b, func(p *peaking) {
			w := strategies.NewBuffer(p, 0)
			appendTo(w)
			w.Release()
		})},
		{"chunked", func() { appendTo(chunked); chunked.Release() }, peakOf(b, func(p *peaking) {
			w := strategies.NewChunked(p, 0)
			appendTo(w)
			w.Release()
		})},
	} {
		b.Run("pool="+of.pool+"/size="+strconv.Itoa(appended), func(b *testing.B) {
			of.fill()
			b.ReportAllocs()
			for b.Loop() {
				of.fill()
			}
			b.ReportMetric(float64(of.peak)/appended, "peak-ratio")
		})
	}
}

var onePiece = make([]byte, piece)

func appendTo(w io.Writer) {
	for range appended / piece {
		_, _ = w.Write(onePiece)
	}
}

// peakOfBytesBuffer counts the array that is copied and the one that it is copied to.
func peakOfBytesBuffer() (most int64) {
	var w bytes.Buffer
	for range appended / piece {
		before := w.Cap()
		_, _ = w.Write(onePiece)
		if w.Cap() != before {
			most = max(most, int64(before+w.Cap()))
		}
	}
	return most
}

// peaking counts the bytes in use of a pool of its own.
type peaking struct {
	*strategies.SizeClasses
	now, most int64
}

func (p *peaking) Get(n int) []byte {
	b := p.SizeClasses.Get(n)
	p.now += int64(cap(b))
	p.most = max(p.most, p.now)
	return b
}

func (p *peaking) Put(b []byte) {
	p.now -= int64(cap(b))
	p.SizeClasses.Put(b)
}

func peakOf(b *testing.B, fill func(p *peaking)) int64 {
	p := &peaking{SizeClasses: newSizeClasses(b, largeClasses)}
	defer p.Close()
	fill(p)
	return p.most
}
