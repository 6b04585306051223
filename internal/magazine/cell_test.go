package magazine

import (
	"testing"
	"unsafe"

	"github.com/otelpool/pool/internal/percpu"
)

// The allocator puts a word before what is large and has pointers, so cells do not begin where
// a cache line does.
func TestWhatGetAndPutTouchOfACellIsOnOneCacheLine(t *testing.T) {
	t.Parallel()
	if percpu.Portable {
		t.Skip("cells have locks here, and are larger")
	}
	const line = 64
	hot := unsafe.Offsetof(Cell{}.loaded)
	for classes := 1; classes <= MaxClasses; classes++ {
		sizes := make([]int64, classes)
		for i := range sizes {
			sizes[i] = int64(i + 1)
		}
		shard := New(Config{Sizes: sizes, Limit: 1 << 20}).newShard()
		for i := range shard.cells {
			if at := uintptr(unsafe.Pointer(&shard.cells[i])) % line; at+hot > line {
				t.Fatalf("of %d classes, that of class %d is %d bytes from byte %d of a line on", classes, i, hot, at)
			}
		}
	}
}

// What a cell counts is exact however large its objects are, though a word of its tally holds
// less than a GiB of them.
func TestTheTallyHoldsTheBytesOfLargeObjects(t *testing.T) {
	for _, size := range []int64{0, 1, 1 << 15, 1<<15 + 1, 1 << 20, tallyBytes} {
		c := Cell{size: int(size)}
		c.beginWord()
		var want uint64
		for i := range 100_000 {
			c.Count(int(size))
			want += uint64(size)
			if hits, bytes := c.counted(); hits != uint64(i)+1 || bytes != want {
				t.Fatalf("%d hits of %d bytes are counted as %d of %d in all, want %d", i+1, size, hits, bytes, want)
			}
		}
	}
}
