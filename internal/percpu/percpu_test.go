package percpu_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/otelpool/pool/internal/percpu"
	"github.com/otelpool/pool/internal/testalloc"
)

func TestCountersLoseNothingWhileGOMAXPROCSChanges(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	const goroutines, each = 8, 20_000
	var c percpu.Counters
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range each {
				c.Inc(0)
				for range 3 {
					c.Inc(7)
				}
			}
		})
	}
	for _, n := range []int{1, 16, 3, 2} {
		runtime.GOMAXPROCS(n)
		runtime.Gosched()
	}
	wg.Wait()
	if got, want := c.Sum(0), uint64(goroutines*each); got != want {
		t.Errorf("Sum(0) = %d, want %d", got, want)
	}
	if got, want := c.Sum(7), uint64(3*goroutines*each); got != want {
		t.Errorf("Sum(7) = %d, want %d", got, want)
	}
}

func TestCountersDoNotAllocate(t *testing.T) {
	var c percpu.Counters
	c.Inc(0)
	if n := testalloc.PerRun(100, func() { c.Inc(0); _ = c.Sum(0) }); n > 1 { // 1: the P may change and get its line
		t.Errorf("%v allocations a call, want 0", n)
	}
}

// As in any grace-period scheme: what a section loaded before the swap must not
// be released before the section ends.
func TestBarrierOutlastsPinnedSections(t *testing.T) {
	if percpu.Portable {
		t.Skip("the portable build has locks in place of pinned sections")
	}
	type object struct{ released atomic.Bool }
	var current atomic.Pointer[object]
	current.Store(new(object))
	var done atomic.Bool
	var early atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for !done.Load() {
				percpu.Pin()
				o := current.Load()
				for range 1000 {
					if o.released.Load() {
						early.Add(1)
						break
					}
				}
				percpu.Unpin()
				runtime.Gosched() // a loop without calls is preempted by signal only, and hardly ever outside its section
			}
		})
	}
	for range 50 {
		old := current.Swap(new(object))
		percpu.Barrier()
		old.released.Store(true)
	}
	done.Store(true)
	wg.Wait()
	if n := early.Load(); n > 0 {
		t.Errorf("%d pinned sections saw an object released under them", n)
	}
}

func BenchmarkPinUnpin(b *testing.B) {
	for b.Loop() {
		percpu.Pin()
		percpu.Unpin()
	}
}

func BenchmarkCountersInc(b *testing.B) {
	var c percpu.Counters
	for b.Loop() {
		c.Inc(0)
	}
}

func BenchmarkBarrier(b *testing.B) {
	for b.Loop() {
		percpu.Barrier()
	}
}
