package strategies_test

import (
	"context"
	"errors"
	"math"
	"net/http/httputil"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/raceghost"
	"github.com/otelpool/pool/internal/testalloc"
	"github.com/otelpool/pool/strategies"
)

var _ httputil.BufferPool = (*strategies.Fixed)(nil)

func newFixed(t testing.TB, c strategies.FixedConfig) *strategies.Fixed {
	t.Helper()
	p, err := strategies.NewFixed(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFixedHandsOutEverySlotOnceAndThenAllocates(t *testing.T) {
	t.Parallel()
	const size, count = 100, 7
	p := newFixed(t, strategies.FixedConfig{Size: size, Count: count})
	seen := map[*byte]bool{}
	var held [][]byte
	for range count {
		b := p.Get()
		if len(b) != size || cap(b) != size {
			t.Fatalf("length %d, capacity %d; want %d: an append must not reach the next slot", len(b), cap(b), size)
		}
		seen[&b[0]] = true
		held = append(held, b)
	}
	if len(seen) != count {
		t.Errorf("%d different buffers, want %d", len(seen), count)
	}
	if b, ok := p.TryGet(); ok || b != nil {
		t.Error("TryGet found a buffer in an exhausted pool")
	}
	over := p.Get()
	s := checkLaws(t, p)
	if s.Requests[pool.Hit] != count || s.Requests[pool.Miss] != 1 || s.Idle != 0 || s.InUse != count+1 || s.InUseBytes != (count+1)*size {
		t.Errorf("%d hits, %d misses, %d idle, %d in use (%d bytes)", s.Requests[pool.Hit], s.Requests[pool.Miss], s.Idle,
			s.InUse, s.InUseBytes)
	}
	if s.Allocations != count+1 || s.AllocatedBytes != (count+1)*size || s.Prewarmed != count {
		t.Errorf("%d allocations of %d bytes, %d prewarmed", s.Allocations, s.AllocatedBytes, s.Prewarmed)
	}
	for _, b := range append(held, over) {
		p.Put(b)
	}
	s = checkLaws(t, p)
	if s.Idle != count || s.IdleBytes != s.Limit || s.InUse != 0 || s.InUseBytes != 0 || s.Returns[pool.Full] != 1 {
		t.Errorf("%d idle (%d bytes of %d), %d in use, %d full", s.Idle, s.IdleBytes, s.Limit, s.InUse, s.Returns[pool.Full])
	}
}

func TestFixedKnowsABufferByAnyPartOfIt(t *testing.T) {
	t.Cleanup(raceghost.Pause()) // it makes mistakes, and is not parallel for that
	skipInDebugBuilds(t)
	for _, size := range []int{1, 3, 64, 1000} {
		p := newFixed(t, strategies.FixedConfig{Size: size, Count: 5})
		for i := range 5 * size {
			var held [5][]byte
			for j := range held {
				held[j] = p.Get()
			}
			for _, b := range held {
				p.Put(b[i%size:])
				p.Put(b[:0])
			}
			if s := checkLaws(t, p); s.Idle != 5 || s.Returns[pool.Double] != uint64(5*(i+1)) {
				t.Fatalf("size %d: %d idle, %d double; want 5, %d", size, s.Idle, s.Returns[pool.Double], 5*(i+1))
			}
		}
	}
}

func TestFixedFindsForeignAndDoublePuts(t *testing.T) {
	t.Cleanup(raceghost.Pause()) // it makes mistakes, and is not parallel for that
	skipInDebugBuilds(t)
	p := newFixed(t, strategies.FixedConfig{Size: 64, Count: 2})
	other := newFixed(t, strategies.FixedConfig{Size: 64, Count: 2})
	p.Put(other.Get())
	p.Put(make([]byte, 64)) // nothing has overflowed: it cannot be ours
	p.Put(make([]byte, 10))
	p.Put(nil)
	p.Put([]byte{})
	b := p.Get()
	p.Put(b)
	p.Put(b)
	p.Put(b[5:6])
	s := checkLaws(t, p)
	if s.Returns[pool.Foreign] != 3 || s.Returns[pool.NilReturn] != 2 || s.Returns[pool.Double] != 2 || s.Returns[pool.Pooled] != 1 {
		t.Errorf("returns %v", s.Returns)
	}
	if s.Idle != 2 || s.InUse != -3 || s.InUseBytes != -138 {
		t.Errorf("%d idle, %d in use, %d bytes; want 2, -3, -138", s.Idle, s.InUse, s.InUseBytes)
	}
}

func TestFixedClearsTheWholeSlot(t *testing.T) {
	t.Parallel()
	for _, z := range []strategies.Zeroing{strategies.ZeroOnPut, strategies.ZeroOnGet} {
		p := newFixed(t, strategies.FixedConfig{Size: 64, Count: 1, Zero: z})
		b := p.Get()
		for i := range b {
			b[i] = 1
		}
		p.Put(b[30:31])
		for i, v := range p.Get() {
			if v != 0 {
				t.Errorf("zeroing %d: byte %d is %d", z, i, v)
			}
		}
	}
}

func TestFixedGetPutDoesNotAllocate(t *testing.T) {
	p := newFixed(t, strategies.FixedConfig{Size: 64, Count: 4})
	if a := testalloc.PerRun(100, func() { p.Put(p.Get()) }); a != 0 {
		t.Errorf("%v allocations per Get+Put, want 0", a)
	}
	ctx := t.Context()
	if a := testalloc.PerRun(100, func() {
		b, _ := p.Acquire(ctx)
		p.Put(b)
	}); a != 0 {
		t.Errorf("%v allocations per Acquire+Put, want 0", a)
	}
	var s pool.Stats
	if a := testalloc.PerRun(100, func() { p.Stats(&s) }); a != 0 {
		t.Errorf("%v allocations per snapshot, want 0", a)
	}
}

func TestFixedConfigMistakesAreReportedTogether(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		config strategies.FixedConfig
		want   []string
	}{
		{strategies.FixedConfig{}, []string{"Size is 0", "Count is 0"}},
		{strategies.FixedConfig{Size: -1, Count: -2, Zero: 7}, []string{"Size is -1", "Count is -2", "Zero is 7"}},
		{strategies.FixedConfig{Size: math.MaxInt, Count: math.MaxInt32}, []string{"must fit an int", "at most"}},
	} {
		_, err := strategies.NewFixed(c.config)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v does not say %q", err, want)
			}
		}
	}
}

