package strategies_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/strategies"
)

// bombs are functions of a config that panic when they are told to.
type bombs struct {
	lit             atomic.Value // the name of one
	made, discarded atomic.Int64
}

func (b *bombs) set(name string) { b.lit.Store(name) }

func (b *bombs) at(name string) {
	if b.lit.Load() == name {
		panic("the bomb in " + name)
	}
}

// fails runs f and reports whether it panicked.
func fails(f func()) (failed bool) {
	defer func() { failed = recover() != nil }()
	f()
	return false
}

type charge [64]byte

// minedPool is a pool of objects with all the functions that it knows.
type minedPool interface {
	pool.Objects[charge]
	pool.Source
	Warm(n int) int
	Close()
}

func mined(b *bombs, r *pool.Registry) map[string]minedPool {
	newCharge := func() *charge { b.at("New"); b.made.Add(1); return new(charge) }
	keep := func(*charge) bool { b.at("Keep"); return true }
	reset := func(*charge) { b.at("Reset") }
	discard := func(*charge) { b.discarded.Add(1); b.at("Discard") }
	return map[string]minedPool{
		"bounded": strategies.Must(strategies.NewBounded(strategies.BoundedConfig[charge]{
			Registry: r, Name: "bounded", New: newCharge, Keep: keep, Reset: reset, Discard: discard, MaxIdle: 4,
		})),
		"sized": strategies.Must(strategies.NewBounded(strategies.BoundedConfig[charge]{
			Registry: r, Name: "sized", New: newCharge, Keep: keep, Reset: reset, Discard: discard, Limit: 4 * 64,
			Size: func(*charge) int64 { b.at("Size"); return 64 },
		})),
		"sync": strategies.Must(strategies.NewSync(strategies.SyncConfig[charge]{
			Registry: r, Name: "sync", New: newCharge, Keep: keep, Reset: reset,
		})),
	}
}

// A panic in New, Keep, Reset or Size is the caller's. The pool counts what did
// not come of it, and works as before.
func TestAPanicInTheCallersOwnCallLeavesCountsRightAndThePoolUsable(t *testing.T) {
	t.Parallel()
	b, r := new(bombs), new(pool.Registry)
	for name, p := range mined(b, r) {
		b.set("New")
		if !fails(func() { p.Get() }) || !fails(func() { p.Warm(1) }) {
			t.Errorf("%s hides a panic in New", name)
		}
		if s := checkLaws(t, p); s.InUse != 0 {
			t.Errorf("%s: %d in use after New panicked", name, s.InUse)
		}
		for _, hook := range []string{"Keep", "Reset", "Size"} {
			b.set("")
			x := p.Get()
			before := snapshot(p)
			b.set(hook)
			failed := fails(func() { p.Put(x) })
			if hook == "Size" && name != "sized" {
				continue // it has none
			}
			s := checkLaws(t, p)
			if !failed || s.InUse != 0 || s.Returns[pool.Refused] != before.Returns[pool.Refused]+1 ||
				s.Returns[pool.Pooled] != before.Returns[pool.Pooled] {
				t.Errorf("%s: Put panicked %v in %s: returns %v, %d in use", name, failed, hook, s.Returns, s.InUse)
			}
		}
		b.set("")
		hits := snapshot(p).Requests[pool.Hit]
		for range 100 {
			p.Put(p.Get())
		}
		if s := checkLaws(t, p); s.InUse != 0 || s.Requests[pool.Hit] < hits+40 { // a sync.Pool under the race detector drops a quarter
			t.Errorf("%s afterwards: %d in use, %d hits of 100", name, s.InUse, s.Requests[pool.Hit]-hits)
		}
		p.Close()
	}
	if n, last := r.Panics(); n != 0 {
		t.Errorf("%d panics were caught: %s", n, last)
	}
}

// Whatever panics, wherever: what was made is discarded, once.
func TestWhateverPanicsWhatWasMadeIsDiscarded(t *testing.T) {
	t.Parallel()
	for _, safety := range []strategies.Safety{strategies.SafetySampled, strategies.SafetyStrict, strategies.SafetyOff} {
		for _, hook := range []string{"", "New", "Keep", "Reset", "Size", "Discard"} {
			b, r := new(bombs), new(pool.Registry)
			b.set("")
			p := strategies.Must(strategies.NewBounded(strategies.BoundedConfig[charge]{
				Registry: r, Name: "mined", Safety: safety, Limit: 6 * 64,
				New:     func() *charge { b.at("New"); b.made.Add(1); return new(charge) },
				Keep:    func(*charge) bool { b.at("Keep"); return true },
				Reset:   func(*charge) { b.at("Reset") },
				Size:    func(*charge) int64 { b.at("Size"); return 64 },
				Discard: func(*charge) { b.discarded.Add(1); b.at("Discard") },
			}))
			bang := func(f func()) { // now and then, and whatever was taken is put
				if b.set(""); rand.IntN(3) == 0 {
					b.set(hook)
				}
				fails(f)
				b.set("")
			}
			for range 300 {
				var x *charge
				bang(func() { x = p.Get() })
				bang(func() { p.Warm(2) })
				if x != nil {
					bang(func() { p.Put(x) })
				}
				bang(func() { p.Trim(64) })
				bang(func() { p.SetLimit(int64(1+rand.IntN(6)) * 64) })
			}
			if s := checkLaws(t, p); s.InUse != 0 {
				t.Errorf("%v, %s: %d in use", safety, hook, s.InUse)
			}
			bang(p.Close)
			if made, gone := b.made.Load(), b.discarded.Load(); made != gone {
				t.Errorf("%v, %s: %d were made and %d discarded", safety, hook, made, gone)
			}
			if n, last := r.Panics(); (n > 0) != (hook == "Discard") || n > 0 && !strings.Contains(last, "the bomb in Discard") {
				t.Errorf("%v, %s: %d panics were caught: %s", safety, hook, n, last)
			}
		}
	}
}

