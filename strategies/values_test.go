package strategies_test

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/raceghost"
	"github.com/otelpool/pool/internal/testalloc"
	"github.com/otelpool/pool/internal/testcost"
	"github.com/otelpool/pool/strategies"
)

type point struct{ x, y int }

func TestAZeroValuesGivesBackWhatWasPut(t *testing.T) {
	t.Parallel()
	var v strategies.Values[point]
	if got := v.Get(); got != (point{}) {
		t.Errorf("an empty pool has %v, want the zero value", got)
	}
	want := []point{{1, 2}, {3, 4}, {5, 6}}
	for _, x := range want {
		v.Put(x)
	}
	for range 100 { // they lie on some P
		x := v.Get()
		if i := slices.Index(want, x); i >= 0 {
			want = slices.Delete(want, i, i+1)
		} else if x != (point{}) {
			t.Fatalf("%v was never put", x)
		}
	}
	if len(want) > 0 {
		t.Errorf("%v did not come back", want)
	}
}

func TestValuesOfAnEmptyPoolAreNew(t *testing.T) {
	t.Parallel()
	v := strategies.Values[[]int]{New: func() []int { return make([]int, 0, 100) }}
	if got := v.Get(); cap(got) != 100 {
		t.Errorf("capacity %d, want New's 100", cap(got))
	}
}

func TestValuesCountTheArraysOfSlices(t *testing.T) {
	t.Parallel()
	name := unique("values")
	v := strategies.Values[[]float64]{Name: name}
	b := v.Get()
	if b != nil {
		t.Errorf("%v, want nil", b)
	}
	v.Put(make([]float64, 3, 1000)) // what it grew to
	var s pool.Stats
	v.Stats(&s)
	if s.Name != name || s.Gets() != 1 || s.Puts() != 1 || s.InUse != 0 || s.IdleBytes < 8000 || s.IdleBytes > 8100 {
		t.Errorf("%s: %d Gets, %d Puts, %d in use, %d bytes idle; want 1, 1, 0, some 8000 of %s",
			s.Name, s.Gets(), s.Puts(), s.InUse, s.IdleBytes, name)
	}
}

func TestABoxKeepsNothingThatWasTaken(t *testing.T) {
	t.Cleanup(raceghost.Pause()) // a ghost's writes are no use
	var v strategies.Values[[]*int]
	gone := make(chan struct{})
	x := new(int)
	runtime.AddCleanup(x, func(gone chan struct{}) { close(gone) }, gone)
	v.Put([]*int{x})
	for range 100 { // it lies on some P
		if v.Get() != nil {
			break
		}
	}
	testcost.Until(t, "what was taken is collected", func() bool {
		runtime.GC()
		select {
		case <-gone:
			return true
		default:
			return false
		}
	})
	runtime.KeepAlive(&v)
}

func TestANamedValuesThatDiesIsWithdrawn(t *testing.T) {
	name := unique("values that die")
	func() {
		v := &strategies.Values[point]{Name: name, New: func() point { return point{1, 1} }}
		v.Put(v.Get())
	}()
	testcost.Until(t, "a dropped pool is withdrawn", func() bool {
		runtime.GC()
		i := slices.IndexFunc(pool.Default.All(), func(e *pool.Entry) bool { return e.Name() == name })
		return i < 0 || pool.Default.All()[i].Source() == nil
	})
}

func TestValuesBelongToOneUserEachConcurrentSafe(t *testing.T) {
	t.Parallel()
	v := strategies.Values[[]int]{New: func() []int { return make([]int, 8) }}
	var wg sync.WaitGroup
	for id := range 8 {
		wg.Go(func() {
			for range 2000 {
				b := v.Get()
				for i := range b {
					b[i] = id
				}
				runtime.Gosched()
				if slices.ContainsFunc(b, func(x int) bool { return x != id }) {
					t.Error("a slice in use was written by another")
					return
				}
				v.Put(b)
			}
		})
	}
	wg.Wait()
	var s pool.Stats
	if v.Stats(&s); s.InUse != 0 || s.Gets() != 16_000 {
		t.Errorf("%d in use of %d Gets, want 0 of 16000", s.InUse, s.Gets())
	}
}

