package strategies_test

import (
	"bytes"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"weak"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/raceflag"
	"github.com/otelpool/pool/internal/testalloc"
	"github.com/otelpool/pool/strategies"
)

func newSync[T any](t testing.TB, c strategies.SyncConfig[T]) *strategies.Sync[T] {
	t.Helper()
	p, err := strategies.NewSync(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// alone keeps the collector and other Ps from a sync.Pool until the test ends.
func alone(t testing.TB) {
	gc, procs := debug.SetGCPercent(-1), runtime.GOMAXPROCS(1)
	t.Cleanup(func() {
		debug.SetGCPercent(gc)
		runtime.GOMAXPROCS(procs)
	})
}

// collectUntil runs the collector, and with it cleanups, until ok or it is clear
// that nothing changes any more.
func collectUntil(ok func() bool) bool {
	for range 200 {
		if ok() {
			return true
		}
		runtime.GC()
		for range 20 {
			runtime.Gosched()
		}
	}
	return ok()
}

func TestSyncCountsAMissWhenNewRanAndAHitOtherwise(t *testing.T) {
	if raceflag.On {
		t.Skip("sync.Pool drops at random under the race detector")
	}
	alone(t)
	var made uint64
	p := newSync(t, strategies.SyncConfig[bytes.Buffer]{
		New:   func() *bytes.Buffer { made++; return new(bytes.Buffer) },
		Reset: (*bytes.Buffer).Reset,
		Keep:  func(b *bytes.Buffer) bool { return b.Cap() <= 1024 },
	})
	for i := range 100 {
		b := p.Get()
		if b.Len() != 0 {
			t.Fatal("an object came back as its last user left it")
		}
		b.Write(make([]byte, 1+i%10/9*4096)) // one in ten grows too large
		p.Put(b)
	}
	p.Put(nil)
	s := checkLaws(t, p)
	if made != 10 || s.Requests[pool.Miss] != made || s.Requests[pool.Hit] != 90 {
		t.Errorf("%d made, %d misses, %d hits; want 10, 10, 90", made, s.Requests[pool.Miss], s.Requests[pool.Hit])
	}
	if s.Returns[pool.Pooled] != 90 || s.Returns[pool.Refused] != 10 || s.Returns[pool.NilReturn] != 1 || s.InUse != 0 {
		t.Errorf("returns %v, %d in use", s.Returns, s.InUse)
	}
	if s.Idle != 0 || s.Allocations != made {
		t.Errorf("%d idle, %d allocations", s.Idle, s.Allocations)
	}
}

func TestSyncKnowsWhatItHoldsAndWhatTheCollectorTook(t *testing.T) {
	alone(t)
	p := newSync(t, strategies.SyncConfig[int]{Prewarm: 10}) // ints: no object the runtime would watch
	var held []*int
	for range 200 {
		held = append(held, p.Get())
	}
	for _, x := range held {
		p.Put(x)
	}
	p.Put(new(int)) // from elsewhere: held like any other
	s := checkLaws(t, p)
	if !raceflag.On && (s.Idle != 201 || s.Requests[pool.Hit] != 10) {
		t.Errorf("%d idle, %d hits; want 201, 10", s.Idle, s.Requests[pool.Hit])
	}
	clear(held)
	all := s.Prewarmed + s.Returns[pool.Pooled] - s.Requests[pool.Hit]
	gone := collectUntil(func() bool { p.Stats(&s); return s.Idle == 0 })
	s = checkLaws(t, p)
	if !gone || s.Evictions[pool.EvictGC] != all {
		t.Errorf("%d idle, %d evicted by the collector; want 0, %d", s.Idle, s.Evictions[pool.EvictGC], all)
	}
}

func TestSyncFiguresEndExactConcurrentSafe(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	p := newSync(t, strategies.SyncConfig[[4]int]{})
	handoff := make(chan *[4]int, 300)
	var wg sync.WaitGroup
	for id := range 6 {
		wg.Go(func() {
			for i := range 5000 {
				x := p.Get()
				x[0] = id
				runtime.Gosched()
				if x[0] != id {
					t.Errorf("an object of %d is also %d's", id, x[0])
				}
				if i%3 == 0 { // in bursts, and from one P to another
					select {
					case handoff <- x:
						continue
					default:
						for range 200 {
							select {
							case y := <-handoff:
								p.Put(y)
							default:
							}
						}
					}
				}
				p.Put(x)
			}
		})
	}
	for n := range 20 {
		runtime.GOMAXPROCS(1 + n%4)
		runtime.GC()
		var s pool.Stats
		if p.Stats(&s); s.Idle < 0 {
			t.Errorf("%d idle", s.Idle)
		}
	}
	wg.Wait()
	close(handoff)
	for x := range handoff {
		p.Put(x)
	}
	var s pool.Stats
	if !collectUntil(func() bool { p.Stats(&s); return s.Idle == 0 }) || s.InUse != 0 {
		t.Errorf("%d idle after the collector took all, %d in use", s.Idle, s.InUse)
	}
	checkLaws(t, p)
}

func TestClosedSyncHoldsNothing(t *testing.T) {
	alone(t)
	p := newSync(t, strategies.SyncConfig[int]{Prewarm: 50})
	x := p.Get()
	p.Close()
	p.Close()
	p.Put(x)
	y := p.Get()
	s := checkLaws(t, p)
	if !s.Closed || s.Idle != 0 || s.Requests[pool.RequestClosed] != 1 || s.Returns[pool.ReturnClosed] != 1 || p.Warm(3) != 0 {
		t.Errorf("closed %v, %d idle, requests %v, returns %v", s.Closed, s.Idle, s.Requests, s.Returns)
	}
	closed := s.Evictions[pool.EvictClosed]
	collectUntil(func() bool { return false })
	if s = checkLaws(t, p); s.Evictions[pool.EvictClosed] != closed || s.InUse != 1 {
		t.Errorf("%d evicted at Close, later %d; %d in use", closed, s.Evictions[pool.EvictClosed], s.InUse)
	}
	runtime.KeepAlive(y)
}

// What ages the pool after collections must not keep it.
func TestDroppedSyncIsCollected(t *testing.T) {
	big := new([1 << 16]byte)
	alive := weak.Make(big)
	func() {
		r := new(pool.Registry)
		p := newSync(t, strategies.SyncConfig[int]{Name: "dropped", Registry: r, New: func() *int { x := int(big[0]); return &x }})
		var held []*int
		for range 2 {
			for range 300 {
				held = append(held, p.Get())
			}
			for _, x := range held {
				p.Put(x)
			}
			held = held[:0]
		}
	}()
	big = nil
	if !collectUntil(func() bool { return alive.Value() == nil }) {
		t.Error("a pool that nobody refers to is still there")
	}
}

func TestPanicInNewOrResetLeavesTheFiguresRight(t *testing.T) {
	t.Parallel()
	try := func(f func()) {
		defer func() { _ = recover() }()
		f()
	}
	p := newSync(t, strategies.SyncConfig[int]{New: func() *int { panic("no") }, Reset: func(*int) { panic("no") }})
	try(func() { p.Get() })
	try(func() { p.Put(new(int)) })
	if s := checkLaws(t, p); s.Gets() != 1 || s.Requests[pool.RequestFailed] != 1 || s.Puts() != 1 || s.Returns[pool.Refused] != 1 {
		t.Errorf("requests %v, returns %v; want 1 failed, and 1 refused", s.Requests, s.Returns)
	}
}

func TestSyncGetPutDoesNotAllocate(t *testing.T) {
	if raceflag.On {
		t.Skip("sync.Pool drops at random under the race detector")
	}
	alone(t)
	p := newSync(t, strategies.SyncConfig[[64]byte]{})
	if a := testalloc.PerRun(100, func() { p.Put(p.Get()) }); a != 0 {
		t.Errorf("%v allocations per Get+Put, want 0", a)
	}
	var s pool.Stats
	if a := testalloc.PerRun(100, func() { p.Stats(&s) }); a != 0 {
		t.Errorf("%v allocations per snapshot, want 0", a)
	}
}

func TestSyncConfigMistakesSayWhatIsRight(t *testing.T) {
	t.Parallel()
	_, err := strategies.NewSync(strategies.SyncConfig[int]{Prewarm: -3})
	if err == nil || !strings.Contains(err.Error(), "SyncConfig.Prewarm is -3: use 0 or more") {
		t.Errorf("error %v", err)
	}
}

func BenchmarkSync(b *testing.B) {
	type object [256]byte
	ours := newSync(b, strategies.SyncConfig[object]{})
	raw := &sync.Pool{New: func() any { return new(object) }}
	for _, c := range []struct {
		name string
		get  func() *object
		put  func(*object)
	}{
		{"ours", ours.Get, ours.Put},
		{"syncpool", func() *object { return raw.Get().(*object) }, func(x *object) { raw.Put(x) }},
	} {
		b.Run("serial/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.put(c.get())
			}
		})
		b.Run("parallel/"+c.name, func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					c.put(c.get())
				}
			})
		})
		b.Run("handoff/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			ch := make(chan *object, 256)
			var wg sync.WaitGroup
			wg.Go(func() {
				for x := range ch {
					c.put(x)
				}
			})
			for b.Loop() {
				ch <- c.get()
			}
			close(ch)
			wg.Wait()
		})
		b.Run("miss/"+c.name, func(b *testing.B) { // made, kept and taken by the collector
			b.ReportAllocs()
			var held [100]*object
			for b.Loop() {
				for i := range held {
					held[i] = c.get()
				}
				for _, x := range held {
					c.put(x)
				}
				b.StopTimer()
				runtime.GC()
				runtime.GC()
				b.StartTimer()
			}
		})
	}
}