// What New could not make must not stay charged to the limit.
func TestAPanicWhileWarmingTakesNoRoom(t *testing.T) {
	t.Parallel()
	b, r := new(bombs), new(pool.Registry)
	for name, p := range mined(b, r) {
		b.set("New")
		for range 10 {
			fails(func() { p.Warm(1) })
		}
		b.set("")
		if warmed := p.Warm(4); warmed != 4 {
			t.Errorf("%s: %d of 4 fit", name, warmed)
		}
		checkLaws(t, p)
	}
}

func TestAPanicWhilePrewarmingTakesNoName(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	open := func(name string, f func() *charge) (err error) {
		_, err = strategies.NewBounded(strategies.BoundedConfig[charge]{Name: name, Registry: r, New: f, Prewarm: 1})
		_, err2 := strategies.NewSync(strategies.SyncConfig[charge]{Name: name + "2", Registry: r, New: f, Prewarm: 1})
		if err == nil {
			err = err2
		}
		return err
	}
	if !fails(func() { _ = open("mine", func() *charge { panic("not yet") }) }) {
		t.Error("the panic is hidden")
	}
	if err := open("mine", func() *charge { return new(charge) }); err != nil {
		t.Error(err)
	}
}

// A panic in Discard is nobody's who could do something about it: it is caught
// wherever it comes from, the object is dropped, those after it too, and Panics
// says what it was.
func TestAPanicInDiscardIsCaughtAndStopsNothing(t *testing.T) {
	t.Parallel()
	b, r := new(bombs), new(pool.Registry)
	var discards int64
	for name, p := range mined(b, r) {
		q, ok := p.(control.Resizable)
		if !ok {
			continue // no Discard
		}
		b.set("")
		fill := func() {
			var held []*charge
			for range 10 {
				held = append(held, p.Get())
			}
			for _, x := range held { // 4 are kept
				p.Put(x)
			}
		}
		b.set("Discard")
		fill()
		q.SetLimit(2 * 64)
		q.Trim(64)
		if s := checkLaws(t, p); s.Idle > 1 {
			t.Errorf("%s: %d idle", name, s.Idle)
		}
		q.SetLimit(4 * 64)
		r.Budget().SetLimit(0) // what idles now goes by way of the budget
		fill()
		r.Budget().Reclaim()
		r.Budget().SetLimit(pool.Unlimited)
		if s := checkLaws(t, p); s.Idle != 0 || s.InUse != 0 || r.Budget().Used() != 0 {
			t.Errorf("%s: %d idle, %d in use, %d charged", name, s.Idle, s.InUse, r.Budget().Used())
		}
		fill()
		p.Close()
		s := checkLaws(t, p)
		if s.Idle != 0 || s.InUse != 0 || !s.Closed || r.Budget().Used() != 0 {
			t.Errorf("%s closed: %d idle, %d in use, %d charged", name, s.Idle, s.InUse, r.Budget().Used())
		}
		p.Put(p.Get())
		discards = b.discarded.Load()
		if made := b.made.Load(); made != discards {
			t.Errorf("%s: %d were made and %d discarded", name, made, discards)
		}
	}
	if n, last := r.Panics(); int64(n) != discards || !strings.Contains(last, "the bomb in Discard") ||
		!strings.Contains(last, "panic_test.go") {
		t.Errorf("%d panics of %d Discards, the last: %s", n, discards, last)
	}
}

// The same from the runtime's goroutine for cleanups, where a panic would end the
// program.
func TestAPanicInDiscardOfADroppedPoolIsCaught(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	func() {
		p := strategies.Must(strategies.NewBounded(strategies.BoundedConfig[charge]{
			Registry: r, Name: "dropped", New: func() *charge { return new(charge) },
			Discard: func(*charge) { panic("too late") }, Prewarm: 3,
		}))
		p.Put(p.Get())
	}()
	if !collectUntil(func() bool { n, _ := r.Panics(); return n >= 3 && r.All()[0].Source() == nil }) {
		n, last := r.Panics()
		t.Errorf("%d panics, want 3 or more: %s", n, last)
	}
	if s := checkLaws(t, r.All()[0]); s.Idle != 0 || !s.Closed {
		t.Errorf("%d idle, closed: %v", s.Idle, s.Closed)
	}
}

// An observer that panics must not cost the waiter the buffer it waited for.
func TestAPanicInAWaitObserverLosesNoBuffer(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	told := 0
	r.OnWait(func(string, time.Duration) { panic("no") })
	r.OnWait(func(string, time.Duration) { told++ })
	p := strategies.Must(strategies.NewFixed(strategies.FixedConfig{Name: "fixed", Registry: r, Size: 64, Count: 1}))
	held := p.Get()
	got := make(chan []byte)
	go func() {
		b, _ := p.Acquire(context.Background())
		got <- b
	}()
	for snapshot(p).Pending == 0 {
		time.Sleep(time.Millisecond)
	}
	p.Put(held)
	p.Put(<-got)
	if s := checkLaws(t, p); s.Idle != 1 || s.InUse != 0 || told != 1 {
		t.Errorf("%d idle, %d in use, %d told", s.Idle, s.InUse, told)
	}
	if n, _ := r.Panics(); n != 1 {
		t.Errorf("%d panics", n)
	}
}
