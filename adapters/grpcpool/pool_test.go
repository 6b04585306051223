package grpcpool_test

import (
	"bytes"
	"runtime"
	"sync"
	"testing"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adapters/grpcpool"
	"github.com/otelpool/pool/internal/adaptertest"
	"github.com/otelpool/pool/internal/raceghost"
	"github.com/otelpool/pool/internal/testalloc"
	"github.com/otelpool/pool/strategies"
	"google.golang.org/grpc/mem"
)

var _ mem.BufferPool = (*grpcpool.Pool)(nil)

func sizeClasses(c strategies.SizeClassesConfig) *strategies.SizeClasses {
	return strategies.Must(strategies.NewSizeClasses(c))
}

func over(buffers pool.Bytes) *grpcpool.Pool {
	return strategies.Must(grpcpool.New(grpcpool.Config{Buffers: buffers}))
}

// calls are a pool's in terms of the buffers that its pointers point to.
type calls struct {
	*grpcpool.Pool
	pointers sync.Map // to buffers in use, by their address
}

func (c *calls) Get(n int) []byte {
	h := c.Pool.Get(n)
	c.pointers.Store(unsafe.SliceData(*h), h)
	return *h
}

func (c *calls) Put(b []byte) {
	h := &b
	if own, ok := c.pointers.LoadAndDelete(unsafe.SliceData(b)); ok {
		h = own.(*[]byte)
		*h = b
	}
	c.Pool.Put(h)
}

func TestPoolsKeepThePromisesOfThoseBeneathConcurrentSafe(t *testing.T) {
	t.Parallel()
	adaptertest.Test(t, adaptertest.Adapter{
		Over:  func(p pool.Bytes) pool.Bytes { return &calls{Pool: over(p)} },
		Clear: true,
	})
}

func TestConfigWithoutBuffersIsAnError(t *testing.T) {
	t.Parallel()
	const want = "grpcpool: Config.Buffers is nil: give the pool that buffers come from, such as a *strategies.SizeClasses"
	if _, err := grpcpool.New(grpcpool.Config{}); err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
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

func TestHitsDoNotAllocate(t *testing.T) {
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

func stats(p pool.Source) (s pool.Stats) {
	p.Stats(&s)
	return s
}

func fill(b []byte, x byte) {
	copy(b, bytes.Repeat([]byte{x}, len(b)))
}
