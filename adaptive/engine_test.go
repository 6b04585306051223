package adaptive_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/strategies"
)

// shop is pools of the real kind under a controller.
type shop struct {
	reg     *pool.Registry
	ctl     *adaptive.Controller
	reading adaptive.Reading
	now     time.Time
}

func newShop(tb testing.TB, c adaptive.Config) *shop {
	tb.Helper()
	s := &shop{reg: new(pool.Registry), now: time.Unix(1e9, 0)}
	s.reading.Heap = adaptive.HeapReading{Limit: limit, Live: limit / 4}
	c.Registry, c.Signals = s.reg, s
	ctl, err := adaptive.New(c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(ctl.Close)
	s.ctl = ctl
	return s
}

func (s *shop) Read(_ time.Time, into *adaptive.Reading) { *into = s.reading }

func (s *shop) Watch(context.Context, func(control.Trigger)) error { return nil }

func (s *shop) step(d time.Duration) control.Decision {
	s.now = s.now.Add(d)
	s.reading.Heap.Cycles++
	return s.ctl.Step(s.now)
}

func (s *shop) buffers(tb testing.TB, name string) *strategies.SizeClasses {
	tb.Helper()
	p, err := strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: name, Registry: s.reg, Limit: pool.Unlimited})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(p.Close) // and is not collected before, which would close it
	return p
}

// fill makes n buffers of a size idle.
func fill(p *strategies.SizeClasses, n, size int) {
	held := make([][]byte, n)
	for i := range held {
		held[i] = p.Get(size)
	}
	for _, b := range held {
		p.Put(b)
	}
}

func (s *shop) idle() (bytes int64) {
	var st pool.Stats
	for _, e := range s.reg.All() {
		e.Stats(&st)
		bytes += st.IdleBytes
	}
	return bytes
}

func TestRealPoolsLetGoOfWhatNobodyUses(t *testing.T) {
	t.Parallel()
	s := newShop(t, adaptive.Config{})
	p := s.buffers(t, "a")
	s.step(time.Second)
	fill(p, 200, 64<<10)
	if s.step(time.Second); s.idle() < 10*mib {
		t.Fatalf("%d bytes idle: too few to test with", s.idle())
	}
	for range 20 {
		s.step(time.Second)
	}
	if got := s.idle(); got != 0 {
		t.Errorf("%d bytes idle after 20 s without use", got)
	}
	var st control.Stats
	s.ctl.ControllerStats(&st)
	if st.Idle != 0 || st.Runs[control.TrimIdle] == 0 {
		t.Errorf("the controller says %d bytes are idle, after %v runs", st.Idle, st.Runs)
	}
}

func TestRealPoolsShedUnderPressureAndKeepTheirReserve(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // or the goroutine could move to a P without objects
	const reserved = mib
	s := newShop(t, adaptive.Config{Reserved: map[string]int64{"b": reserved}})
	a, b := s.buffers(t, "a"), s.buffers(t, "b")
	s.step(time.Second)
	fill(a, 300, 64<<10)
	fill(b, 300, 64<<10)
	s.step(time.Second)
	s.reading.Heap.Live = limit * 8 / 10
	for range 24 {
		fill(a, 10, 64<<10) // in use
		s.reading.Heap.Cycles++
		s.step(time.Second / 4)
	}
	if d := s.step(time.Second / 4); d.To != high || s.idle() > 10<<16+reserved {
		t.Errorf("level %v, %d bytes idle, want high and at most what is in use and the %d reserved", d.To, s.idle(), reserved)
	}
	var before, after pool.Stats
	a.Stats(&before)
	fill(a, 10, 64<<10)
	a.Stats(&after)
	if after.Sub(&before); after.Requests[pool.Miss] != 0 {
		t.Errorf("under pressure %d misses of what is in use", after.Requests[pool.Miss])
	}
}

// Pools are closed, filled and trimmed, and Ps come and go, while the controller
// runs under pressure that comes and goes. No buffer is ever in two hands, and
// the budget holds.
func TestControllerOnRealPoolsConcurrentSafe(t *testing.T) {
	s := newShop(t, adaptive.Config{MaxIdleBytes: 4 * mib})
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var stop atomic.Bool
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(g), 1))
			for round := 0; !stop.Load(); round++ {
				p, err := strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: fmt.Sprint(g), Registry: s.reg})
				if err != nil {
					t.Error(err)
					return
				}
				for range 300 {
					b := p.Get(1 + rng.IntN(64<<10))
					b[0] = byte(g)
					runtime.Gosched()
					if b[0] != byte(g) {
						t.Error("a buffer was in two hands")
					}
					p.Put(b)
				}
				p.Close()
			}
		})
	}
	for i := range 300 {
		s.reading.Heap.Live = int64(i*37%100) * limit / 100
		s.step(50 * time.Millisecond)
		if i%20 == 0 {
			runtime.GOMAXPROCS(1 + i/20%4)
		}
		if used := s.reg.Budget().Used(); used > 4*mib {
			t.Errorf("%d bytes charged, budget %d", used, 4*mib)
		}
	}
	stop.Store(true)
	wg.Wait()
	s.step(time.Second)
	if got := s.idle(); got != 0 {
		t.Errorf("%d bytes idle with all pools closed", got)
	}
}

func BenchmarkStepOfRealPools(b *testing.B) {
	for _, c := range []struct{ pools, classes int }{{1, 64}, {8, 8}, {1000, 1}} {
		b.Run(fmt.Sprintf("pools=%d/classes=%d", c.pools, c.classes), func(b *testing.B) {
			s := newShop(b, adaptive.Config{})
			all := make([]*strategies.SizeClasses, c.pools)
			sizes := make([]int, c.classes)
			for i := range sizes {
				sizes[i] = 64 * (i + 1)
			}
			for i := range all {
				p, err := strategies.NewSizeClasses(
					strategies.SizeClassesConfig{Name: fmt.Sprint(i), Registry: s.reg, Classes: strategies.Explicit(sizes...)},
				)
				if err != nil {
					b.Fatal(err)
				}
				defer p.Close()
				all[i] = p
			}
			use := func() {
				for _, p := range all {
					for _, size := range sizes {
						fill(p, 4, size)
					}
				}
			}
			for range 50 {
				use()
				s.step(time.Second)
			}
			// At a collection each pool's sentinel makes the next, on another goroutine:
			// that is not the step's.
			defer debug.SetGCPercent(debug.SetGCPercent(-1))
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				use()
				b.StartTimer()
				s.step(time.Second)
			}
		})
	}
}
