package otelpool_test

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/raceflag"
	"github.com/otelpool/pool/internal/testalloc"
	"github.com/otelpool/pool/internal/testcost"
	"github.com/otelpool/pool/otelpool"
	"github.com/otelpool/pool/strategies"
)

func newBuffer() any { return new(bytes.Buffer) }

func TestWrapCountsHitsMissesAndReturns(t *testing.T) {
	if raceflag.On {
		t.Skip("under the race detector a sync.Pool forgets what is put")
	}
	r := new(pool.Registry)
	p := otelpool.Wrap(&sync.Pool{New: newBuffer}, "render", otelpool.WithRegistry(r))
	defer p.Close()
	a := p.Get().(*bytes.Buffer)
	p.Put(a)
	b := p.Get().(*bytes.Buffer)
	p.Put(nil)
	expect(t, rows(t, start(t, r)), map[string]int64{
		"otelpool.requests otelpool.pool.name=render,otelpool.request.result=hit":    1,
		"otelpool.requests otelpool.pool.name=render,otelpool.request.result=miss":   1,
		"otelpool.returns otelpool.pool.name=render,otelpool.return.result=pooled":   1,
		"otelpool.allocations otelpool.pool.name=render":                             1,
		"otelpool.object.count otelpool.object.state=used,otelpool.pool.name=render": 1,
		"otelpool.object.count otelpool.object.state=idle,otelpool.pool.name=render": 0,
		"otelpool.evictions otelpool.eviction.reason=gc,otelpool.pool.name=render":   0,
	})
	if a != b {
		t.Error("a hit gave another object than was put")
	}
}

func TestWrapAndSyncHaveStrategiesOfTheirOwn(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	wrapped := otelpool.Wrap(new(sync.Pool), "", otelpool.WithRegistry(r))
	defer wrapped.Close()
	objects := strategies.Must(strategies.NewSync(strategies.SyncConfig[int]{}))
	defer objects.Close()
	for want, p := range map[string]pool.Source{"wrap": wrapped, "sync": objects} {
		var s pool.Stats
		if p.Stats(&s); s.Strategy != want {
			t.Errorf("strategy %q, want %q", s.Strategy, want)
		}
	}
}

func TestWrapLeavesTheWrappedPoolAlone(t *testing.T) {
	t.Parallel()
	plain := &sync.Pool{New: newBuffer}
	p := otelpool.Wrap(plain, "", otelpool.WithRegistry(new(pool.Registry)))
	defer p.Close()
	p.Put(p.Get())
	if _, ok := plain.Get().(*bytes.Buffer); !ok {
		t.Error("the wrapped pool has lost its New")
	}
}

func TestWrapWithoutNewGivesNilAsSyncPoolDoes(t *testing.T) {
	t.Parallel()
	p := otelpool.Wrap(new(sync.Pool), "", otelpool.WithRegistry(new(pool.Registry)))
	defer p.Close()
	if x := p.Get(); x != nil {
		t.Errorf("Get = %v, want nil", x)
	}
	var s pool.Stats
	p.Stats(&s)
	if s.Requests[pool.Miss] != 1 {
		t.Errorf("%d misses, want 1", s.Requests[pool.Miss])
	}
}

func TestWrapCountsNothingWhenNewPanics(t *testing.T) {
	t.Parallel()
	p := otelpool.Wrap(&sync.Pool{New: func() any { panic("no") }}, "", otelpool.WithRegistry(new(pool.Registry)))
	defer p.Close()
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic of New did not come through")
			}
		}()
		p.Get()
	}()
	var s pool.Stats
	p.Stats(&s)
	if s.Gets() != 0 || s.InUse != 0 {
		t.Errorf("%d requests, %d in use; want none: nothing was handed out", s.Gets(), s.InUse)
	}
}

func TestWrapNamesWhatHasNoNameOrATakenOne(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	for _, c := range []struct{ name, want string }{{"", "sync/1"}, {"", "sync/2"}, {"a", "a"}, {"a", "a-2"}} {
		p := otelpool.Wrap(&sync.Pool{New: newBuffer}, c.name, otelpool.WithRegistry(r))
		defer p.Close()
		var s pool.Stats
		p.Stats(&s)
		if s.Name != c.want {
			t.Errorf("Wrap(%q) is called %q, want %q", c.name, s.Name, c.want)
		}
	}
}

func TestWrapGoesOnAfterClose(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	p := otelpool.Wrap(&sync.Pool{New: newBuffer}, "p", otelpool.WithRegistry(r))
	p.Close()
	p.Close()
	p.Put(p.Get())
	var s pool.Stats
	r.All()[0].Stats(&s)
	if !s.Closed || s.Gets() != 1 || s.Puts() != 1 {
		t.Errorf("closed %t, %d requests, %d returns; want true, 1, 1", s.Closed, s.Gets(), s.Puts())
	}
	runtime.KeepAlive(p)
}

func TestWrapThatIsDroppedIsWithdrawnAndKeepsItsCounts(t *testing.T) {
	r := new(pool.Registry)
	func() {
		p := otelpool.Wrap(&sync.Pool{New: newBuffer}, "p", otelpool.WithRegistry(r))
		p.Put(p.Get())
	}()
	e := r.All()[0]
	testcost.Until(t, "a dropped pool is withdrawn", func() bool { runtime.GC(); return e.Source() == nil })
	var s pool.Stats
	e.Stats(&s)
	if s.Gets() != 1 || s.Puts() != 1 {
		t.Errorf("%d requests, %d returns; want 1, 1", s.Gets(), s.Puts())
	}
}

