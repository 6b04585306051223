package grpcpool_test

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adapters/grpcpool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/raceflag"
	"github.com/otelpool/pool/internal/raceghost"
	"github.com/otelpool/pool/internal/testalloc"
	"github.com/otelpool/pool/strategies"
	"google.golang.org/grpc/mem"
)

var _ mem.BufferPool = (*grpcpool.Pool)(nil)

// beneath is the interface that the tests need of the underlying pool.
type beneath interface {
	pool.Bytes
	pool.Source
}

var pools = map[string]func() beneath{
	"sizeclasses": func() beneath { return sizeClasses(strategies.SizeClassesConfig{}) },
	"counting":    counting,
}

// counting returns a pool that keeps nothing.
func counting() beneath {
	p := sizeClasses(strategies.SizeClassesConfig{})
	p.SetMode(control.ModeCount)
	return p
}

func sizeClasses(c strategies.SizeClassesConfig) *strategies.SizeClasses {
	return strategies.Must(strategies.NewSizeClasses(c))
}

func over(buffers pool.Bytes) *grpcpool.Pool {
	return strategies.Must(grpcpool.New(grpcpool.Config{Buffers: buffers}))
}

func TestConfigWithoutBuffersIsAnError(t *testing.T) {
	t.Parallel()
	const want = "grpcpool: Config.Buffers is nil: give the pool that buffers come from, such as a *strategies.SizeClasses"
	if _, err := grpcpool.New(grpcpool.Config{}); err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
}

func TestBuffersHaveTheirLengthAndAreClear(t *testing.T) {
	t.Parallel()
	for name, make := range pools {
		p := over(make())
		for range 3 { // the second time around they are reused
			for _, n := range []int{0, 1, 255, 256, 257, 4096, 16 << 10, 1 << 20, 1<<20 + 1} {
				h := p.Get(n)
				if len(*h) != n {
					t.Fatalf("%s: Get(%d) has length %d", name, n, len(*h))
				}
				whole := (*h)[:cap(*h)]
				if zeros := bytes.Count(whole, []byte{0}); zeros != len(whole) {
					t.Fatalf("%s: Get(%d): %d of %d bytes are not clear", name, n, len(whole)-zeros, len(whole))
				}
				fill(whole, 0xa5)
				p.Put(h)
			}
		}
	}
}

func TestDirtyBuffersAreHandedOnAsTheyWere(t *testing.T) {
	t.Parallel()
	buffers := sizeClasses(strategies.SizeClassesConfig{Safety: strategies.SafetyOff}) // a sample does not come back
	p := strategies.Must(grpcpool.New(grpcpool.Config{Buffers: buffers, Dirty: true}))
	h := p.Get(1000)
	fill(*h, 7)
	first := unsafe.SliceData(*h)
	p.Put(h)
	for range 100 { // it lies on some P
		h := p.Get(1000)
		if unsafe.SliceData(*h) == first {
			if (*h)[999] != 7 {
				t.Errorf("byte 999 is %d, want 7", (*h)[999])
			}
			return
		}
		defer p.Put(h)
	}
	t.Error("the buffer did not come back in 100 Gets")
}

func TestPointersOfBuffersInUseDiffer(t *testing.T) {
	t.Parallel()
	p := over(sizeClasses(strategies.SizeClassesConfig{}))
	for range 3 {
		owners := make(map[*[]byte]byte)
		for i := range 200 {
			h := p.Get(300)
			if _, taken := owners[h]; taken {
				t.Fatal("one pointer handed out twice")
			}
			owners[h] = byte(i)
			fill(*h, byte(i))
		}
		for h, id := range owners {
			if want := bytes.Repeat([]byte{id}, 300); !bytes.Equal(*h, want) {
				t.Fatalf("buffer %d has another's bytes", id)
			}
			p.Put(h)
		}
	}
}

func TestAPrefixBringsTheWholeBufferBack(t *testing.T) {
	t.Parallel()
	buffers := sizeClasses(strategies.SizeClassesConfig{})
	p := over(buffers)
	h := p.Get(16 << 10)
	*h = (*h)[:3]
	p.Put(h)
	if s := stats(buffers); s.IdleBytes != 16<<10 {
		t.Errorf("%d bytes idle, want %d", s.IdleBytes, 16<<10)
	}
}

