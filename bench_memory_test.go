package pool_test

import (
	"runtime"
	"testing"

	"github.com/otelpool/pool/strategies"
)

// What a pool occupies besides buffers. With many pools the average hardly
// depends on what else the process does.

func TestAnUnusedPoolOccupiesAtMost4KiB(t *testing.T) {
	const pools, most = 1000, 4 << 10
	var all [pools]*strategies.SizeClasses
	used := heapAddedBy(func() {
		for i := range all {
			all[i] = must(strategies.NewSizeClasses(strategies.SizeClassesConfig{}))(t)
		}
	})
	if each := used / pools; each > most {
		t.Errorf("an unused pool occupies %d bytes, want at most %d", each, most)
	}
	runtime.KeepAlive(&all)
}

func TestAPoolUsedByOnePOccupiesAtMost8KiBBesideItsBuffers(t *testing.T) {
	const size, most = 1 << 10, 8 << 10
	pools := int64(10_000)
	if testing.Short() {
		pools = 1000 // ten times as many take the race detector 15 s
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	all := make([]*strategies.SizeClasses, pools)
	used := heapAddedBy(func() {
		for i := range all {
			all[i] = must(strategies.NewSizeClasses(strategies.SizeClassesConfig{}))(t)
			all[i].Put(all[i].Get(size))
		}
	})
	each := used/pools - size
	if each > most {
		t.Errorf("a pool used by one P occupies %d bytes beside its buffer, want at most %d", each, most)
	}
	runtime.KeepAlive(all)
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