func TestWrapConcurrentSafe(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	p := otelpool.Wrap(&sync.Pool{New: newBuffer}, "p", otelpool.WithRegistry(r))
	defer p.Close()
	reader := start(t, r)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 1000 {
				b := p.Get().(*bytes.Buffer)
				b.Reset()
				fmt.Fprint(b, 1)
				p.Put(b)
			}
		})
	}
	wg.Go(func() {
		for range 20 {
			gather(t, reader)
		}
	})
	wg.Wait()
	var s pool.Stats
	p.Stats(&s)
	if s.Gets() != 4000 || s.Puts() != 4000 || s.InUse != 0 {
		t.Errorf("%d requests, %d returns, %d in use; want 4000, 4000, 0", s.Gets(), s.Puts(), s.InUse)
	}
}

func TestWrapHitsAfterACollection(t *testing.T) {
	if raceflag.On {
		t.Skip("under the race detector a sync.Pool forgets what is put")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))  // a sync.Pool, too, does not find what it has on another P
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // one under way makes two of the next
	p := otelpool.Wrap(&sync.Pool{New: newBuffer}, "", otelpool.WithRegistry(new(pool.Registry)))
	defer p.Close()
	runtime.GC()
	for range 5 {
		p.Put(p.Get())
		runtime.GC()
	}
	var s pool.Stats
	p.Stats(&s)
	if s.Requests[pool.Miss] != 1 {
		t.Errorf("%d misses, want 1: a sync.Pool keeps for one collection what is put", s.Requests[pool.Miss])
	}
}

func TestWrapLetsGoOfObjectsThatNobodyTakesAndCountsThem(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // until Stats was asked
	p := otelpool.Wrap(&sync.Pool{New: newBuffer}, "", otelpool.WithRegistry(new(pool.Registry)))
	defer p.Close()
	var left atomic.Int64
	for range 10 {
		b := new(bytes.Buffer)
		left.Add(1)
		runtime.AddCleanup(b, func(n *atomic.Int64) { n.Add(-1) }, &left)
		p.Put(b)
	}
	var s pool.Stats
	if p.Stats(&s); s.Idle != 10 {
		t.Errorf("%d idle, want 10", s.Idle)
	}
	testcost.Until(t, "the pool holds none of the 10 objects", func() bool { runtime.GC(); return left.Load() == 0 })
	testcost.Until(t, "and knows that", func() bool { p.Stats(&s); return s.Idle == 0 && s.Evictions[pool.EvictGC] == 10 })
}

func TestWrapConcurrentSafeWhileCollectionsRunAndPsComeAndGo(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	type object struct {
		user atomic.Int64
		word int // written without synchronization by whoever has the object
	}
	var made, shared atomic.Uint64
	p := otelpool.Wrap(&sync.Pool{New: func() any { made.Add(1); return new(object) }}, "", otelpool.WithRegistry(new(pool.Registry)))
	defer p.Close()
	const goroutines, rounds = 4, 5000
	var wg sync.WaitGroup
	for me := range int64(goroutines) {
		wg.Go(func() {
			for range rounds {
				a, b := p.Get().(*object), p.Get().(*object)
				for _, x := range []*object{a, b} {
					if !x.user.CompareAndSwap(0, me+1) {
						shared.Add(1)
					}
					x.word++
				}
				runtime.Gosched()
				a.user.Store(0)
				b.user.Store(0)
				p.Put(a)
				p.Put(b)
			}
		})
	}
	for _, n := range []int{1, 4, 2, 6, 3} {
		runtime.GOMAXPROCS(n)
		runtime.GC()
		runtime.GC()
	}
	wg.Wait()
	var s pool.Stats
	p.Stats(&s)
	const want = goroutines * rounds * 2
	if s.Gets() != want || s.Puts() != want || s.InUse != 0 || s.Requests[pool.Miss] != made.Load() {
		t.Errorf("%d requests, %d returns, %d in use, %d misses; want %d, %[5]d, 0, %d", s.Gets(), s.Puts(), s.InUse,
			s.Requests[pool.Miss], want, made.Load())
	}
	if n := shared.Load(); n > 0 {
		t.Errorf("%d times an object had two users", n)
	}
}

func TestWrapDoesNotAllocateWhileExported(t *testing.T) {
	if raceflag.On {
		t.Skip("under the race detector a sync.Pool forgets what is put")
	}
	r := new(pool.Registry)
	p := otelpool.Wrap(&sync.Pool{New: newBuffer}, "p", otelpool.WithRegistry(r))
	defer p.Close()
	gather(t, start(t, r))
	if n := testalloc.PerRun(1000, func() { p.Put(p.Get()) }); n != 0 {
		t.Errorf("%v allocations for Get and Put, want 0", n)
	}
	var s pool.Stats
	if n := testalloc.PerRun(100, func() { p.Stats(&s) }); n != 0 {
		t.Errorf("%v allocations for Stats, want 0", n)
	}
}

func BenchmarkWrap(b *testing.B) {
	r := new(pool.Registry)
	plain := &sync.Pool{New: newBuffer}
	wrapped := otelpool.Wrap(&sync.Pool{New: newBuffer}, "p", otelpool.WithRegistry(r))
	defer wrapped.Close()
	start(b, r)
	for _, bm := range []struct {
		name string
		pair func()
	}{
		{"sync.Pool", func() { plain.Put(plain.Get()) }},
		{"Wrap", func() { wrapped.Put(wrapped.Get()) }},
	} {
		b.Run("serial/"+bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bm.pair()
			}
		})
		b.Run("parallel/"+bm.name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					bm.pair()
				}
			})
		})
	}
}
