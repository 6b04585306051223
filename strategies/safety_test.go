//go:build !otelpool_debug

package strategies_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/raceghost"
	"github.com/otelpool/pool/internal/testcost"
	"github.com/otelpool/pool/strategies"
)

// The mistakes. Each is in functions of its own, for stacks to name.

//go:noinline
func getBuffer(p *strategies.SizeClasses) []byte { return p.Get(1000) }

//go:noinline
func putBuffer(p *strategies.SizeClasses, b []byte) { p.Put(b) }

//go:noinline
func putAgain(p *strategies.SizeClasses, b []byte) { p.Put(b) }

//go:noinline
func putSuffix(p *strategies.SizeClasses, b []byte) { p.Put(b[8:]) }

//go:noinline
func putForeign(p *strategies.SizeClasses) { p.Put(make([]byte, 1000)) }

type mistake struct {
	kind           pool.MisuseKind
	make           func(p *strategies.SizeClasses)
	get, put, late string // the functions that must be named
}

var mistakes = map[string]mistake{
	"leak": {kind: pool.MisuseLost, get: "getBuffer", make: func(p *strategies.SizeClasses) {
		getBuffer(p)[0] = 1
	}},
	"double Put": {kind: pool.MisuseDouble, get: "getBuffer", put: "putBuffer", late: "putAgain", make: func(p *strategies.SizeClasses) {
		b := getBuffer(p)
		putBuffer(p, b)
		putAgain(p, b)
	}},
	"double Put, long after": {kind: pool.MisuseDouble, get: "getBuffer", put: "putBuffer", late: "putAgain",
		make: func(p *strategies.SizeClasses) {
			b := getBuffer(p)
			putBuffer(p, b)
			for range 10 { // fewer than quarantine holds: on a slow machine all of them may be sampled
				p.Put(p.Get(10))
			}
			putAgain(p, b)
		}},
	"write after Put": {kind: pool.MisuseWrite, get: "getBuffer", put: "putBuffer", make: func(p *strategies.SizeClasses) {
		b := getBuffer(p)
		putBuffer(p, b)
		b[7]++
	}},
	"write beyond the capacity": {kind: pool.MisuseOverrun, get: "getBuffer", put: "putBuffer", make: func(p *strategies.SizeClasses) {
		b := getBuffer(p)
		if cap(b) != 1024 { // beyond an ordinary one there is no telling what lies
			*(*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b)), cap(b))) = 0
		}
		putBuffer(p, b)
	}},
	"suffix Put": {kind: pool.MisuseSuffix, get: "getBuffer", late: "putSuffix", make: func(p *strategies.SizeClasses) {
		putSuffix(p, getBuffer(p))
	}},
	"foreign Put": {kind: pool.MisuseForeign, late: "putForeign", make: func(p *strategies.SizeClasses) {
		putForeign(p)
	}},
}

func TestMistakesAreFoundAndTheirPlaceIsTold(t *testing.T) {
	t.Cleanup(raceghost.Pause()) // it makes mistakes, and is not parallel for that
	for name, m := range mistakes {
		for _, zero := range []strategies.Zeroing{strategies.ZeroNever, strategies.ZeroOnPut} {
			for safety, within := range map[strategies.Safety]int{strategies.SafetySampled: 10_000, strategies.SafetyStrict: 1} {
				t.Run(fmt.Sprintf("%s, %v, zeroing %d", name, safety, zero), func(t *testing.T) {
					t.Parallel()
					checkMistake(t, m, safety, zero, within)
				})
			}
		}
	}
}

