//go:build linux || darwin || windows || freebsd

package syncpools_test

import (
	"bytes"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/raceflag"
	"github.com/otelpool/pool/internal/testalloc"
	"github.com/otelpool/pool/syncpools"
)

// start begins a census that ends with the test. Tests that have one are not
// parallel: there is one in a process.
func start(t *testing.T) *pool.Registry {
	t.Helper()
	_, r := started(t)
	return r
}

func started(t *testing.T) (*syncpools.Census, *pool.Registry) {
	t.Helper()
	c := syncpools.Config{Registry: new(pool.Registry)}
	census, err := syncpools.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(census.Stop)
	return census, c.Registry
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

// fill puts n objects, of which a race build drops some.
func fill(p *sync.Pool, n int, object func() any) {
	for range n {
		p.Put(object())
	}
}

func buffer() any { return bytes.NewBuffer(make([]byte, 0, 10_000)) }

func TestContentAndBytesAreKnown(t *testing.T) {
	p := new(sync.Pool)
	fill(p, 100, buffer)
	census, r := started(t)
	s := find(t, r, "of *bytes.Buffer")
	if want := 100; s.Idle != int64(want) && !raceflag.On || s.Idle == 0 || s.Strategy != "sync.Pool" {
		t.Errorf("%d idle of strategy %s, want %d of sync.Pool", s.Idle, s.Strategy, want)
	}
	if per := s.IdleBytes / max(s.Idle, 1); per < 10_000 || per > 10_100 {
		t.Errorf("%d bytes an object, want those of a bytes.Buffer of 10,000", per)
	}
	for range s.Idle {
		p.Get()
	}
	census.Read()
	if s = find(t, r, "of *bytes.Buffer"); s.Idle >= int64(runtime.GOMAXPROCS(0)) { // another P's private one is out of reach
		t.Errorf("%d idle after all were taken", s.Idle)
	}
}

func newArrays() *sync.Pool { return &sync.Pool{New: func() any { return new([100]byte) }} }

func TestAPoolIsNamedByItsNew(t *testing.T) {
	p := newArrays()
	fill(p, 10, p.New)
	if s := find(t, start(t), "newArrays census_test.go:"); s.IdleBytes != 100*s.Idle || s.Idle == 0 {
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
	r := start(t)
	s := find(t, r, "newPool census_test.go")
	if s.Idle != 200 && !raceflag.On || s.Idle == 0 {
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
	r := start(t)
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
	fill(p, 100, p.New) // a race build drops some
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
	start(t)
	if _, err := syncpools.Start(syncpools.Config{}); err == nil {
		t.Error("a second one started")
	}
}

func TestAReadingAllocatesNothing(t *testing.T) {
	p := new(sync.Pool)
	fill(p, 10, buffer)
	census, r := started(t)
	var s pool.Stats
	all := r.All()
	if n := testalloc.PerRun(20, func() {
		census.Read()
		for _, e := range all {
			e.Stats(&s)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
	runtime.KeepAlive(p)
}

func TestStopUndoesAllAndStartBeginsAnew(t *testing.T) {
	p := newPool()
	fill(p, 50, p.New)
	for range 3 {
		registry := new(pool.Registry)
		census, err := syncpools.Start(syncpools.Config{Registry: registry, CountMisses: true})
		if err != nil {
			t.Fatal(err)
		}
		census.Stop()
		census.Stop()
		census.Read()
		for _, e := range registry.All() {
			if e.Source() != nil {
				t.Errorf("%s is open after Stop", e.Name())
			}
		}
	}
	start(t)
}

func TestANewThatItsOwnerChangesStays(t *testing.T) {
	p := newPool()
	fill(p, 50, p.New)
	census, err := syncpools.Start(syncpools.Config{Registry: new(pool.Registry), CountMisses: true})
	if err != nil {
		t.Fatal(err)
	}
	p.New = func() any { return "the owner's" }
	census.Stop()
	if p.New() != "the owner's" {
		t.Error("Stop has put back a New that the owner had replaced")
	}
}

func TestPoolsAreSeenWithoutCollections(t *testing.T) {
	p := new(sync.Pool)
	fill(p, 100, buffer)
	r := start(t)
	before := find(t, r, "of *bytes.Buffer")
	if before.Idle == 0 || before.Evictions[pool.EvictGC] != 0 {
		t.Errorf("%d idle, %d dropped", before.Idle, before.Evictions[pool.EvictGC])
	}
	runtime.KeepAlive(p)
}

// A pool on the heap that has no New and was empty whenever one looked cannot be told.
func TestPoolsThatCannotBeToldAreCounted(t *testing.T) {
	census, _ := started(t)
	pools := make([]*sync.Pool, 5)
	for i := range pools {
		pools[i] = new(sync.Pool)
		pools[i].Get()
	}
	runtime.GC()
	census.Read()
	if n := census.Unknown(); n < len(pools) { // those of other tests too
		t.Errorf("%d pools are unknown, want %d", n, len(pools))
	}
	for _, p := range pools {
		p.Put(new(oneWord))
	}
	for range 3 { // these are of the last two collections
		runtime.GC()
		census.Read()
	}
	if n := census.Unknown(); n >= len(pools) {
		t.Errorf("%d pools are unknown, but their objects were seen", n)
	}
	runtime.KeepAlive(pools)
}

type oneWord struct{ b *bytes.Buffer }

// A value of one pointer lies in the interface itself, not behind it.
func TestObjectsOfOneWordAreNotFollowed(t *testing.T) {
	var maps, structs sync.Pool
	fill(&maps, 50, func() any { return map[string]int{"": 1} })
	fill(&structs, 50, func() any { return oneWord{bytes.NewBufferString("0123456789abcdef0123456789abcdef")} })
	r := start(t)
	for _, name := range []string{"of map[string]int", "of syncpools_test.oneWord"} {
		if s := find(t, r, name); s.Idle == 0 || s.IdleBytes != s.Idle*strconv.IntSize/8 {
			t.Errorf("%s: %d idle, %d bytes", name, s.Idle, s.IdleBytes)
		}
	}
	runtime.KeepAlive([]*sync.Pool{&maps, &structs})
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
