package otelpool_test

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
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

// opened returns the entries of the pools that do opens in pool.Default.
func opened(do func()) (entries []*pool.Entry) {
	before := sources()
	do()
	for _, e := range pool.Default.All() {
		if s := e.Source(); s != nil && !slices.Contains(before, s) {
			entries = append(entries, e)
		}
	}
	return entries
}

var uniques atomic.Int64

// unique is a name that no earlier run of the test had, whose counts would be added.
func unique(name string) string { return fmt.Sprint(name, " ", uniques.Add(1)) }

func sources() (all []pool.Source) {
	for _, e := range pool.Default.All() {
		if s := e.Source(); s != nil {
			all = append(all, s)
		}
	}
	return all
}

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
		entries := opened(func() { first(); first() })
		if len(entries) != 1 || !strings.HasPrefix(entries[0].Name(), want) {
			t.Errorf("%d pools are registered, want 1, %s", len(entries), want)
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

func TestPoolsOfOnePlaceAreTheFirstTheSecondAndSoOn(t *testing.T) {
	pools := make([]otelpool.Pool, 3)
	var names []string
	for _, e := range opened(func() {
		for i := range pools {
			pools[i].Get()
		}
	}) {
		names = append(names, e.Name())
	}
	place := strings.TrimRight(strings.TrimSuffix(names[0], "-2"), "0123456789")
	if len(names) != 3 || !strings.HasPrefix(place, "otelpool_test.TestPoolsOfOnePlace") || !strings.HasPrefix(names[2], place) {
		t.Errorf("names %q, want one place and a number from the second on", names)
	}
	runtime.KeepAlive(pools)
}

func TestPoolTakesTheNameItIsGiven(t *testing.T) {
	p := &otelpool.Pool{Name: unique("named"), New: newBuffer}
	if n := len(opened(func() {})); n != 0 {
		t.Errorf("%d pools before the first use", n)
	}
	entries := opened(func() { p.Put(p.Get()) })
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

func TestPoolIsRegisteredOnceByConcurrentFirstUses(t *testing.T) {
	for i := range 50 {
		c := new(conn)
		entries := opened(func() {
			var start, done sync.WaitGroup
			start.Add(1)
			for range 8 {
				done.Go(func() { start.Wait(); c.bufs.Put(c.getBuf()) })
			}
			start.Done()
			done.Wait()
		})
		if len(entries) != 1 {
			t.Fatalf("pool %d is registered %d times", i, len(entries))
		}
		var s pool.Stats
		if entries[0].Source().Stats(&s); s.Gets() != 8 || s.Puts() != 8 {
			t.Fatalf("%d Gets and %d Puts are counted, want 8 and 8", s.Gets(), s.Puts())
		}
		runtime.KeepAlive(c)
	}
}

func TestPoolInAStructThatDiesIsWithdrawnAndKeepsItsCounts(t *testing.T) {
	e := opened(func() {
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
	e := opened(func() { c.getBuf() })[0]
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
