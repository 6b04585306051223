//go:build linux || darwin || windows || freebsd

package syncpools_test

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/syncpools"
)

var (
	variable sync.Pool
	pointer  = &sync.Pool{New: func() any { return new([100]byte) }}
)

// start begins a census that ends with the test. Tests that have one are not
// parallel: there is one in a process.
func start(t *testing.T, c syncpools.Config) *pool.Registry {
	t.Helper()
	c.Registry = new(pool.Registry)
	census, err := syncpools.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(census.Stop)
	return c.Registry
}

// find returns the open pool whose name contains a text.
func find(t *testing.T, r *pool.Registry, text string) pool.Stats {
	t.Helper()
	var names []string
	for _, e := range r.All() {
		if strings.Contains(e.Name(), text) {
			var s pool.Stats
			e.Stats(&s)
			return s
		}
		names = append(names, e.Name())
	}
	t.Fatalf("no pool %q among %q", text, names)
	return pool.Stats{}
}

// fill puts n objects and returns how many a race build has left.
func fill(p *sync.Pool, n int, object func() any) int {
	for range n {
		p.Put(object())
	}
	return n
}

func buffer() any { return bytes.NewBuffer(make([]byte, 0, 10_000)) }

// The names of variables are not in a test's program: see TestPoolsOfAProgramAreNamed.
func TestContentAndBytesAreKnown(t *testing.T) {
	fill(&variable, 100, buffer)
	r := start(t, syncpools.Config{})
	s := find(t, r, "of *bytes.Buffer")
	if want := 100; s.Idle != int64(want) && !raceEnabled || s.Idle == 0 || s.Strategy != "sync.Pool" {
		t.Errorf("%d idle of strategy %s, want %d of sync.Pool", s.Idle, s.Strategy, want)
	}
	if per := s.IdleBytes / s.Idle; per < 10_000 || per > 10_100 {
		t.Errorf("%d bytes an object, want those of a bytes.Buffer of 10,000", per)
	}
	for range s.Idle {
		variable.Get()
	}
	time.Sleep(20 * time.Millisecond) // a reading is good for 10 ms
	if s = find(t, r, "of *bytes.Buffer"); s.Idle != 0 {
		t.Errorf("%d idle after all were taken", s.Idle)
	}
}

func TestAPoolIsNamedByItsNew(t *testing.T) {
	fill(pointer, 10, pointer.New)
	if s := find(t, start(t, syncpools.Config{}), "syncpools_test census_test.go:21"); s.IdleBytes != 100*s.Idle || s.Idle == 0 {
		t.Errorf("%d idle, %d bytes", s.Idle, s.IdleBytes)
	}
}

func newPool() *sync.Pool { return &sync.Pool{New: func() any { return new(int) }} }

func TestPoolsOfOneFunctionAreOneRow(t *testing.T) {
	var pools [20]*sync.Pool
	for i := range pools {
		pools[i] = newPool()
		fill(pools[i], 10, pools[i].New)
	}
	r := start(t, syncpools.Config{})
	s := find(t, r, "newPool census_test.go")
	if s.Idle != 200 && !raceEnabled || s.Idle == 0 {
		t.Errorf("%d idle in 20 pools of 10", s.Idle)
	}
	runtime.KeepAlive(pools)
	for range 4 {
		runtime.GC()
	}
	if s = find(t, r, "newPool census_test.go"); s.Idle != 0 {
		t.Errorf("%d idle in pools that are gone", s.Idle)
	}
}

func TestWhatCollectionsDropIsCounted(t *testing.T) {
	p := newPool()
	fill(p, 50, p.New)
	r := start(t, syncpools.Config{})
	before := find(t, r, "newPool")
	runtime.GC()
	deadline := time.Now().Add(10 * time.Second)
	for find(t, r, "newPool").Evictions[pool.EvictGC] < uint64(before.Idle) {
		if time.Now().After(deadline) {
			t.Fatalf("%d dropped of %d", find(t, r, "newPool").Evictions[pool.EvictGC], before.Idle)
		}
		runtime.GC()
	}
	runtime.KeepAlive(p)
}

func TestMissesAreCountedWhenAsked(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // one P's private object is no other's to take
	p := newPool()
	fill(p, 1, p.New)
	registry := new(pool.Registry)
	census, err := syncpools.Start(syncpools.Config{Registry: registry, CountMisses: true})
	if err != nil {
		t.Fatal(err)
	}
	defer census.Stop()
	held := find(t, registry, "newPool").Idle
	for range held + 1000 {
		p.Get()
	}
	if s := find(t, registry, "newPool"); s.Requests[pool.Miss] != 1000 || s.Allocations != 1000 {
		t.Errorf("%d misses, %d allocations, want 1000", s.Requests[pool.Miss], s.Allocations)
	}
	census.Stop()
	p.Get()
	if s := find(t, registry, "newPool"); s.Requests[pool.Miss] != 1000 {
		t.Errorf("%d misses counted after Stop", s.Requests[pool.Miss])
	}
}

func TestThereIsOneCensus(t *testing.T) {
	start(t, syncpools.Config{})
	if _, err := syncpools.Start(syncpools.Config{}); err == nil {
		t.Error("a second one started")
	}
}

func TestAReadingAllocatesNothing(t *testing.T) {
	fill(&variable, 10, buffer)
	r := start(t, syncpools.Config{})
	var s pool.Stats
	all := r.All()
	if n := testing.AllocsPerRun(20, func() {
		time.Sleep(11 * time.Millisecond)
		for _, e := range all {
			e.Stats(&s)
		}
	}); n > 1 { // the collector's own
		t.Errorf("%v allocations", n)
	}
}

// 500 pools, 50 goroutines, collections and changes of GOMAXPROCS: no count is
// absurd, and nothing crashes.
func TestCountsStayPlausibleInAStormConcurrentSafe(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	const most = 500 * 64
	var pools [500]sync.Pool
	for i := range pools {
		pools[i].New = func() any { return new(int) }
		pools[i].Put(new(int))
	}
	r := start(t, syncpools.Config{})
	var stop atomic.Bool
	var users sync.WaitGroup
	for range 50 {
		users.Go(func() {
			for !stop.Load() {
				p := &pools[rand.IntN(len(pools))]
				n := 1 + rand.IntN(10)
				for range n {
					p.Put(p.Get())
				}
			}
		})
	}
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		runtime.GC()
		runtime.GOMAXPROCS(1 + rand.IntN(4))
		for _, e := range r.All() {
			var s pool.Stats
			if e.Stats(&s); s.Idle < 0 || s.Idle > most || s.IdleBytes < 0 {
				t.Errorf("%s: %d idle, %d bytes", e.Name(), s.Idle, s.IdleBytes)
			}
		}
	}
	stop.Store(true)
	users.Wait()
}

func BenchmarkReading200Pools(b *testing.B) {
	var pools [200]sync.Pool
	for i := range pools {
		pools[i].New = func() any { return new(int) }
		pools[i].Put(new(int))
	}
	registry := new(pool.Registry)
	census, err := syncpools.Start(syncpools.Config{Registry: registry})
	if err != nil {
		b.Fatal(err)
	}
	defer census.Stop()
	b.ReportAllocs()
	for b.Loop() {
		census.Read()
	}
	runtime.KeepAlive(&pools)
}