func checkMistake(t *testing.T, m mistake, safety strategies.Safety, zero strategies.Zeroing, within int) {
	var r pool.Registry
	got := observe(&r)
	p := newSizeClasses(t, strategies.SizeClassesConfig{Name: "planted", Registry: &r, Safety: safety, Zero: zero})
	defer p.Close()
	for range within {
		m.make(p)
	}
	if m.kind == pool.MisuseWrite {
		getBuffer(p) // the next Get looks
	}
	testcost.Until(t, fmt.Sprintf("found in %d calls", within), func() bool {
		if len(got.of(m.kind)) > 0 {
			return true
		}
		runtime.GC() // what is lost is found by the collector
		return false
	})
	found := got.of(m.kind)
	if len(found) != 1 {
		t.Errorf("told %d times, want once for a place", len(found))
	}
	one := found[0]
	if one.Pool != "planted" || one.Held < 0 {
		t.Errorf("pool %q, held %v", one.Pool, one.Held)
	}
	for _, c := range []struct {
		stack    pool.Stack
		function string
	}{{one.Get, m.get}, {one.Put, m.put}, {one.Late, m.late}} {
		if c.function != "" && !begins(c.stack, c.function) {
			t.Errorf("want a stack from %s in\n%v", c.function, one)
		}
	}
	s := checkLawsOf(t, p, m)
	if s.Misuse[m.kind] == 0 || !s.Knows.Misuse.Has(int(m.kind)) {
		t.Errorf("Stats count %v", s.Misuse)
	}
	for k, n := range s.Misuse {
		plain := m.kind == pool.MisuseSuffix && k == int(pool.MisuseForeign) // a suffix of an ordinary buffer
		if n > 0 && k != int(m.kind) && !plain {
			t.Errorf("%d times %v, which nobody did", n, pool.MisuseKind(k))
		}
	}
}

// checkLawsOf is checkLaws after a mistake, which must not have spoilt the counts.
func checkLawsOf(t *testing.T, p *strategies.SizeClasses, m mistake) pool.Stats {
	t.Helper()
	s := checkLaws(t, p)
	if m.kind == pool.MisuseSuffix &&
		s.Returns[pool.Undersize]+s.Returns[pool.Foreign]+s.Returns[pool.Pooled]+s.Returns[pool.Full] != s.Puts() {
		t.Errorf("returns %v", s.Returns)
	}
	return s
}

// Correct code, of all kinds, is never accused.
func TestCorrectCodeIsNeverAccusedConcurrentSafe(t *testing.T) {
	t.Parallel()
	operations := 1_000_000
	if testing.Short() {
		operations /= 10
	}
	for _, safety := range []strategies.Safety{strategies.SafetySampled, strategies.SafetyStrict} {
		n := operations
		if safety == strategies.SafetyStrict {
			n /= 20
		}
		t.Run(safety.String(), func(t *testing.T) {
			t.Parallel()
			stormOfCorrectCode(t, safety, n)
		})
	}
}

// safetyStorm is correct code under way, and what is done to its pools meanwhile.
type safetyStorm struct {
	registry   pool.Registry
	safety     strategies.Safety
	made, gone atomic.Int64 // objects
	buffers    *strategies.SizeClasses
	objects    *strategies.Bounded[object]
}

func (s *safetyStorm) open(t *testing.T) (*strategies.SizeClasses, *strategies.Bounded[object]) {
	return newSizeClasses(t, strategies.SizeClassesConfig{
			Name: "buffers", Registry: &s.registry, Safety: s.safety, Limit: 4 << 20, OnDuplicate: pool.Suffix,
		}),
		strategies.Must(strategies.NewBounded(strategies.BoundedConfig[object]{
			Name: "objects", Registry: &s.registry, Safety: s.safety, OnDuplicate: pool.Suffix,
			New:     func() *object { s.made.Add(1); return new(object) },
			Keep:    func(x *object) bool { return x.words[0]%10 != 9 },
			Reset:   func(x *object) { *x = object{} },
			Discard: func(*object) { s.gone.Add(1) },
		}))
}

