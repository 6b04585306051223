package magazine

import (
	"sync"
	"testing"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/percpu"
)

func BenchmarkCell(b *testing.B) {
	p := New(Config{Sizes: []int64{512, 1024}, Limit: pool.Unlimited})
	x := unsafe.Pointer(unsafe.SliceData(make([]byte, 1024)))
	p.Put(1, x, 0)
	b.Run("popPush", func(b *testing.B) {
		for b.Loop() {
			c := p.At(percpu.Pin(), 1)
			x := c.Take()
			c.Count(1024)
			c.Leave()
			c = p.At(percpu.Pin(), 1)
			c.Give(x)
			c.Leave()
		}
	})
	b.Run("pin2", func(b *testing.B) {
		for b.Loop() {
			percpu.Pin()
			percpu.Unpin()
			percpu.Pin()
			percpu.Unpin()
		}
	})
	sp := &sync.Pool{New: func() any { x := make([]byte, 1024); return &x }}
	b.Run("syncpool", func(b *testing.B) {
		for b.Loop() {
			x := sp.Get().(*[]byte)
			sp.Put(x)
		}
	})
}