// Structs without pointers have one size, and so another way into the cell.
func TestStructsArriveWholeConcurrentSafe(t *testing.T) {
	t.Parallel()
	v := strategies.Values[point]{New: func() point { return point{} }}
	var wg sync.WaitGroup
	for id := range 8 {
		wg.Go(func() {
			for range 2000 {
				if p := v.Get(); p.x != p.y {
					t.Errorf("got %v, which nobody put", p)
				}
				v.Put(point{id, id})
				runtime.Gosched()
			}
		})
	}
	wg.Wait()
	var s pool.Stats
	if v.Stats(&s); s.InUse != 0 || s.Gets() != 16_000 {
		t.Errorf("%d in use of %d Gets, want 0 of 16000", s.InUse, s.Gets())
	}
}

// Ps that come have no box yet.
func TestValuesOnPsThatComeAndGo(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var v strategies.Values[[]int]
	v.Put(make([]int, 1))
	var wg sync.WaitGroup
	for n := range 12 {
		runtime.GOMAXPROCS(1 + n%4)
		for range 4 {
			wg.Go(func() {
				for range 500 {
					x := append(v.Get()[:0], 1)
					runtime.Gosched()
					v.Put(x)
				}
			})
		}
		runtime.Gosched()
	}
	wg.Wait()
	var s pool.Stats
	if v.Stats(&s); s.InUse != 0 || s.Gets() != 24_000 || s.Requests[pool.Miss] > 1000 {
		t.Errorf("%d in use, %d Gets, %d misses; want 0, 24000, few", s.InUse, s.Gets(), s.Requests[pool.Miss])
	}
}

func TestValuesDoNotAllocate(t *testing.T) {
	var slices strategies.Values[[]byte]
	var structs strategies.Values[point]
	slices.Put(make([]byte, 100))
	structs.Put(point{1, 2})
	if n := testalloc.PerRun(200, func() { slices.Put(slices.Get()) }); n != 0 {
		t.Errorf("%v allocations per Get and Put of a slice, want 0", n)
	}
	if n := testalloc.PerRun(200, func() { structs.Put(structs.Get()) }); n != 0 {
		t.Errorf("%v allocations per Get and Put of a struct, want 0", n)
	}
}

// BenchmarkValues has a sync.Pool of pointers, which their users have to keep, and one
// of slices, whose Put allocates a header, and two sync.Pools of boxes, as zeropool has.
func BenchmarkValues(b *testing.B) {
	var values strategies.Values[[]byte]
	pointers := sync.Pool{New: func() any { return new([]byte) }}
	var headers sync.Pool
	boxes := twoPools{full: sync.Pool{New: func() any { return new([]byte) }}, empty: sync.Pool{New: func() any { return new([]byte) }}}
	for _, p := range []struct {
		name string
		pair func()
	}{
		{"values", func() { values.Put(append(values.Get()[:0], 1)) }},
		{"two", func() { boxes.put(append(boxes.get()[:0], 1)) }},
		{"pointers", func() {
			x := pointers.Get().(*[]byte)
			*x = append((*x)[:0], 1)
			pointers.Put(x)
		}},
		{"headers", func() {
			x, _ := headers.Get().([]byte)
			headers.Put(append(x[:0], 1)) //nolint:staticcheck // SA6002: its cost is shown here
		}},
	} {
		b.Run("pool="+p.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.pair()
			}
		})
	}
}

type twoPools struct{ full, empty sync.Pool }

func (p *twoPools) get() []byte {
	box := p.full.Get().(*[]byte)
	x := *box
	*box = nil
	p.empty.Put(box)
	return x
}

func (p *twoPools) put(x []byte) {
	box := p.empty.Get().(*[]byte)
	*box = x
	p.full.Put(box)
}

var uniques atomic.Int64

// unique is a name that no earlier run of the test had.
func unique(prefix string) string { return fmt.Sprint(prefix, " ", uniques.Add(1)) }

// Slices of values with pointers, say, are measured by who knows.
func TestValuesCountWhatSizeSays(t *testing.T) {
	t.Parallel()
	v := strategies.Values[[]*point]{Size: func(x *[]*point) int64 { return int64(cap(*x)) * 100 }}
	v.Put(make([]*point, 7))
	var s pool.Stats
	if v.Stats(&s); s.IdleBytes != 700 {
		t.Errorf("%d bytes idle, want 700", s.IdleBytes)
	}
}
