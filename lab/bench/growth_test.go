package bench_test

import (
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/benchcase"
	"github.com/otelpool/pool/strategies"
)

// How cost grows: `make growth` runs these. Beside the time they report what a
// pool occupies beyond its buffers (overhead-B), once it was used.

const growthSize = 1 << 10

// enough is how many pools there have to be for their memory to stand out from
// what else the process does.
const enough = 100

// newPool is a SizeClasses that is dropped and not closed: closing 10,000 takes a
// barrier each, and barriers stop the world for a small share of the time only.
func newPool(tb testing.TB, c strategies.SizeClassesConfig) *strategies.SizeClasses {
	p, err := strategies.NewSizeClasses(c)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// syncPool is a sync.Pool of buffers of growthSize.
type syncPool struct{ *sync.Pool }

func newSyncPool() syncPool {
	return syncPool{&sync.Pool{New: func() any {
		x := make([]byte, growthSize)
		return &x
	}}}
}

// BenchmarkGrowthPools uses 1 to 10,000 pools in turn, after one P has used each of
// them. unused-B is the memory of a pool before that.
func BenchmarkGrowthPools(b *testing.B) {
	numbers := []int{1, 10, 100, 1000, 10_000}
	b.Run("pool=sizeclasses", func(b *testing.B) {
		for _, n := range numbers {
			all := make([]*strategies.SizeClasses, max(n, enough))
			unused := heapOf(func() {
				for i := range all {
					all[i] = newPool(b, strategies.SizeClassesConfig{})
				}
			})
			used := unused + heapOf(func() {
				for _, p := range all {
					p.Put(p.Get(growthSize))
				}
			})
			b.Run("pools="+strconv.Itoa(n), func(b *testing.B) {
				roundSizeClasses(b.N, all[:n])
				b.ReportMetric(float64(unused)/float64(len(all)), "unused-B")
				b.ReportMetric(float64(used)/float64(len(all))-growthSize, "overhead-B")
			})
		}
	})
	b.Run("pool=syncpool", func(b *testing.B) {
		for _, n := range numbers {
			all := make([]*sync.Pool, max(n, enough))
			used := heapOf(func() {
				for i := range all {
					all[i] = newSyncPool().Pool
					all[i].Put(all[i].Get())
				}
			})
			b.Run("pools="+strconv.Itoa(n), func(b *testing.B) {
				roundSyncPools(b.N, all[:n])
				b.ReportMetric(float64(used)/float64(len(all))-growthSize, "overhead-B")
			})
		}
	})
}

func roundSizeClasses(n int, all []*strategies.SizeClasses) {
	for i := 0; n > 0; n-- {
		p := all[i]
		x := p.Get(growthSize)
		x[0] = 1
		p.Put(x)
		if i++; i == len(all) {
			i = 0
		}
	}
}

func roundSyncPools(n int, all []*sync.Pool) {
	for i := 0; n > 0; n-- {
		p := all[i]
		x := p.Get().(*[]byte)
		(*x)[0] = 1
		p.Put(x)
		if i++; i == len(all) {
			i = 0
		}
	}
}

// BenchmarkGrowthClasses uses one pool of 1 to 63 classes at sizes that jump
// about among them.
func BenchmarkGrowthClasses(b *testing.B) {
	b.Run("pool=sizeclasses", func(b *testing.B) {
		for _, n := range []int{1, 2, 4, 8, 16, 32, 63} {
			growthClasses(b, n)
		}
	})
}

func growthClasses(b *testing.B, n int) {
	sizes, jumps, total := make([]int, n), [1 << 10]int{}, int64(0)
	for i := range sizes {
		sizes[i] = 256 * (i + 1)
		total += int64(sizes[i])
	}
	for i := range jumps {
		jumps[i] = sizes[i*37%n]
	}
	var all [enough]*strategies.SizeClasses
	used := heapOf(func() {
		for i := range all {
			all[i] = newPool(b, strategies.SizeClassesConfig{Classes: strategies.Explicit(sizes...)})
			for _, size := range sizes {
				all[i].Put(all[i].Get(size))
			}
		}
	})
	p := all[0]
	b.Run("classes="+strconv.Itoa(n), func(b *testing.B) {
		for i := range b.N {
			x := p.Get(jumps[i%len(jumps)])
			x[0] = 1
			p.Put(x)
		}
		b.ReportMetric(float64(used)/enough-float64(total), "overhead-B")
	})
	runtime.KeepAlive(&all)
}

// BenchmarkGrowthProcs is every P at once; -cpu says how many there are.
func BenchmarkGrowthProcs(b *testing.B) {
	benchcase.GetPutParallel(b, []benchcase.Entry{
		{Name: "sizeclasses", Open: func(tb testing.TB, _ int) benchcase.Pool {
			return sizeClasses{newPool(tb, strategies.SizeClassesConfig{})}
		}},
		{Name: "syncpool", Open: func(testing.TB, int) benchcase.Pool { return newSyncPool() }},
	}, growthSize)
	b.Run("pool=memory/size=1024", func(b *testing.B) { // in here GOMAXPROCS is as -cpu says
		var all [enough]*strategies.SizeClasses
		used := heapOf(func() {
			for i := range all {
				all[i] = newPool(b, strategies.SizeClassesConfig{})
				goroutines(4*runtime.GOMAXPROCS(0), 1e4, sizeClasses{all[i]}) // for all Ps to take part
			}
		})
		var s pool.Stats
		for _, p := range all {
			p.Stats(&s)
			used -= s.IdleBytes
		}
		b.ReportMetric(float64(used)/enough, "overhead-B")
		b.ReportMetric(0, "ns/op") // not what this is about
	})
}

// BenchmarkGrowthGoroutines is 1 to 10,000 goroutines that take turns.
func BenchmarkGrowthGoroutines(b *testing.B) {
	for _, c := range []struct {
		name string
		pool benchcase.Pool
	}{
		{"sizeclasses", sizeClasses{newPool(b, strategies.SizeClassesConfig{})}},
		{"syncpool", newSyncPool()},
	} {
		b.Run("pool="+c.name, func(b *testing.B) {
			for _, n := range []int{1, 10, 100, 1000, 10_000} {
				b.Run("goroutines="+strconv.Itoa(n), func(b *testing.B) {
					goroutines(n, n, c.pool)
					b.ResetTimer()
					ops := max(b.N, 200*n) // or the start of the goroutines is all there is
					goroutines(n, ops, c.pool)
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(ops), "ns/op")
				})
			}
		})
	}
}

// goroutines divides ops operations among n goroutines. Each holds one more buffer
// all the time, and yields after every 100 operations.
func goroutines(n, ops int, p benchcase.Pool) {
	var wg sync.WaitGroup
	for i := range n {
		share := ops / n
		if i < ops%n {
			share++
		}
		wg.Go(func() {
			h := p.Hold()
			h.Fill(1, growthSize)
			for ; share > 0; share -= 100 {
				p.GetPut(min(share, 100), growthSize)
				runtime.Gosched()
			}
			h.Drain()
		})
	}
	wg.Wait()
}

// heapOf is the growth of the live heap through f. It collects once after f and not
// twice, since the second collection would empty sync.Pools.
func heapOf(f func()) int64 {
	before := settledHeap()
	f()
	return liveHeap() - before
}

func liveHeap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// settledHeap collects until the heap no longer shrinks: a cleanup releases a
// dropped pool, and only the next collection frees its memory.
func settledHeap() int64 {
	last, still := liveHeap(), 0
	for range 100 {
		time.Sleep(time.Millisecond) // cleanups run on a goroutine of the runtime
		now := liveHeap()
		if still++; last-now > 1<<10 {
			still = 0
		}
		if last = now; still == 3 {
			break
		}
	}
	return last
}
