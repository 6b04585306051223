package bench_test

import (
	"runtime"
	"runtime/metrics"
	"strconv"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/strategies"
)

// BenchmarkGrowthIdle is one garbage collection while a pool holds 0 to a million
// idle buffers of 64 bytes: its time, the processor time of all its workers
// (gc-cpu-ns), and what a buffer occupies beyond its 64 bytes (overhead-B). A
// plain [][]byte beside it is the free list one would write by hand.
func BenchmarkGrowthIdle(b *testing.B) {
	const size = 64
	numbers := []int{0, 1000, 10_000, 100_000, 1_000_000}
	b.Run("pool=sizeclasses", func(b *testing.B) {
		for _, n := range numbers {
			var p *strategies.SizeClasses
			used := heapOf(func() {
				p = newPool(b, strategies.SizeClassesConfig{Classes: strategies.Explicit(size), Limit: pool.Unlimited})
				p.Warm(size, n)
			})
			var s pool.Stats
			if p.Stats(&s); s.Idle != int64(n) {
				b.Fatalf("%d buffers idle, want %d", s.Idle, n)
			}
			b.Run("idle="+strconv.Itoa(n), func(b *testing.B) { collect(b, used, n, size) })
			runtime.KeepAlive(p)
		}
	})
	b.Run("pool=slice", func(b *testing.B) {
		for _, n := range numbers {
			var free [][]byte
			used := heapOf(func() {
				free = make([][]byte, n)
				for i := range free {
					free[i] = make([]byte, size)
				}
			})
			b.Run("idle="+strconv.Itoa(n), func(b *testing.B) { collect(b, used, n, size) })
			runtime.KeepAlive(free)
		}
	})
}

func collect(b *testing.B, used int64, n, size int) {
	before := gcCPU()
	for range b.N {
		runtime.GC()
	}
	b.ReportMetric((gcCPU()-before)*1e9/float64(b.N), "gc-cpu-ns/op")
	if n > 0 {
		b.ReportMetric(float64(used)/float64(n)-float64(size), "overhead-B")
	}
}

// gcCPU is the processor time that the collector took, in seconds, but for what
// it found idle.
func gcCPU() float64 {
	s := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}}
	metrics.Read(s)
	return s[0].Value.Float64()
}
