package benchcase

import (
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

const (
	burst = 1000 // buffers held at once
	batch = 256  // buffers handed over at once
)

// GetPut is one Get and one Put, on one goroutine.
func GetPut(b *testing.B, pools []Entry, sizes ...int) {
	bySize(b, pools, sizes, func(b *testing.B, p Pool, size int) {
		p.GetPut(b.N, size)
	})
}

// GetPutParallel is GetPut on every P at once.
func GetPutParallel(b *testing.B, pools []Entry, sizes ...int) {
	bySize(b, pools, sizes, func(b *testing.B, p Pool, size int) {
		parallel(b.N, func() func(n int) {
			return func(n int) { p.GetPut(n, size) }
		})
	})
}

// Mixed is eight buffers of changing sizes held at any time. See [Sizes].
func Mixed(b *testing.B, pools []Entry) {
	mixed(b, pools, func(b *testing.B, p Pool, sizes []int) { p.Mixed(b.N, sizes) })
}

// MixedParallel is Mixed on every P at once.
func MixedParallel(b *testing.B, pools []Entry) {
	mixed(b, pools, func(b *testing.B, p Pool, sizes []int) {
		parallel(b.N, func() func(n int) {
			return func(n int) { p.Mixed(n, sizes) }
		})
	})
}

// Burst takes 1,000 buffers, then gives them all back.
func Burst(b *testing.B, pools []Entry, size int) {
	bySize(b, pools, []int{size}, func(b *testing.B, p Pool, size int) {
		bursts(p.Hold(), size)(b.N)
	})
}

// BurstParallel is Burst on every P at once.
func BurstParallel(b *testing.B, pools []Entry, size int) {
	bySize(b, pools, []int{size}, func(b *testing.B, p Pool, size int) {
		parallel(b.N, func() func(n int) { return bursts(p.Hold(), size) })
	})
}

func bursts(h Held, size int) func(n int) {
	return func(n int) {
		for ; n > 0; n -= burst {
			h.Fill(min(n, burst), size)
			h.Drain()
		}
	}
}

// Handoff gets on one goroutine and puts on another, 256 buffers at a time so
// that the channel between them costs little, and at most 1,024 under way.
func Handoff(b *testing.B, pools []Entry, size int) {
	bySize(b, pools, []int{size}, func(b *testing.B, p Pool, size int) {
		full, empty := make(chan Held, 4), make(chan Held, 4)
		for range cap(empty) {
			empty <- p.Hold()
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			for h := range full {
				h.Drain()
				empty <- h
			}
		})
		for n := b.N; n > 0; n -= batch {
			h := <-empty
			h.Fill(min(n, batch), size)
			full <- h
		}
		close(full)
		wg.Wait()
	})
}

// bySize runs a loop for each pool and size, with a new pool for each.
func bySize(b *testing.B, pools []Entry, sizes []int, loop func(b *testing.B, p Pool, size int)) {
	for _, e := range pools {
		b.Run("pool="+e.Name, func(b *testing.B) {
			for _, size := range sizes {
				run(b, "size="+strconv.Itoa(size), e, size, func(b *testing.B, p Pool) { loop(b, p, size) })
			}
		})
	}
}

func mixed(b *testing.B, pools []Entry, loop func(b *testing.B, p Pool, sizes []int)) {
	sizes := Sizes()
	for _, e := range pools {
		if !e.OneSize {
			b.Run("pool="+e.Name, func(b *testing.B) {
				run(b, "size=mixed", e, largest, func(b *testing.B, p Pool) { loop(b, p, sizes) })
			})
		}
	}
}

// run is one line of output. The pool is the same for the tries with growing
// b.N, and used once before the first.
func run(b *testing.B, name string, e Entry, size int, loop func(b *testing.B, p Pool)) {
	var p Pool
	b.Run(name, func(inner *testing.B) {
		if p == nil { // here, so that a pool which -bench leaves out is not made
			p = e.Open(b, size)
			p.GetPut(1, size)
		}
		inner.ReportAllocs()
		inner.ResetTimer()
		loop(inner, p)
	})
}

// parallel divides n operations among as many goroutines as there are Ps. What
// start gives is called on one goroutine, in portions, so that a P which gets
// less done than another does not make it wait.
func parallel(n int, start func() func(n int)) {
	const portion = 10 * burst
	var left atomic.Int64
	left.Store(int64(n))
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		loop := start()
		wg.Go(func() {
			for {
				rest := left.Add(-portion) + portion
				if rest <= 0 {
					return
				}
				loop(int(min(rest, portion)))
			}
		})
	}
	wg.Wait()
}
