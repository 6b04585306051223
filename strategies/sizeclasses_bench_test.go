package strategies_test

import (
	"sync"
	"testing"

	"github.com/otelpool/pool/strategies"
)

func BenchmarkSizeClassesGetPut(b *testing.B) {
	p, _ := strategies.NewSizeClasses(strategies.SizeClassesConfig{})
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.Put(p.Get(1024))
		}
	})
	sp := sync.Pool{New: func() any { x := make([]byte, 1024); return &x }}
	b.Run("syncpool", func(b *testing.B) {
		for b.Loop() {
			x := sp.Get().(*[]byte)
			sp.Put(x)
		}
	})
	b.Run("ours-par", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				p.Put(p.Get(1024))
			}
		})
	})
	b.Run("syncpool-par", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				x := sp.Get().(*[]byte)
				sp.Put(x)
			}
		})
	})
	b.Run("ours-handoff", func(b *testing.B) {
		ch := make(chan []byte, 256)
		go func() {
			for x := range ch {
				p.Put(x)
			}
		}()
		for b.Loop() {
			ch <- p.Get(1024)
		}
		close(ch)
	})
	b.Run("syncpool-handoff", func(b *testing.B) {
		ch := make(chan *[]byte, 256)
		go func() {
			for x := range ch {
				sp.Put(x)
			}
		}()
		for b.Loop() {
			ch <- sp.Get().(*[]byte)
		}
		close(ch)
	})
}
