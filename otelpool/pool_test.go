package otelpool_test

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/raceflag"
	"github.com/otelpool/pool/internal/testalloc"
	"github.com/otelpool/pool/internal/testcost"
	"github.com/otelpool/pool/otelpool"
)

// What a program does with a sync.Pool, it does with a Pool.
type conn struct {
	bufs otelpool.Pool
	many [2]otelpool.Pool
	otelpool.Pool
}

func (c *conn) getBuf() any { return c.bufs.Get() }

var (
	zero   otelpool.Pool
	filled = otelpool.Pool{New: newBuffer}
)

func TestPoolHasTheFormsOfSyncPool(t *testing.T) {
	c := &conn{Pool: otelpool.Pool{New: newBuffer}}
	c.New = newBuffer
	for name, p := range map[string]interface {
		Get() any
		Put(any)
	}{
		"package variable": &filled, "pointer": &otelpool.Pool{New: newBuffer}, "embedded": c,
	} {
		if _, ok := p.Get().(*bytes.Buffer); !ok {
			t.Errorf("%s: Get does not return what New makes", name)
		}
	}
	for name, p := range map[string]*otelpool.Pool{"variable": &zero, "field": &c.bufs, "element": &c.many[1], "new": new(otelpool.Pool)} {
		p.Put(nil)
		if x := p.Get(); x != nil {
			t.Errorf("%s: Get of a zero Pool = %v, want nil", name, x)
		}
	}
}

func TestPoolGivesBackWhatWasPut(t *testing.T) {
	if raceflag.On {
		t.Skip("under the race detector a sync.Pool forgets what is put")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))  // a sync.Pool, too, does not find what it has on another P
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // nor what two collections took
	var p otelpool.Pool
	want := map[any]bool{}
	for i := range 5 {
		want[i] = true
		p.Put(i)
	}
	for range 5 {
		delete(want, p.Get())
	}
	if len(want) > 0 || p.Get() != nil {
		t.Errorf("%v was put and not got back, or something else was", want)
	}
}

// used returns the entries of pool.Default in which do is counted.
func used(do func()) (entries []*pool.Entry) {
	before := make(map[*pool.Entry]uint64)
	for _, e := range pool.Default.All() {
		before[e] = calls(e)
	}
	do()
	for _, e := range pool.Default.All() {
		if calls(e) != before[e] {
			entries = append(entries, e)
		}
	}
	return entries
}

func calls(e *pool.Entry) uint64 {
	var s pool.Stats
	e.Stats(&s)
	return s.Gets() + s.Puts()
}

var uniques atomic.Int64

// unique is a name that no earlier run of the test had, whose counts would be added.
func unique(name string) string { return fmt.Sprint(name, " ", uniques.Add(1)) }

func TestPoolIsNamedForThePlaceOfItsFirstUse(t *testing.T) {
	c, d := new(conn), new(conn)
	_, _, line, _ := runtime.Caller(0)
	for want, first := range map[string]func(){
		fmt.Sprintf("otelpool_test.TestPoolIsNamedForThePlaceOfItsFirstUse.func1 pool_test.go:%d", line+2): func() { c.Get() },

		"otelpool_test.(*conn).getBuf pool_test.go:": func() { c.getBuf() },
		"otelpool_test.viaInterface pool_test.go:":   func() { viaInterface(d) },
		"otelpool_test.viaMethod pool_test.go:":      func() { viaMethod(c.many[0].Get) },
		"otelpool_test.deferred pool_test.go:":       func() { deferred(&c.many[1]) },
	} {
		entries := used(func() { first(); first() })
		if len(entries) != 1 || !strings.HasPrefix(entries[0].Name(), want) {
			t.Errorf("%d pools are used, want 1, %s", len(entries), want)
			for _, e := range entries {
				t.Log(e.Name())
			}
		}
	}
	runtime.KeepAlive(c)
	runtime.KeepAlive(d)
}

//go:noinline
func viaInterface(p interface{ Put(any) }) { p.Put(1) }

//go:noinline
func viaMethod(get func() any) { get() }

//go:noinline
func deferred(p *otelpool.Pool) { defer p.Put(1) }

func TestPoolsOfOnePlaceOrNameShareARow(t *testing.T) {
	for _, name := range []string{"", unique("shared")} {
		pools := make([]otelpool.Pool, 100)
		entries := used(func() {
			for i := range pools {
				pools[i].Name = name
				pools[i].Put(i)
				pools[i].Get()
				pools[i].Get()
			}
		})
		if len(entries) != 1 {
			t.Fatalf("name %q: %d rows, want 1", name, len(entries))
		}
		var s pool.Stats
		if entries[0].Source().Stats(&s); name != "" && (s.Gets() != 200 || s.InUse != 100) { // an earlier run may have left the place's
			t.Errorf("%d Gets and %d objects in use, want 200 and 100", s.Gets(), s.InUse)
		}
		before := calls(entries[0])
		pools = pools[50:51:51]
		if again := used(func() { pools[0].Put(1) }); len(again) != 1 || again[0] != entries[0] || calls(again[0]) != before+1 {
			t.Errorf("name %q: a later Put is not counted in the row", name)
		}
	}
}

