package strategies_test

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/testalloc"
	"github.com/otelpool/pool/internal/testcost"
	"github.com/otelpool/pool/strategies"
)

func ExampleSizeClasses() {
	bodies := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Limit: 1 << 20}))
	defer bodies.Close()

	b := bodies.Get(5000)
	fmt.Println(len(b), cap(b) >= 8192)
	bodies.Put(b)

	var s pool.Stats
	bodies.Stats(&s)
	fmt.Printf("%d miss, %d bytes held\n", s.Requests[pool.Miss], s.IdleBytes)
	// Output:
	// 5000 true
	// 1 miss, 8192 bytes held
}

func newSizeClasses(t testing.TB, c strategies.SizeClassesConfig) *strategies.SizeClasses {
	t.Helper()
	p, err := strategies.NewSizeClasses(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// checkLaws checks what holds for every pool that nobody is inside of.
func checkLaws(t testing.TB, src pool.Source) pool.Stats {
	t.Helper()
	var s pool.Stats
	src.Stats(&s)
	if want := int64(s.Prewarmed + s.Returns[pool.Pooled] - s.Requests[pool.Hit] - s.Evicted()); s.Knows.Has(pool.KnowsIdle) &&
		s.Idle != want {
		t.Errorf("idle %d, want prewarmed + pooled − hits − evictions = %d", s.Idle, want)
	}
	want := int64(s.HandedOut()) - int64(s.TakenBack())
	if s.Strategy == "bounded" { // what was another pool's is not its own to have back
		want = max(want+int64(s.Returns[pool.Foreign]), 0)
	}
	if s.Knows.Has(pool.KnowsInUse) && s.InUse != want {
		t.Errorf("in use %d, want handed out − taken back = %d", s.InUse, want)
	}
	if s.Knows.Has(pool.KnowsLimit|pool.KnowsIdleBytes) && s.IdleBytes > s.Limit {
		t.Errorf("%d bytes idle, limit %d", s.IdleBytes, s.Limit)
	}
	return s
}

func TestEveryRefusalIsCountedUnderItsReason(t *testing.T) {
	p := newSizeClasses(t, strategies.SizeClassesConfig{Limit: 2048})
	for range 4 {
		p.Put(make([]byte, 1024)) // the limit has room for two
	}
	p.Put(make([]byte, 1000))
	p.Put(make([]byte, 100))
	p.Put(make([]byte, 2<<20))
	p.Put(nil)
	p.Put([]byte{})
	p.Put(p.Get(2 << 20))
	p.Close()
	p.Put(make([]byte, 1024))
	p.Put(p.Get(1024))
	s := checkLaws(t, p)
	want := map[pool.ReturnResult]uint64{
		pool.Pooled: 2, pool.Full: 2, pool.Foreign: 1, pool.Undersize: 1, pool.Oversize: 2, pool.NilReturn: 2, pool.ReturnClosed: 2,
	}
	for r := range pool.ReturnResult(pool.NumReturnResults) {
		if s.Returns[r] != want[r] {
			t.Errorf("%v: %d, want %d", r, s.Returns[r], want[r])
		}
	}
	if s.Requests[pool.Bypass] != 1 || s.Requests[pool.RequestClosed] != 1 || s.Evictions[pool.EvictClosed] != 2 || s.Idle != 0 {
		t.Errorf("bypass %d, closed %d, evicted at close %d, idle %d; want 1, 1, 2, 0", s.Requests[pool.Bypass],
			s.Requests[pool.RequestClosed], s.Evictions[pool.EvictClosed], s.Idle)
	}
}

func TestGetOfExtremeLengths(t *testing.T) {
	p := newSizeClasses(t, strategies.SizeClassesConfig{})
	b := p.Get(0)
	if b == nil || len(b) != 0 {
		t.Errorf("Get(0) = %v, want an empty slice", b)
	}
	p.Put(b)
	for _, n := range []int{-1, math.MinInt} {
		func() {
			defer func() {
				if r := recover(); r == nil || !strings.HasPrefix(r.(string), "strategies: ") {
					t.Errorf("Get(%d) panics with %v, want a message of the package", n, r)
				}
			}()
			p.Get(n)
		}()
	}
}

// FuzzSizeClasses gets, uses and puts what callers might, rightly and wrongly:
// Get keeps its promise, and every Put is counted once, under its reason.
func FuzzSizeClasses(f *testing.F) {
	skipInDebugBuilds(f)
	f.Add(1000, 10, uint8(0), uint8(0))
	f.Add(1<<20, 1<<19, uint8(1), uint8(1))
	f.Add(0, 0, uint8(5), uint8(2))
	const limit = 1 << 20
	tables := []strategies.Classes{{}, strategies.Geometric(64, 1<<16, 4), strategies.Explicit(1, 2, 3, 100, 101, 5000)}
	pools := make([]*strategies.SizeClasses, len(tables))
	for i, c := range tables {
		pools[i] = newSizeClasses(f, strategies.SizeClassesConfig{Classes: c, Limit: limit,
			Safety: strategies.SafetyOff}) // a sample is of no class's capacity
	}
	f.Fuzz(func(t *testing.T, n, cut int, what, table uint8) {
		which := int(table) % len(pools)
		p, sizes := pools[which], tables[which].Sizes()
		n, cut = int(uint(n)%(4<<20)), int(uint(cut)%(4<<20))
		var before, after pool.Stats
		p.Stats(&before)
		b := p.Get(n)
		if len(b) != n || cap(b) < n {
			t.Fatalf("Get(%d) has len %d, cap %d", n, len(b), cap(b))
		}
		clear(b[:cap(b)]) // all of it is the caller's
		puts := [][]byte{
			b,                       // as it should be
			b[:min(cut, n)],         // a prefix
			append(b[:cap(b)], 1),   // grown
			nil,                     // nothing
			make([]byte, cut),       // foreign
			b[cap(b):cap(b):cap(b)], // no capacity
			b[:0:min(cut, cap(b))],  // a prefix that lost its rest
		}
		back := puts[int(what)%len(puts)]
		p.Put(back)
		p.Stats(&after)
		after.Sub(&before)
		allowed := allowedResults(cap(back), sizes)
		for r, count := range after.Returns {
			if count > 0 && !allowed.Has(r) {
				t.Errorf("Put of capacity %d into %v is counted as %v", cap(back), sizes, pool.ReturnResult(r))
			}
		}
		if after.Puts() != 1 || after.Gets() != 1 {
			t.Errorf("one Get and one Put counted as %d and %d", after.Gets(), after.Puts())
		}
		if after.IdleBytes > limit {
			t.Errorf("%d bytes idle, limit %d", after.IdleBytes, limit)
		}
	})
}

// allowedResults is what may become of a buffer, by its capacity.
func allowedResults(capacity int, sizes []int) pool.Set {
	switch {
	case capacity == 0:
		return pool.SetOf(pool.NilReturn)
	case slices.Contains(sizes, capacity):
		return pool.SetOf(pool.Pooled, pool.Full)
	case capacity < sizes[0]:
		return pool.SetOf(pool.Undersize)
	case capacity > sizes[len(sizes)-1]:
		return pool.SetOf(pool.Oversize)
	default:
		return pool.SetOf(pool.Foreign)
	}
}

func TestGetPutOfSizeClassesDoesNotAllocate(t *testing.T) {
	skipInDebugBuilds(t)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, z := range []strategies.Zeroing{strategies.ZeroNever, strategies.ZeroOnPut, strategies.ZeroOnGet} {
		p := newSizeClasses(t, strategies.SizeClassesConfig{Zero: z})
		for n := 1; n <= 1<<20; n *= 4 {
			if a := testalloc.PerRun(50, func() { p.Put(p.Get(n)) }); a != 0 {
				t.Errorf("zeroing %d: %v allocations per Get+Put of %d bytes, want 0", z, a, n)
			}
		}
	}
}

func TestSnapshotsDoNotAllocate(t *testing.T) {
	p := newSizeClasses(t, strategies.SizeClassesConfig{})
	var s pool.Stats
	p.Stats(&s)
	if a := testalloc.PerRun(50, func() { p.Stats(&s) }); a != 0 {
		t.Errorf("%v allocations per snapshot, want 0", a)
	}
}

func TestNoByteOfAPreviousOwnerIsReadable(t *testing.T) {
	for _, z := range []strategies.Zeroing{strategies.ZeroOnPut, strategies.ZeroOnGet} {
		p := newSizeClasses(t, strategies.SizeClassesConfig{Zero: z})
		for range 200 {
			var held [][]byte
			for n := 1; n <= 4096; n *= 3 {
				b := p.Get(n)
				full := b[:cap(b)]
				for i, v := range full {
					if v != 0 {
						t.Fatalf("zeroing %d: byte %d of a buffer of %d is %d", z, i, cap(b), v)
					}
					full[i] = 0xAA
				}
				held = append(held, b[:0])
			}
			for _, b := range held {
				p.Put(b)
			}
		}
	}
}

func TestPrewarmThatOverflowsIsRefusedByATypedError(t *testing.T) {
	t.Parallel()
	_, err := strategies.NewSizeClasses(strategies.SizeClassesConfig{Limit: 1 << 20, Prewarm: map[int]int{1 << 20: math.MaxInt}})
	wrong, ok := errors.AsType[*pool.ConfigError](err)
	if !ok || wrong.Field != "Prewarm" || wrong.Other != "Limit" {
		t.Errorf("%v", err)
	}
}

func TestConfigMistakesAreReportedTogether(t *testing.T) {
	_, err := strategies.NewSizeClasses(strategies.SizeClassesConfig{
		Classes: strategies.PowersOfTwo(256, 1024),
		Limit:   10,
		Prewarm: map[int]int{4096: 1, 300: -1, 1000: 50},
		Zero:    9,
	})
	for _, want := range []string{"Limit is 10", "Prewarm[4096] is 1", "Prewarm[300] is -1", "Prewarm is", "Zero is 9"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
	_, err = strategies.NewSizeClasses(strategies.SizeClassesConfig{Limit: -5})
	if want := "strategies: SizeClassesConfig.Limit is -5: use bytes, 0 for the default, or pool.Unlimited"; err == nil ||
		err.Error() != want {
		t.Errorf("error %v, want %s and nothing else", err, want)
	}
}

func TestLimitHoldsAndTrimFreesWhatItSays(t *testing.T) {
	p := newSizeClasses(t, strategies.SizeClassesConfig{Prewarm: map[int]int{1 << 10: 100, 32 << 10: 10}})
	if s := checkLaws(t, p); s.IdleBytes != 100<<10+320<<10 {
		t.Fatalf("%d bytes idle after prewarming", s.IdleBytes)
	}
	if freed := p.Trim(50 << 10); freed < 50<<10 {
		t.Errorf("Trim(50 KiB) freed %d bytes", freed)
	}
	if got := p.SetLimit(100 << 10); got != 100<<10 {
		t.Errorf("SetLimit = %d", got)
	}
	checkLaws(t, p)
	var held [][]byte
	for range 300 {
		held = append(held, p.Get(1000))
	}
	for _, b := range held {
		p.Put(b)
	}
	s := checkLaws(t, p)
	if s.IdleBytes < 50<<10 {
		t.Errorf("only %d bytes of a limit of 100 KiB are used after 300 KiB were put", s.IdleBytes)
	}
	if freed := p.Trim(pool.Unlimited); freed != s.IdleBytes {
		t.Errorf("Trim of everything freed %d of %d bytes", freed, s.IdleBytes)
	}
	if s := checkLaws(t, p); s.Idle != 0 || s.Shrunk != 1 {
		t.Errorf("idle %d, shrunk %d times; want 0, 1", s.Idle, s.Shrunk)
	}
}

// Callers who keep the contract are alone with their buffers.
func TestBuffersAreNeverInTwoHands(t *testing.T) {
	const largest = 1 << 14
	p := newSizeClasses(t, strategies.SizeClassesConfig{Limit: 1 << 20, Classes: strategies.Geometric(64, largest, 4)})
	handAround(t, p, largest, func() { p.Trim(1 << 18) })
	if s := checkLaws(t, p); s.InUse != 0 || s.InUseBytes != 0 {
		t.Errorf("in use %d, %d bytes; want 0", s.InUse, s.InUseBytes)
	}
}

// A pinned section never waits, so however the scheduler treats the goroutines
// in it, the others go on.
func TestNothingHangsAtAnyGOMAXPROCS(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, procs := range []int{1, 2, 16} {
		runtime.GOMAXPROCS(procs)
		p := newSizeClasses(t, strategies.SizeClassesConfig{Limit: 64 << 10, Classes: strategies.Explicit(1024)})
		var wg sync.WaitGroup
		for range 4 * procs {
			wg.Go(func() {
				var held [][]byte
				for i := range 2000 {
					held = append(held, p.Get(1024))
					if i%17 == 16 {
						for _, b := range held {
							p.Put(b)
						}
						held = held[:0]
					}
				}
				for _, b := range held {
					p.Put(b)
				}
			})
		}
		wg.Wait()
		p.Close()
		checkLaws(t, p)
	}
}

func TestDroppedPoolLeavesItsRegistry(t *testing.T) {
	r := new(pool.Registry)
	func() {
		p := newSizeClasses(t, strategies.SizeClassesConfig{Name: "dropped", Registry: r})
		p.Put(p.Get(100))
	}()
	testcost.Until(t, "a dropped pool is withdrawn", func() bool { runtime.GC(); return r.All()[0].Source() == nil })
	var s pool.Stats
	r.All()[0].Stats(&s)
	if !s.Closed || s.Requests[pool.Miss] != 1 {
		t.Errorf("closed %v, misses %d after the pool was dropped; want true, 1", s.Closed, s.Requests[pool.Miss])
	}
}

func TestAPrewarmThatNoIntegerCountsIsRefused(t *testing.T) {
	_, err := strategies.NewSizeClasses(strategies.SizeClassesConfig{
		Limit: 1 << 20, Prewarm: map[int]int{1024: math.MaxInt, 2048: math.MaxInt},
	})
	if err == nil || !strings.Contains(err.Error(), "must fit the limit of 1048576 bytes") {
		t.Errorf("the error is %v", err)
	}
}
