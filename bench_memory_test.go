package pool_test

import (
	"math"
	"runtime"
	"sync"
	"testing"

	"github.com/otelpool/pool/strategies"
)

// What a pool occupies besides buffers. With many pools the average hardly
// depends on what else the process does.

func TestAnUnusedPoolOccupiesAtMost4KiB(t *testing.T) {
	const pools, most = 1000, 4 << 10
	each := heapPerPool(pools, most, func() *strategies.SizeClasses {
		return must(strategies.NewSizeClasses(strategies.SizeClassesConfig{}))(t)
	})
	if each > most {
		t.Errorf("an unused pool occupies %d bytes, want at most %d", each, most)
	}
}

func TestAPoolUsedByOnePOccupiesAtMost8KiBBesideItsBuffers(t *testing.T) {
	const size, most = 1 << 10, 8 << 10
	pools := 10_000
	if testing.Short() {
		pools = 1000 // ten times as many take the race detector 15 s
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	each := heapPerPool(pools, most+size, func() *strategies.SizeClasses {
		p := must(strategies.NewSizeClasses(strategies.SizeClassesConfig{}))(t)
		p.Put(p.Get(size))
		return p
	})
	if each -= size; each > most {
		t.Errorf("a pool used by one P occupies %d bytes beside its buffer, want at most %d", each, most)
	}
}

// heapPerPool is the growth of the live heap by a pool. If that is more than
// most it measures again, and returns the least: on a busy machine it can take
// so long that the collections in between age the pools, which takes memory.
func heapPerPool(pools int, most int64, open func() *strategies.SizeClasses) int64 {
	least := int64(math.MaxInt64)
	for range 3 {
		all := make([]*strategies.SizeClasses, pools)
		used := heapAddedBy(func() {
			for i := range all {
				all[i] = open()
			}
		})
		closeAll(all)
		if least = min(least, used/int64(pools)); least <= most {
			break
		}
	}
	return least
}

// heapAddedBy is the growth of the live heap.
func heapAddedBy(f func()) int64 {
	live := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	live() // lets go of what cleanups hold
	before := live()
	f()
	return live() - before
}

// closeAll closes pools at once, so that they share the stops of the world. One
// after the other, or dropped and left to the runtime's cleanups, a thousand take
// seconds, in which no cleanup of another test's runs.
func closeAll(pools []*strategies.SizeClasses) {
	var done sync.WaitGroup
	for _, p := range pools {
		done.Go(p.Close)
	}
	done.Wait()
}