// pester collects, trims, and opens and closes pools beside the storm's.
func (s *safetyStorm) pester(t *testing.T, stop chan struct{}) {
	for i := int64(0); ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		switch i % 5 {
		case 0:
			runtime.GC() // addresses are reused
		case 1:
			s.buffers.Trim(1 << 16)
			s.objects.Trim(1 << 10)
		case 2:
			s.buffers.SetLimit(1<<20 + i%3<<20)
		case 3: // pools come and go with buffers out
			b, o := s.open(t)
			x, y := b.Get(100), o.Get()
			b.Close()
			o.Close()
			b.Put(x)
			o.Put(y)
		case 4:
			s.buffers.Samples(func(control.Sample) bool { return true })
		}
		runtime.Gosched()
	}
}

// run makes the operations and returns when everything is put back.
func (s *safetyStorm) run(t *testing.T, operations int) {
	stop := make(chan struct{})
	var workers, pest sync.WaitGroup
	pest.Go(func() { s.pester(t, stop) })
	const goroutines = 4
	handoff := make(chan []byte, 16)
	for id := range goroutines {
		workers.Go(func() {
			correctly(rand.New(rand.NewPCG(uint64(id), 1)), s.buffers, s.objects, handoff, operations/goroutines)
		})
	}
	workers.Wait()
	close(stop)
	pest.Wait()
	close(handoff)
	for b := range handoff {
		s.buffers.Put(b)
	}
	runtime.GC()
}

func stormOfCorrectCode(t *testing.T, safety strategies.Safety, operations int) {
	s := &safetyStorm{safety: safety}
	got := observe(&s.registry)
	s.buffers, s.objects = s.open(t)
	s.run(t, operations)
	for _, s := range []pool.Stats{checkLaws(t, s.buffers), checkLaws(t, s.objects)} {
		if s.InUse != 0 || s.InUseBytes != 0 {
			t.Errorf("%s: %d in use, %d bytes, with everything put back", s.Strategy, s.InUse, s.InUseBytes)
		}
		if n := s.Misuse; n != [pool.NumMisuseKinds]uint64{} {
			t.Errorf("%s: accused of %v", s.Strategy, n)
		}
	}
	if len(got.all) > 0 {
		t.Errorf("correct code is accused: %v", got.all[0])
	}
	s.objects.Close()
	if s.made.Load() != s.gone.Load() {
		t.Errorf("%d objects were made and %d discarded", s.made.Load(), s.gone.Load())
	}
}

// object is what the storm's objects are.
type object struct{ words [8]int }

// correctly uses pools in every way that is allowed.
func correctly(r *rand.Rand, buffers *strategies.SizeClasses, objects *strategies.Bounded[object], handoff chan []byte, n int) {
	for range n {
		switch r.IntN(8) {
		case 0: // to its capacity, and back as a prefix
			b := buffers.Get(r.IntN(5000))
			b = b[:cap(b)]
			for i := range b {
				b[i] = byte(i)
			}
			buffers.Put(b[:len(b)/2])
		case 1: // an object
			x := objects.Get()
			x.words[0] = r.IntN(100)
			objects.Put(x)
		case 2: // given back elsewhere
			b := buffers.Get(600)
			select {
			case handoff <- b:
			case c := <-handoff:
				buffers.Put(c)
				buffers.Put(b)
			}
		case 3: // a growing buffer
			b := strategies.NewBuffer(buffers, r.IntN(300))
			for range r.IntN(20) {
				b.WriteString("some more of what is to be written, until the buffer has to grow")
			}
			b.Release()
		case 4: // append, as far as it goes
			b := buffers.Get(100)[:0]
			for len(b) < cap(b) {
				b = append(b, 1)
			}
			buffers.Put(b)
		case 5: // more than the largest class
			if r.IntN(1000) == 0 {
				buffers.Put(buffers.Get(2 << 20))
			}
		case 6: // nothing
			buffers.Put(nil)
			objects.Put(nil)
		default:
			n := 1 << r.IntN(17)
			b := buffers.Get(n)
			b[0], b[n-1] = 1, 2
			if b[0] != 1 && n > 1 || b[n-1] != 2 {
				panic("somebody else has it")
			}
			buffers.Put(b)
		}
	}
}

