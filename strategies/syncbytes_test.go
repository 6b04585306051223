package strategies_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/testalloc"
	"github.com/otelpool/pool/strategies"
)

func newSyncBytes(t testing.TB, c strategies.SyncBytesConfig) *strategies.SyncBytes {
	t.Helper()
	p, err := strategies.NewSyncBytes(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSyncBytesHandsOutTheSmallestClassThatFits(t *testing.T) {
	t.Parallel()
	p := newSyncBytes(t, strategies.SyncBytesConfig{Classes: strategies.Explicit(100, 300)})
	for n, want := range map[int]int{0: 100, 1: 100, 100: 100, 101: 300, 300: 300, 301: 301} {
		if b := p.Get(n); len(b) != n || cap(b) != want {
			t.Errorf("Get(%d): length %d, capacity %d; want %d, %d", n, len(b), cap(b), n, want)
		}
	}
	s := checkLaws(t, p)
	if s.Requests[pool.Bypass] != 1 || s.Requests[pool.Miss] != 5 || s.InUseBytes != 3*100+2*300+301 || s.RequestedBytes != 803 {
		t.Errorf("requests %v, %d bytes in use, %d requested", s.Requests, s.InUseBytes, s.RequestedBytes)
	}
	if s.AllocatedBytes != 3*100+2*300+301 || len(s.Classes) != 2 || s.Classes[1].Size != 300 || s.Classes[1].Requests[pool.Miss] != 2 {
		t.Errorf("%d bytes allocated, classes %+v", s.AllocatedBytes, s.Classes)
	}
	wantNegativePanic(t, func() { p.Get(-1) })
}

func TestSyncBytesCountsEveryRefusalUnderItsReason(t *testing.T) {
	t.Parallel()
	p := newSyncBytes(t, strategies.SyncBytesConfig{Classes: strategies.Explicit(100, 300)})
	for _, n := range []int{0, 99, 100, 101, 301} {
		p.Put(make([]byte, n))
	}
	p.Put(nil)
	s := checkLaws(t, p)
	want := map[pool.ReturnResult]uint64{pool.NilReturn: 2, pool.Undersize: 1, pool.Pooled: 1, pool.Foreign: 1, pool.Oversize: 1}
	for r, n := range s.Returns {
		if n != want[pool.ReturnResult(r)] {
			t.Errorf("%d returns %v, want %d", n, pool.ReturnResult(r), want[pool.ReturnResult(r)])
		}
	}
	if s.InUseBytes != -99-100-101-301 {
		t.Errorf("%d bytes in use", s.InUseBytes)
	}
}

func TestSyncBytesReusesAndKnowsWhatItHolds(t *testing.T) {
	alone(t)
	p := newSyncBytes(t, strategies.SyncBytesConfig{Prewarm: map[int]int{1000: 4}})
	held := [][]byte{p.Get(1000), p.Get(5000)}
	for _, b := range held {
		p.Put(b[:1])
	}
	s := checkLaws(t, p)
	if !raceEnabled && (s.Requests[pool.Hit] != 1 || s.Idle != 5 || s.IdleBytes != 4*1024+8192) {
		t.Errorf("%d hits, %d idle, %d bytes; want 1, 5, 12288", s.Requests[pool.Hit], s.Idle, s.IdleBytes)
	}
	for _, c := range s.Classes {
		if c.Idle != int64(c.Prewarmed+c.Returns[pool.Pooled]-c.Requests[pool.Hit]-c.Evicted()) {
			t.Errorf("class %d: %d idle", c.Size, c.Idle)
		}
	}
	clear(held)
	all := s.Idle
	if !collectUntil(func() bool { p.Stats(&s); return s.Idle == 0 }) {
		t.Errorf("%d of %d idle after the collector took all", s.Idle, all)
	}
	if s = checkLaws(t, p); s.IdleBytes != 0 || s.EvictedBytes[pool.EvictGC] == 0 {
		t.Errorf("%d bytes idle, %d evicted", s.IdleBytes, s.EvictedBytes[pool.EvictGC])
	}
}

func TestSyncBytesClearsTheWholeCapacity(t *testing.T) {
	alone(t)
	for _, z := range []strategies.Zeroing{strategies.ZeroOnPut, strategies.ZeroOnGet} {
		p := newSyncBytes(t, strategies.SyncBytesConfig{Zero: z})
		b := p.Get(1024)
		for i := range b {
			b[i] = 1
		}
		p.Put(b[:1])
		b = p.Get(1000)
		for i, v := range b[:cap(b)] {
			if v != 0 {
				t.Fatalf("zeroing %d: byte %d is %d", z, i, v)
			}
		}
	}
}

func TestClosedSyncBytesHoldsNothing(t *testing.T) {
	t.Parallel()
	p := newSyncBytes(t, strategies.SyncBytesConfig{Prewarm: map[int]int{256: 3}})
	b := p.Get(10)
	p.Close()
	p.Close()
	p.Put(b)
	p.Put(p.Get(10))
	p.Put(p.Get(1 << 21))
	s := checkLaws(t, p)
	if !s.Closed || s.Idle != 0 || s.IdleBytes != 0 || s.Requests[pool.RequestClosed] != 1 || s.Returns[pool.ReturnClosed] != 2 {
		t.Errorf("closed %v, %d idle, requests %v, returns %v", s.Closed, s.Idle, s.Requests, s.Returns)
	}
	if s.InUse != 0 || s.InUseBytes != 0 || p.Warm(256, 1) != 0 {
		t.Errorf("%d in use, %d bytes", s.InUse, s.InUseBytes)
	}
}

func TestSyncBytesGetPutDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops at random under the race detector")
	}
	alone(t)
	for _, untracked := range []bool{false, true} {
		p := newSyncBytes(t, strategies.SyncBytesConfig{NoTracking: untracked})
		for n := 1; n <= 1<<20; n *= 4 {
			if a := testalloc.PerRun(50, func() { p.Put(p.Get(n)) }); a != 0 {
				t.Errorf("untracked %v: %v allocations per Get+Put of %d bytes, want 0", untracked, a, n)
			}
		}
		var s pool.Stats
		p.Stats(&s)
		if a := testalloc.PerRun(50, func() { p.Stats(&s) }); a != 0 {
			t.Errorf("%v allocations per snapshot, want 0", a)
		}
	}
}