// overtakeNobody asks, while others wait, for the one buffer b that the pool has.
func overtakeNobody(t *testing.T, p *strategies.Fixed, b []byte) {
	t.Helper()
	if _, ok := p.TryGet(); ok {
		t.Error("TryGet overtook")
	}
	over := p.Get()
	if &over[0] == &b[0] {
		t.Error("Get overtook")
	}
	p.Put(over)
}

func TestAcquireServesInOrderAndNobodyOvertakes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const waiters = 5
		r := new(pool.Registry)
		var mu sync.Mutex
		var waits []time.Duration
		r.OnWait(func(_ string, d time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			waits = append(waits, d)
		})
		p := newFixed(t, strategies.FixedConfig{Name: "queue", Registry: r, Size: 8, Count: 1})
		b := p.Get()
		var served []int
		for i := range waiters {
			go func() {
				b, err := p.Acquire(t.Context())
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				served = append(served, i)
				mu.Unlock()
				time.Sleep(time.Second)
				p.Put(b)
			}()
			synctest.Wait()
		}
		if s := checkLaws(t, p); s.Pending != waiters {
			t.Errorf("%d pending, want %d", s.Pending, waiters)
		}
		p.Put(b)
		for range waiters - 1 {
			time.Sleep(500 * time.Millisecond)
			overtakeNobody(t, p, b)
			time.Sleep(500 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		for i, id := range served {
			if i != id || waits[i] != time.Duration(i)*time.Second {
				t.Errorf("waiter %d was served as number %d after %v", id, i, waits[i])
			}
		}
		s := checkLaws(t, p)
		if len(served) != waiters || s.Idle != 1 || s.Pending != 0 || s.InUse != 0 {
			t.Errorf("%d served, %d idle, %d pending, %d in use", len(served), s.Idle, s.Pending, s.InUse)
		}
		if _, ok := p.TryGet(); !ok {
			t.Error("TryGet finds nothing although nobody waits any more")
		}
	})
}

func TestAcquireEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := new(pool.Registry)
		var waited time.Duration
		r.OnWait(func(_ string, d time.Duration) { waited += d })
		p := newFixed(t, strategies.FixedConfig{Name: "ends", Registry: r, Size: 8, Count: 1})
		b := p.Get()
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if _, err := p.Acquire(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the deadline's", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := p.Acquire(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want the cancellation's", err)
		}
		s := checkLaws(t, p)
		if s.Requests[pool.RequestTimeout] != 1 || s.Requests[pool.RequestCanceled] != 1 || s.Pending != 0 || waited != 2*time.Second {
			t.Errorf("requests %v, %d pending, waited %v", s.Requests, s.Pending, waited)
		}
		p.Put(b)
		if b, err := p.Acquire(ctx); err != nil || b == nil {
			t.Errorf("error %v although a buffer was free: ctx is for waiting", err)
		}
	})
}

func TestAFreedBufferGoesToTheNextWhenTheFirstGaveUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newFixed(t, strategies.FixedConfig{Size: 8, Count: 1})
		b := p.Get()
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _, _ = p.Acquire(ctx) }()
		synctest.Wait()
		got := make(chan []byte, 1)
		go func() {
			b, _ := p.Acquire(t.Context())
			got <- b
		}()
		synctest.Wait()
		cancel()
		synctest.Wait()
		p.Put(b)
		p.Put(<-got)
		if s := checkLaws(t, p); s.Idle != 1 || s.Requests[pool.RequestCanceled] != 1 {
			t.Errorf("%d idle, %d canceled; want 1, 1", s.Idle, s.Requests[pool.RequestCanceled])
		}
	})
}

func TestClosedFixedGoesOnServingFromTheHeap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newFixed(t, strategies.FixedConfig{Size: 8, Count: 3})
		held := [][]byte{p.Get(), p.Get(), p.Get()}
		p.Put(held[2])
		third := p.Get()
		for range 4 {
			go func() {
				b, err := p.Acquire(t.Context())
				if err != nil || len(b) != 8 {
					t.Errorf("%d bytes, error %v; want 8 and none", len(b), err)
				}
				p.Put(b)
			}()
		}
		synctest.Wait()
		p.Close()
		p.Close()
		synctest.Wait()
		if s := checkLaws(t, p); !s.Closed || s.Requests[pool.RequestClosed] != 4 || s.Returns[pool.ReturnClosed] != 4 ||
			s.Pending != 0 || s.InUse != 3 {
			t.Errorf("closed %v, requests %v, returns %v, %d pending, %d in use", s.Closed, s.Requests, s.Returns, s.Pending, s.InUse)
		}
		if _, ok := p.TryGet(); ok {
			t.Error("TryGet found a buffer in a closed pool")
		}
		b := p.Get()
		for _, b := range [][]byte{held[0], held[1], third, b} {
			p.Put(b)
		}
		if s := checkLaws(t, p); s.Idle != 0 || s.InUse != 0 || s.InUseBytes != 0 || s.Returns[pool.ReturnClosed] != 8 {
			t.Errorf("%d idle, %d in use (%d bytes), returns %v", s.Idle, s.InUse, s.InUseBytes, s.Returns)
		}
	})
}

func TestCloseDropsWhatIsIdle(t *testing.T) {
	t.Parallel()
	p := newFixed(t, strategies.FixedConfig{Size: 8, Count: 10})
	b := p.Get()
	p.Close()
	p.Put(b)
	if s := checkLaws(t, p); s.Evictions[pool.EvictClosed] != 9 || s.EvictedBytes[pool.EvictClosed] != 72 || s.Idle != 0 ||
		s.Returns[pool.ReturnClosed] != 1 {
		t.Errorf("evictions %v, %d idle, returns %v", s.Evictions, s.Idle, s.Returns)
	}
}