// Each mistake has a pool of its own: ten thousand calls are promised to the first.
func TestObjectsGivenBackTwiceOrNeverAreFound(t *testing.T) {
	t.Cleanup(raceghost.Pause()) // it makes mistakes, and is not parallel for that
	for safety, within := range map[strategies.Safety]int{strategies.SafetySampled: 10_000, strategies.SafetyStrict: 1} {
		t.Run(safety.String()+", twice", func(t *testing.T) {
			t.Parallel()
			p, got := watchedObjects(t, safety)
			for range within {
				x := getObject(p)
				putObject(p, x)
				putObjectAgain(p, x)
			}
			double := got.of(pool.MisuseDouble)
			if len(double) != 1 || !begins(double[0].Get, "getObject") || !begins(double[0].Put, "putObject") ||
				!begins(double[0].Late, "putObjectAgain") {
				t.Fatalf("told of %v", double)
			}
			var s pool.Stats
			p.Stats(&s)
			if s.Returns[pool.Double] == 0 {
				t.Error("none is counted")
			}
		})
		t.Run(safety.String()+", never", func(t *testing.T) {
			t.Parallel()
			p, got := watchedObjects(t, safety)
			for range within {
				getObject(p)
			}
			testcost.Until(t, "what is lost is found", func() bool { runtime.GC(); return len(got.of(pool.MisuseLost)) > 0 })
			var s pool.Stats
			p.Stats(&s)
			if s.Misuse[pool.MisuseLost] == 0 {
				t.Errorf("misuse %v", s.Misuse)
			}
		})
	}
}

func watchedObjects(t *testing.T, safety strategies.Safety) (*strategies.Bounded[object], *reports) {
	var r pool.Registry
	got := observe(&r)
	p := strategies.Must(strategies.NewBounded(strategies.BoundedConfig[object]{
		Name: "objects", Registry: &r, Safety: safety, New: func() *object { return new(object) },
	}))
	t.Cleanup(p.Close)
	return p, got
}

//go:noinline
func getObject(p *strategies.Bounded[object]) *object { return p.Get() }

//go:noinline
func putObject(p *strategies.Bounded[object], x *object) { p.Put(x) }

//go:noinline
func putObjectAgain(p *strategies.Bounded[object], x *object) { p.Put(x) }

func TestASlabTellsOfDoubleAndForeignPuts(t *testing.T) {
	t.Cleanup(raceghost.Pause()) // it makes mistakes, and is not parallel for that
	for _, safety := range []strategies.Safety{strategies.SafetySampled, strategies.SafetyOff, strategies.SafetyStrict} {
		var r pool.Registry
		got := observe(&r)
		p := strategies.Must(strategies.NewFixed(strategies.FixedConfig{Name: "slab", Registry: &r, Size: 64, Count: 2, Safety: safety}))
		b := p.Get()
		held := 0
		p.Samples(func(control.Sample) bool { held++; return true })
		p.Put(b)
		p.Put(b)
		p.Put(make([]byte, 10))
		p.Close()
		double, foreign := got.of(pool.MisuseDouble), got.of(pool.MisuseForeign)
		if safety == strategies.SafetyOff {
			if len(double)+len(foreign) > 0 {
				t.Errorf("off: told of %v", got.all)
			}
			continue
		}
		const here = "TestASlabTellsOfDoubleAndForeignPuts"
		if len(double) != 1 || len(foreign) != 1 || !begins(double[0].Late, here) || !begins(foreign[0].Late, here) ||
			double[0].Pool != "slab" {
			t.Fatalf("%v: told of %v", safety, got.all)
		}
		strict := safety == strategies.SafetyStrict
		if begins(double[0].Get, here) != strict || begins(double[0].Put, here) != strict || (held == 1) != strict {
			t.Errorf("%v: %d samples, told %v", safety, held, double[0])
		}
	}
}

