package signals

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/testalloc"
	"github.com/otelpool/pool/internal/testcost"
)

// deadline is for what should take milliseconds.
const deadline = time.Minute

func noEnv(string) string { return "" }

// wakes counts what Watch calls.
type wakes [control.NumTriggers]atomic.Int64

// watch runs Watch until the test ends.
func watch(t *testing.T, s *Process) *wakes {
	t.Helper()
	w := new(wakes)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Watch(ctx, func(t control.Trigger) { w[t].Add(1) }) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("Watch returned %v after its context had ended", err)
		}
	})
	return w
}

func TestRuntimeHasEveryMetricThatTheHeapReaderNames(t *testing.T) {
	all := metrics.All()
	for i, name := range heapMetrics {
		at := slices.IndexFunc(all, func(d metrics.Description) bool { return d.Name == name })
		if at < 0 {
			t.Errorf("the runtime has no metric %q", name)
			continue
		}
		want := metrics.KindUint64
		if i == heapGC || i == heapGCIdle || i == heapCPU {
			want = metrics.KindFloat64
		}
		if all[at].Kind != want {
			t.Errorf("%q is of kind %v, want %v", name, all[at].Kind, want)
		}
	}
}

func TestHeapReadingFollowsTheRuntime(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(3 << 30))
	h := newHeapReader()
	ballast := make([]byte, 64<<20)
	runtime.GC()
	var r HeapReading
	h.read(time.Second, &r)
	runtime.KeepAlive(ballast)

	if !r.OK() || r.Age != 0 {
		t.Errorf("after a collection the status is %+v, want the zero one", r.Status)
	}
	if r.Live < 64<<20 || r.Live > 256<<20 {
		t.Errorf("live heap is %d bytes with 64 MiB held", r.Live)
	}
	if r.Limit != 3<<30 {
		t.Errorf("limit %d, want 3 GiB", r.Limit)
	}
	if r.Goal < r.Live || r.Footprint < r.Live || r.Stacks <= 0 || r.Metadata <= 0 || r.Other <= 0 {
		t.Errorf("the parts do not fit: %+v", r)
	}
	if used := r.Used(); used < r.Live || used > r.Footprint {
		t.Errorf("used is %d, not between live %d and footprint %d", used, r.Live, r.Footprint)
	}
	if r.GCCPU <= 0 || r.GCCPU > 1 {
		t.Errorf("the collector's share of the CPU is %v after a forced collection", r.GCCPU)
	}
}

func TestHeapAgesUntilACollectionEnds(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	runtime.GC()
	h := newHeapReader()
	var r HeapReading
	for i := range 3 {
		h.read(time.Second, &r)
		if want := time.Duration(i+1) * time.Second; r.Age != want {
			t.Fatalf("age %v after %d seconds without a collection, want %v", r.Age, i+1, want)
		}
	}
	before := r.Cycles
	runtime.GC()
	if h.read(time.Second, &r); r.Age != 0 || r.Cycles <= before {
		t.Errorf("age %v and cycle %d after a collection that followed cycle %d", r.Age, r.Cycles, before)
	}
}

func TestEveryCollectionWakes(t *testing.T) {
	s := New(t.TempDir(), noEnv)
	w := watch(t, s)
	for range 3 {
		before := w[control.TriggerGC].Load()
		testcost.Until(t, "wake-up", func() bool {
			runtime.GC()
			return w[control.TriggerGC].Load() > before
		})
	}
}

func TestNothingWakesAfterStop(t *testing.T) {
	var n atomic.Int64
	stop := watchCollections(func() { n.Add(1) })
	testcost.Until(t, "wake-up", func() bool { runtime.GC(); return n.Load() > 0 })
	stop()
	before := n.Load()
	other := watchCollections(func() { n.Add(1 << 32) })
	defer other()
	testcost.Until(t, "later wake-up", func() bool { runtime.GC(); return n.Load() > 2<<32 })
	if got := n.Load() & (1<<32 - 1); got != before {
		t.Errorf("%d wake-ups after stop", got-before)
	}
}

func TestClockThatGoesBackMovesNothing(t *testing.T) {
	var c stepClock
	start := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	for _, step := range []struct{ at, want time.Duration }{
		{0, 0}, {time.Second, time.Second}, {-time.Hour, 0}, {-time.Hour + time.Second, time.Second},
		{time.Hour, 2*time.Hour - time.Second},
	} {
		if got := c.advance(start.Add(step.at)); got != step.want {
			t.Errorf("at %v %v have passed, want %v", step.at, got, step.want)
		}
	}
}

func TestReadAllocatesNothing(t *testing.T) {
	s := New("", noEnv)
	var r Reading
	now := time.Now()
	s.Read(now, &r)
	allocs := testalloc.PerRun(100, func() {
		now = now.Add(time.Second)
		s.Read(now, &r)
	})
	if allocs != 0 {
		t.Errorf("a reading takes %v allocations: %+v", allocs, r)
	}
	t.Logf("%+v", r)
}

func BenchmarkSignalsRead(b *testing.B) {
	s := New("", noEnv)
	var r Reading
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(250 * time.Millisecond)
		s.Read(now, &r)
	}
}