func TestFixedSlotsAreNeverInTwoHandsConcurrentSafe(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, count := range []int{1, 2, 5} {
		p := newFixed(t, strategies.FixedConfig{Size: 16, Count: count})
		var wg sync.WaitGroup
		var running atomic.Int32
		for id := range byte(8) {
			running.Add(1)
			wg.Go(func() {
				defer running.Add(-1)
				for i := range 1500 {
					var b []byte
					switch (i + int(id)) % 4 {
					case 0:
						b = p.Get()
					case 1:
						b, _ = p.TryGet()
					case 2:
						ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%3)*time.Microsecond)
						b, _ = p.Acquire(ctx)
						cancel()
					case 3:
						b, _ = p.Acquire(t.Context())
					}
					if b != nil {
						stamp(t, b, id)
						p.Put(b[i%8 : 8+i%8])
					}
				}
			})
		}
		for n := 0; running.Load() > 0; n++ {
			runtime.GOMAXPROCS(1 + n%4)
			var s pool.Stats
			p.Stats(&s)
			if s.Idle < 0 || s.Idle > int64(count) {
				t.Errorf("%d of %d idle", s.Idle, count)
			}
			runtime.Gosched()
		}
		wg.Wait()
		if s := checkLaws(t, p); s.Idle != int64(count) || s.Pending != 0 {
			t.Errorf("%d of %d idle, %d pending", s.Idle, count, s.Pending)
		}
		for i := range count { // what is counted is there
			if _, ok := p.TryGet(); !ok {
				t.Errorf("%d of %d buffers are there", i, count)
			}
		}
	}
}

func TestOfManyPutsOfOneBufferOneCountsConcurrentSafe(t *testing.T) {
	t.Cleanup(raceghost.Pause()) // it makes mistakes, and is not parallel for that
	skipInDebugBuilds(t)
	p := newFixed(t, strategies.FixedConfig{Size: 16, Count: 3})
	for round := range 500 {
		b := p.Get()
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() { p.Put(b) })
		}
		wg.Wait()
		s := checkLaws(t, p)
		if s.Idle != 3 || s.Returns[pool.Double] != uint64(3*(round+1)) {
			t.Fatalf("round %d: %d idle, %d double", round, s.Idle, s.Returns[pool.Double])
		}
	}
}

func TestCloseDuringUseLosesNothingConcurrentSafe(t *testing.T) {
	t.Parallel()
	for range 50 {
		p := newFixed(t, strategies.FixedConfig{Size: 16, Count: 3})
		var wg sync.WaitGroup
		var started sync.WaitGroup
		for id := range byte(5) {
			started.Add(1)
			wg.Go(func() {
				for i := range 100 {
					if i == 20 {
						started.Done()
					}
					b, err := p.Acquire(t.Context())
					if err != nil {
						t.Error(err)
						return
					}
					stamp(t, b, id)
					p.Put(b)
				}
			})
		}
		started.Wait()
		p.Close()
		wg.Wait()
		if s := checkLaws(t, p); s.Idle != 0 || s.InUse != 0 || s.InUseBytes != 0 || s.Pending != 0 {
			t.Errorf("%d idle, %d in use (%d bytes), %d pending", s.Idle, s.InUse, s.InUseBytes, s.Pending)
		}
	}
}

func BenchmarkFixed(b *testing.B) {
	p := newFixed(b, strategies.FixedConfig{Size: 1024, Count: 64})
	b.Run("serial", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.Put(p.Get())
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				p.Put(p.Get())
			}
		})
	})
	ch := make(chan []byte, 64)
	for range 64 {
		ch <- make([]byte, 1024)
	}
	b.Run("channel-serial", func(b *testing.B) {
		for b.Loop() {
			ch <- <-ch
		}
	})
	b.Run("channel-parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				ch <- <-ch
			}
		})
	})
}