func TestPoolsThatDieAndComeShareARow(t *testing.T) {
	const n = 20
	name := unique("comes")
	for range n {
		(&otelpool.Pool{Name: name}).Put(1)
		runtime.GC() // the pool is found to be unreachable; its cleanup may be late
	}
	var all []string
	for _, e := range pool.Default.All() {
		if strings.HasPrefix(e.Name(), name) {
			all = append(all, fmt.Sprint(e.Name(), ": ", calls(e)))
		}
	}
	if want := fmt.Sprint(name, ": ", n); len(all) != 1 || all[0] != want {
		t.Errorf("rows %q, want %q", all, want)
	}
}

func TestPoolLeavesTheNameOfAnotherKindOfPoolAlone(t *testing.T) {
	name := unique("taken")
	wrapped := otelpool.Wrap(&sync.Pool{New: newBuffer}, name)
	defer wrapped.Close()
	pools := []otelpool.Pool{{Name: name}, {Name: name}}
	if entries := used(func() { pools[0].Put(1); pools[1].Put(1) }); len(entries) != 1 || entries[0].Name() != name+"-2" {
		t.Errorf("%d rows, want one of the name %s-2", len(entries), name)
	}
}

func TestPoolTakesTheNameItIsGiven(t *testing.T) {
	p := &otelpool.Pool{Name: unique("named"), New: newBuffer}
	entries := used(func() { p.Put(p.Get()) })
	if len(entries) != 1 || entries[0].Name() != p.Name {
		t.Fatalf("%d entries, want one of the name %q", len(entries), p.Name)
	}
	var s pool.Stats
	entries[0].Stats(&s)
	if s.Strategy != "wrap" || s.Requests[pool.Miss] != 1 || s.Returns[pool.Pooled] != 1 || s.InUse != 0 {
		t.Errorf("strategy %q, %d misses, %d returns, %d in use; want wrap, 1, 1, 0",
			s.Strategy, s.Requests[pool.Miss], s.Returns[pool.Pooled], s.InUse)
	}
	runtime.KeepAlive(p)
}

func TestPoolsAreRegisteredOnceByConcurrentFirstUses(t *testing.T) {
	for range 50 {
		pools, name := new([2]otelpool.Pool), unique("races")
		var cores [8]any
		pools[0].Name, pools[1].Name = name, name
		entries := used(func() {
			var start, done sync.WaitGroup
			start.Add(1)
			for i := range cores {
				done.Go(func() {
					start.Wait()
					cores[i] = pools[i%2].Open()
					pools[i%2].Put(pools[i%2].Get())
				})
			}
			start.Done()
			done.Wait()
		})
		if len(entries) != 1 || entries[0].Name() != name || calls(entries[0]) != 16 {
			t.Fatalf("%d rows, want one, %s, with 8 Gets and 8 Puts", len(entries), name)
		}
		for i, c := range cores {
			if (c == cores[0]) != (i%2 == 0) || (c == cores[1]) != (i%2 == 1) {
				t.Fatal("a pool was opened twice, or two share objects")
			}
		}
	}
}

func TestPoolInAStructThatDiesIsWithdrawnAndKeepsItsCounts(t *testing.T) {
	e := used(func() {
		c := new(conn)
		c.bufs.Name, c.bufs.New = unique("dies"), func() any { return c } // not even this keeps it
		c.bufs.Put(c.getBuf())
	})[0]
	testcost.Until(t, "a dropped pool is withdrawn", func() bool { runtime.GC(); return e.Source() == nil })
	var s pool.Stats
	e.Stats(&s)
	if s.Gets() != 1 || s.Puts() != 1 || !s.Closed {
		t.Errorf("%d requests, %d returns, closed: %t; want 1, 1, true", s.Gets(), s.Puts(), s.Closed)
	}
}

func TestPoolStaysWhileItsStructLives(t *testing.T) {
	c := new(conn)
	c.bufs.Name = unique("stays")
	e := used(func() { c.getBuf() })[0]
	for range 5 {
		runtime.GC()
	}
	if e.Source() == nil {
		t.Error("the pool is withdrawn while its struct is in use")
	}
	c.getBuf()
}

func TestPoolDoesNotAllocate(t *testing.T) {
	if raceflag.On {
		t.Skip("under the race detector a sync.Pool forgets what is put")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // a P's first use makes its shard
	p := &otelpool.Pool{New: newBuffer}
	if n := testalloc.PerRun(200, func() { p.Put(p.Get()) }); n != 0 {
		t.Errorf("%v allocations per Get+Put, want 0", n)
	}
}
