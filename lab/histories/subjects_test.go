package histories_test

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/magazine"
	"github.com/otelpool/pool/strategies"
)

// Acquire that gives up has seen that no buffer was free, as TryGet has.
func TestFixedIsLinearizable(t *testing.T) { check(t, fixed) }

// A depot is alone in classes that are too large for the Ps' cells.
func TestADepotIsLinearizable(t *testing.T) { check(t, depot) }

// A Get does not look into another P's cell, so it may miss.
func TestMagazinesHandNothingOutTwice(t *testing.T) { check(t, magazines) }

func fixed(t *testing.T) *subject {
	const count = 3
	f, err := strategies.NewFixed(strategies.FixedConfig{Size: 64, Count: count})
	if err != nil {
		t.Fatal(err)
	}
	var buffers [count][]byte
	numbers := map[*byte]int{}
	for i := range buffers {
		buffers[i], _ = f.TryGet()
		numbers[unsafe.SliceData(buffers[i])] = i
	}
	if len(numbers) != count {
		t.Fatalf("%d buffers of %d", len(numbers), count)
	}
	for _, b := range buffers {
		f.Put(b)
	}
	return &subject{
		things: count,
		free:   1<<count - 1,
		get: func() int {
			if i, ours := numbers[unsafe.SliceData(request(f))]; ours {
				return i
			}
			return none
		},
		put:   func(i int) { f.Put(buffers[i]) },
		void:  func() bool { return false },
		close: f.Close,
	}
}

// request asks in one of the three ways. The buffer is nil, or not the slab's, if there
// was none.
func request(f *strategies.Fixed) (b []byte) {
	switch rand.IntN(3) {
	case 0:
		return f.Get()
	case 1:
		b, _ = f.TryGet()
	default:
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rand.IntN(100))*time.Microsecond)
		defer cancel()
		b, _ = f.Acquire(ctx)
	}
	return b
}

func depot(*testing.T) *subject {
	const size = 1 << 20 // the limit divided by the Ps is less, so there are no cells
	return engine(6, magazine.Config{Sizes: []int64{size}, Limit: 7 * size}, false)
}

func magazines(*testing.T) *subject { // of four objects, the fewest that there are
	return engine(12, magazine.Config{Sizes: []int64{32 << 10}, Limit: pool.Unlimited}, true)
}

func engine(things int, c magazine.Config, misses bool) *subject {
	objects, numbers := make([]*[64]byte, things), map[unsafe.Pointer]int{}
	var dropped atomic.Bool
	c.Discard = func(unsafe.Pointer) { dropped.Store(true) }
	p := magazine.New(c)
	size := c.Sizes[0]
	for i := range objects {
		objects[i] = new([64]byte)
		numbers[unsafe.Pointer(objects[i])] = i
		p.Put(0, unsafe.Pointer(objects[i]), size)
	}
	return &subject{
		things: things,
		free:   1<<things - 1,
		misses: misses,
		get: func() int {
			x, _ := p.Get(0, int(size))
			if x == nil {
				return none
			}
			return numbers[x]
		},
		put:   func(i int) { p.Put(0, unsafe.Pointer(objects[i]), size) },
		void:  dropped.Load,
		close: p.Close,
	}
}