func TestASecondPutIsCountedAndSharesNothing(t *testing.T) {
	t.Cleanup(raceghost.Pause()) // it makes mistakes, and is not parallel for that
	buffers := sizeClasses(strategies.SizeClassesConfig{})
	p := over(buffers)
	h := p.Get(300)
	p.Put(h)
	p.Put(h)
	if s := stats(buffers); s.Returns[pool.NilReturn] != 1 || s.Returns[pool.Pooled] != 1 {
		t.Errorf("%d nil and %d pooled, want 1 and 1", s.Returns[pool.NilReturn], s.Returns[pool.Pooled])
	}
	seen := make(map[*[]byte]bool)
	for range 100 {
		h := p.Get(300)
		if seen[h] {
			t.Fatal("one pointer handed out twice")
		}
		seen[h] = true
	}
}

func TestAPointerFromElsewhereIsTaken(t *testing.T) {
	t.Cleanup(raceghost.Pause()) // it looks at what it has put, and is not parallel for that
	buffers := sizeClasses(strategies.SizeClassesConfig{})
	p := over(buffers)
	b := make([]byte, 777)
	p.Put(&b)
	if s := stats(buffers); s.Returns[pool.Foreign] != 1 || b != nil {
		t.Errorf("%d foreign, pointer shows %d bytes; want 1 and nil", s.Returns[pool.Foreign], len(b))
	}
}

func TestNegativeLengthPanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	over(sizeClasses(strategies.SizeClassesConfig{})).Get(-1)
}

func TestHitsDoNotAllocate(t *testing.T) {
	if raceflag.On {
		t.Skip("the race detector allocates")
	}
	buffers := sizeClasses(strategies.SizeClassesConfig{Safety: strategies.SafetyOff}) // a sampled request allocates
	p := over(buffers)
	var held [32]*[]byte
	use := func() {
		for i := range held {
			held[i] = p.Get(1 << (8 + i%9))
		}
		for _, h := range held {
			p.Put(h)
		}
	}
	use()
	if n := testalloc.PerRun(100, use); n != 0 {
		t.Errorf("%v allocations in %d Gets and Puts", n, len(held))
	}
	// A collection takes neither buffers nor pointers away. The engine makes some
	// objects for each collection, fewer than there are pointers to make.
	misses := stats(buffers).Requests[pool.Miss]
	if n := testalloc.PerRun(5, func() { runtime.GC(); runtime.GC(); use() }); n >= float64(len(held)) {
		t.Errorf("%v allocations in %d Gets and Puts after a collection", n, len(held))
	}
	if n := stats(buffers).Requests[pool.Miss] - misses; n != 0 {
		t.Errorf("%d misses after collections", n)
	}
}

func TestEveryBufferIsCountedBackConcurrentSafe(t *testing.T) {
	t.Parallel()
	for name, make := range pools {
		buffers := make()
		p := over(buffers)
		var wg sync.WaitGroup
		hand := func(ch chan *[]byte, seed uint64) {
			r := rand.New(rand.NewPCG(seed, 1))
			for range 500 {
				h := p.Get(r.IntN(1 << (4 + r.IntN(14))))
				fill(*h, byte(seed))
				select {
				case ch <- h: // another goroutine puts it
				case other := <-ch:
					p.Put(other)
					p.Put(h)
				default:
					if len(*h) > 0 && bytes.Count(*h, []byte{byte(seed)}) != len(*h) {
						t.Errorf("%s: a buffer in use was written by another", name)
					}
					p.Put(h)
				}
			}
		}
		ch := newQueue()
		for i := range uint64(8) {
			wg.Go(func() { hand(ch, i+1) })
		}
		wg.Wait()
		close(ch)
		for h := range ch {
			p.Put(h)
		}
		s := stats(buffers)
		if s.InUse != 0 || s.Gets() != 8*500 || s.Puts() != 8*500 {
			t.Errorf("%s: %d in use, %d Gets, %d Puts; want 0, 4000, 4000", name, s.InUse, s.Gets(), s.Puts())
		}
		if s.Knows.Has(pool.KnowsInUseBytes) && s.InUseBytes != 0 {
			t.Errorf("%s: %d bytes in use", name, s.InUseBytes)
		}
	}
}

func newQueue() chan *[]byte { return make(chan *[]byte, 16) }

func stats(p pool.Source) (s pool.Stats) {
	p.Stats(&s)
	return s
}

func fill(b []byte, x byte) {
	copy(b, bytes.Repeat([]byte{x}, len(b)))
}