func TestSyncBytesConfigMistakesAreReportedTogether(t *testing.T) {
	t.Parallel()
	_, err := strategies.NewSyncBytes(strategies.SyncBytesConfig{
		Classes: strategies.PowersOfTwo(256, 1024),
		Prewarm: map[int]int{4096: 1, 300: -1},
		Zero:    9,
	})
	for _, want := range []string{"Prewarm[4096] is 1", "Prewarm[300] is -1", "Zero is 9"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
	if _, err := strategies.NewSyncBytes(strategies.SyncBytesConfig{Classes: strategies.Explicit(), Prewarm: map[int]int{1: -1}}); err == nil ||
		!strings.Contains(err.Error(), "Classes") || !strings.Contains(err.Error(), "Prewarm[1]") {
		t.Errorf("error %v does not name both fields", err)
	}
}

func TestSyncBytesAreNeverInTwoHandsConcurrentSafe(t *testing.T) {
	const largest = 1 << 12
	p := newSyncBytes(t, strategies.SyncBytesConfig{Classes: strategies.Geometric(64, largest, 2)})
	handAround(t, p, largest, func() {})
	s := checkLaws(t, p)
	if s.InUse != 0 || s.InUseBytes != 0 {
		t.Errorf("%d in use, %d bytes; want 0", s.InUse, s.InUseBytes)
	}
	if !collectUntil(func() bool { p.Stats(&s); return s.Idle == 0 }) {
		t.Errorf("%d idle after the collector took all", s.Idle)
	}
}

func BenchmarkSyncBytes(b *testing.B) {
	tracked := newSyncBytes(b, strategies.SyncBytesConfig{})
	untracked := newSyncBytes(b, strategies.SyncBytesConfig{NoTracking: true})
	raw := &sync.Pool{New: func() any { b := make([]byte, 1024); return &b }}
	b.Run("tracked", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			tracked.Put(tracked.Get(1024))
		}
	})
	b.Run("untracked", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			untracked.Put(untracked.Get(1024))
		}
	})
	b.Run("syncpool", func(b *testing.B) {
		for b.Loop() {
			raw.Put(raw.Get())
		}
	})
	b.Run("tracked-parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				tracked.Put(tracked.Get(1024))
			}
		})
	})
}
