package codecs_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/otelpool/pool/internal/adaptertest"
	"github.com/otelpool/pool/strategies/codecs"
)

// BenchmarkGzipWriter compares with the sync.Pool that everybody writes by hand.
func BenchmarkGzipWriter(b *testing.B) {
	byHand := sync.Pool{New: func() any {
		w, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
		return w
	}}
	pooled, _ := formats[0].pools(codecs.Config{})
	for _, n := range []int{100, 10_000} {
		page := adaptertest.Text(n)
		run(b, fmt.Sprint("byhand/", n), func() {
			w := byHand.Get().(*gzip.Writer)
			w.Reset(io.Discard)
			_, _ = w.Write(page)
			_ = w.Close()
			byHand.Put(w)
		})
		run(b, fmt.Sprint("pooled/", n), func() {
			w := pooled.Get(io.Discard)
			_, _ = w.Write(page)
			_ = w.Close()
		})
	}
}

func BenchmarkGzipReader(b *testing.B) {
	byHand := sync.Pool{New: func() any { return new(gzip.Reader) }}
	_, pooled := formats[0].pools(codecs.Config{})
	for _, n := range []int{100, 10_000} {
		var page bytes.Buffer
		w := gzip.NewWriter(&page)
		_, _ = w.Write(adaptertest.Text(n))
		_ = w.Close()
		out := make([]byte, n+1)
		run(b, fmt.Sprint("byhand/", n), func() {
			r := byHand.Get().(*gzip.Reader)
			_ = r.Reset(struct{ io.Reader }{bytes.NewReader(page.Bytes())}) // like a connection, no io.ByteReader
			_, _ = io.ReadFull(r, out)
			byHand.Put(r)
		})
		run(b, fmt.Sprint("pooled/", n), func() {
			r := pooled.Get(struct{ io.Reader }{bytes.NewReader(page.Bytes())})
			_, _ = io.ReadFull(r, out)
			_ = r.Close()
		})
	}
}

func run(b *testing.B, name string, f func()) {
	b.Helper()
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f()
		}
	})
}
