package arrowpool_test

import (
	"bytes"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adapters/arrowpool"
	"github.com/otelpool/pool/internal/adaptertest"
	"github.com/otelpool/pool/internal/testalloc"
	"github.com/otelpool/pool/strategies"
)

var _ memory.Allocator = (*arrowpool.Allocator)(nil)

func over(buffers pool.Bytes) *arrowpool.Allocator {
	return strategies.Must(arrowpool.New(arrowpool.Config{Buffers: buffers}))
}

func sizeClasses() *strategies.SizeClasses {
	return strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{
		Classes: strategies.PowersOfTwo(64, 1<<20),
		Safety:  strategies.SafetyOff, // a sampled request allocates
	}))
}

// calls are an allocator's in the words of a pool.
type calls struct{ *arrowpool.Allocator }

func (c calls) Get(n int) []byte { return c.Allocate(n) }
func (c calls) Put(b []byte)     { c.Free(b) }

func TestAllocatorsKeepThePromisesOfAPoolConcurrentSafe(t *testing.T) {
	t.Parallel()
	adaptertest.Test(t, adaptertest.Adapter{
		Over:      func(p pool.Bytes) pool.Bytes { return calls{over(p)} },
		Alignment: 64,
		Clear:     true,
	})
}

func TestConfigWithoutBuffersIsAnError(t *testing.T) {
	t.Parallel()
	const want = "arrowpool: Config.Buffers is nil: give the pool that memory comes from, such as a *strategies.SizeClasses"
	if _, err := arrowpool.New(arrowpool.Config{}); err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
}

func TestReallocateKeepsTheContentAndFreesWhatItLeaves(t *testing.T) {
	t.Parallel()
	buffers := sizeClasses()
	a := over(buffers)
	b := a.Allocate(100)
	content := bytes.Repeat([]byte{7}, 100)
	copy(b, content)
	for _, n := range []int{128, 129, 5000, 100} {
		b = a.Reallocate(n, b)
		if len(b) != n || !bytes.Equal(b[:100], content) {
			t.Fatalf("%d bytes, content %v; want %d", len(b), b[:100], n)
		}
		if rest := b[100:]; bytes.Count(rest, []byte{0}) != len(rest) {
			t.Fatalf("what Reallocate to %d adds is not clear", n)
		}
	}
	if b = a.Reallocate(10, nil); len(b) != 10 {
		t.Errorf("%d bytes for nil, want 10", len(b))
	}
	if s := stats(buffers); s.InUse != 2 {
		t.Errorf("%d buffers in use, want the last of each", s.InUse)
	}
}

// Memory that the pool beneath has at other addresses than Arrow wants stays there.
func TestReallocateOfMemoryThatIsNotPooled(t *testing.T) {
	t.Parallel()
	buffers := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Classes: strategies.Explicit(65, 129, 1025)}))
	a := over(buffers)
	b := a.Allocate(60)
	copy(b, "text")
	for _, n := range []int{64, 100, 1000, 10_000} {
		if b = a.Reallocate(n, b); len(b) != n || string(b[:4]) != "text" {
			t.Fatalf("%d bytes that begin with %q; want %d with text", len(b), b[:4], n)
		}
	}
	a.Free(b)
	if s := stats(buffers); s.InUse != 0 || s.Returns[pool.Foreign] != 0 {
		t.Errorf("%d in use, %d foreign; want none", s.InUse, s.Returns[pool.Foreign])
	}
}

// Arrow's buffers grow and shrink, and its checked allocator looks at each size.
func TestArrowGivesBackEveryBuffer(t *testing.T) {
	t.Parallel()
	buffers := sizeClasses()
	checked := memory.NewCheckedAllocator(over(buffers))
	for round := range 3 {
		b := memory.NewResizableBuffer(checked)
		for _, n := range []int{10, 1000, 70, 100_000, 2 << 20, 0} {
			b.Resize(n)
			if bytes := b.Bytes(); len(bytes) != n {
				t.Fatalf("round %d: %d bytes, want %d", round, len(bytes), n)
			}
		}
		b.Release()
	}
	checked.AssertSize(t, 0)
	if s := stats(buffers); s.InUse != 0 || s.Requests[pool.Hit] == 0 {
		t.Errorf("%d in use, %d hits; want none, some", s.InUse, s.Requests[pool.Hit])
	}
}

func TestHitsDoNotAllocate(t *testing.T) {
	a := over(sizeClasses())
	use := func() { a.Free(a.Reallocate(10_000, a.Allocate(100))) }
	use()
	if n := testalloc.PerRun(100, use); n != 0 {
		t.Errorf("%v allocations per Allocate, Reallocate and Free", n)
	}
}

func stats(p pool.Source) (s pool.Stats) {
	p.Stats(&s)
	return s
}