func TestSafetyOffLooksAtNothing(t *testing.T) {
	t.Parallel()
	p := newSizeClasses(t, strategies.SizeClassesConfig{Safety: strategies.SafetyOff})
	for range 1000 {
		if b := p.Get(1000); cap(b) != 1024 {
			t.Fatalf("a buffer of %d bytes", cap(b))
		}
	}
	if s := checkLaws(t, p); s.Knows.Misuse != 0 {
		t.Errorf("Stats know %+v", s.Knows)
	}
}

// A call that is not sampled allocates nothing: all of a run without a sample.
func TestCallsThatAreNotSampledDoNotAllocate(t *testing.T) {
	t.Cleanup(raceghost.Pause()) // which allocate
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	sampled := false
	p := newSizeClasses(t, strategies.SizeClassesConfig{})
	o := strategies.Must(strategies.NewBounded(strategies.BoundedConfig[object]{
		New: func() *object { sampled = true; return new(object) },
	}))
	defer o.Close()
	run := func(n int) {
		for range n {
			b := p.Get(1000)
			sampled = sampled || cap(b) != 1024
			p.Put(b)
			o.Put(o.Get())
		}
	}
	run(20_000) // past the time of frequent samples
	var before, after runtime.MemStats
	testcost.Until(t, "45 of 50 runs of 20 calls without a sample do without an allocation", func() bool { // others allocate too
		quiet := 0
		for runs := 0; runs < 50; {
			sampled = false
			runtime.ReadMemStats(&before)
			run(20)
			runtime.ReadMemStats(&after)
			if sampled {
				continue
			}
			runs++
			if after.Mallocs == before.Mallocs {
				quiet++
			}
		}
		return quiet >= 45
	})
}

func TestSamplesTellWhoHasBuffers(t *testing.T) {
	t.Parallel()
	p := newSizeClasses(t, strategies.SizeClassesConfig{Safety: strategies.SafetyStrict})
	defer p.Close()
	began := time.Now()
	held := [][]byte{getBuffer(p), p.Get(5000)}
	var sizes []int64
	p.Samples(func(s control.Sample) bool {
		if s.Weight != 1 || s.Taken.Before(began) || len(pool.Stack(s.Get).Frames()) == 0 {
			t.Errorf("%+v", s)
		}
		sizes = append(sizes, s.Size)
		return true
	})
	slices.Sort(sizes)
	if want := []int64{int64(cap(held[0])), int64(cap(held[1]))}; !slices.Equal(sizes, want) {
		t.Errorf("samples of %v bytes, want %v", sizes, want)
	}
	for _, b := range held {
		p.Put(b)
	}
	p.Samples(func(s control.Sample) bool { t.Errorf("still out: %+v", s); return true })
}

// Samples stand for about as many as there are. What came after the last one has none
// yet, and a slow machine takes few samples: the pools are used until they have enough.
func TestWeightsOfSamplesAddUp(t *testing.T) {
	if raceghost.On {
		t.Skip("a sample takes a hundred times as long in race builds, and so many take half a minute")
	}
	t.Parallel()
	var weight, out int64
	for range 3 {
		p := newSizeClasses(t, strategies.SizeClassesConfig{})
		var held [][]byte
		for samples := 0; samples < 20; {
			for range 5000 {
				held = append(held, p.Get(1))
			}
			samples = 0
			p.Samples(func(control.Sample) bool { samples++; return true })
		}
		p.Samples(func(s control.Sample) bool { weight += s.Weight; return true })
		out += int64(len(held))
		p.Close()
		runtime.KeepAlive(held)
	}
	if share := float64(weight) / float64(out); share < 0.7 || share > 1.3 {
		t.Errorf("the samples stand for %d, %d are out", weight, out)
	}
}
