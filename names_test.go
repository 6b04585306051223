package pool_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/testcost"
)

func TestPublishingCostsTheSameHoweverManyThereAre(t *testing.T) {
	const few, most = 10_000, 200 * time.Millisecond
	for what, c := range map[string]struct {
		dup  pool.OnDuplicate
		name func(int) string
	}{
		"names":      {pool.Reject, func(i int) string { return fmt.Sprint("pool-", i) }},
		"duplicates": {pool.Suffix, func(int) string { return "pool" }},
		"unnamed":    {pool.Number, func(int) string { return "sync" }},
	} {
		one, two := testcost.Doubling(t, few, func(n int) []func(int) {
			r, all := new(pool.Registry), make([]*pool.Publication, n)
			publish := func(i int) {
				p, err := r.Publish(c.name(i), new(counting), c.dup)
				if err != nil {
					t.Fatal(err)
				}
				all[i] = p
			}
			return []func(int){publish, func(i int) { all[i].Release() }}
		})
		t.Logf("%s: %d in %v, %d in %v", what, few, one, 2*few, two)
		if two > one*5/2 || one >= most {
			t.Errorf("%s: %d in %v, %d in %v: want less than %v, and 2.5 times that", what, few, one, 2*few, two, most)
		}
	}
}

func TestJoiningABudgetCostsTheSameHoweverManyThereAre(t *testing.T) {
	asked := 0
	one, two := testcost.Doubling(t, 10_000, func(n int) []func(int) {
		b, leave := pool.NewBudget(0), make([]func(), n)
		join := func(i int) { leave[i] = b.Join(young{&asked}) }
		return []func(int){join, func(i int) {
			leave[i]()
			leave[i]()
			if i == n-1 {
				b.MakeRoom(1, 0)
			}
		}}
	})
	if asked != 0 {
		t.Errorf("%d members were asked after all had left", asked)
	}
	if t.Logf("10,000 in %v, 20,000 in %v", one, two); two > one*5/2 {
		t.Errorf("10,000 in %v, 20,000 in %v: want no more than 2.5 times that", one, two)
	}
}

func TestTheLeastFreeNumberIsGiven(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	open := func(name string, dup pool.OnDuplicate, want string) *pool.Publication {
		t.Helper()
		p, err := r.Publish(name, new(counting), dup)
		if err != nil || p.Name() != want {
			t.Fatalf("got %q, %v; want %q", p.Name(), err, want)
		}
		return p
	}
	one, two, three := open("s", pool.Number, "s/1"), open("s", pool.Number, "s/2"), open("s", pool.Number, "s/3")
	three.Close()
	one.Close()
	open("s/1", pool.Reject, "s/1").Close() // by its name, which is not a number's
	open("s", pool.Number, "s/1")
	open("s/3", pool.Reject, "s/3")
	fourth := open("s", pool.Number, "s/4")
	two.Close()
	fourth.Close()
	open("s", pool.Number, "s/2")
	open("s", pool.Number, "s/4")
}

func TestNamesThatAreNotUTF8AreMadeValidAndKeptApart(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	mustPublish(t, r, "tenant-\xff", new(counting))
	mustPublish(t, r, "tenant-\xfe", new(counting))
	if a, b := r.All()[0].Name(), r.All()[1].Name(); a != `tenant-\xff` || b != `tenant-\xfe` {
		t.Errorf("published as %q and %q", a, b)
	}
	if _, err := r.Publish(`tenant-\xff`, new(counting), pool.Reject); err == nil {
		t.Error("two open pools have one name")
	}
	if got := pool.ValidName("größe"); got != "größe" {
		t.Errorf("a valid name became %q", got)
	}
}

// bad is a pool that panics whatever it is asked.
type bad struct{}

func (bad) Stats(*pool.Stats)                 { panic("bad stats") }
func (bad) Samples(func(control.Sample) bool) { panic("bad samples") }

func TestASourceThatPanicsIsCaughtAndNamed(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	p := mustPublish(t, r, "bad", bad{})
	mustPublish(t, r, "good", new(counting))
	e := r.All()[0]
	if s := statsOf(e); !s.Failed || s.Name != "bad" || s.Knows != (pool.Knowledge{}) {
		t.Errorf("%+v: want nothing known", s)
	}
	if n, last := r.Panics(); n != 1 || !strings.HasPrefix(last, "pool \"bad\", Stats: bad stats\n") ||
		!strings.Contains(last, "names_test.go") {
		t.Errorf("%d panics, the last %q", n, last)
	}
	e.Samples(func(control.Sample) bool { return true })
	if n, last := r.Panics(); n != 2 || !strings.HasPrefix(last, "pool \"bad\", Samples: bad samples\n") {
		t.Errorf("%d panics, the last %q", n, last)
	}
	if s := statsOf(r.All()[1]); s.Failed || s.Idle != 3 {
		t.Errorf("the other: %+v", s)
	}
	p.Release()
	if s := statsOf(e); s.Failed || !s.Closed {
		t.Errorf("after its release: %+v", s)
	}
}

// sampled yields one sample.
type sampled struct{ counting }

func (*sampled) Samples(yield func(control.Sample) bool) { yield(control.Sample{}) }

func TestAPanicOfWhoReadsSamplesIsTheirs(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	mustPublish(t, r, "p", new(sampled))
	defer func() {
		if n, _ := r.Panics(); recover() != "mine" || n != 0 {
			t.Errorf("caught, and counted %d times", n)
		}
	}()
	for range r.All()[0].Samples {
		panic("mine")
	}
}

type badController struct{}

func (badController) ControllerStats(*control.Stats) { panic("bad controller") }

func TestAControllerThatPanicsIsCaught(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	var s control.Stats
	if r.ControllerStats(&s) {
		t.Error("a controller where there is none")
	}
	if _, err := r.AddController(badController{}); err != nil {
		t.Fatal(err)
	}
	if r.ControllerStats(&s) {
		t.Error("it panics, and told something")
	}
	if n, last := r.Panics(); n != 1 || !strings.HasPrefix(last, "controller, ControllerStats: bad controller\n") {
		t.Errorf("%d panics, the last %q", n, last)
	}
}

// usesAll is a source that uses the registry in which it is, from Stats.
type usesAll struct {
	counting
	use func()
}

func (u *usesAll) Stats(into *pool.Stats) {
	u.counting.Stats(into)
	u.use()
}

// Everything is called from every hook: a lock held around one would hang it.
func TestHooksRunOutsideEveryLock(t *testing.T) {
	t.Parallel()
	r, inside := new(pool.Registry), false
	everything := func() {
		if inside {
			return // hooks call hooks
		}
		inside = true
		defer func() { inside = false }()
		p := mustPublish(t, r, "inner", new(counting))
		for _, e := range r.All() {
			statsOf(e)
		}
		p.Release()
		r.OnMisuse(func(pool.Misuse) {})()
		r.OnWait(func(string, time.Duration) {})()
		r.ObserveMisuse(pool.Misuse{})
		r.ObserveWait("inner", 1)
		r.Budget().Reclaim()
		r.Panics()
		r.ControllerStats(new(control.Stats))
	}
	done := make(chan bool)
	go func() {
		defer close(done)
		p := mustPublish(t, r, "outer", &usesAll{use: everything})
		r.OnMisuse(func(pool.Misuse) { everything() })
		r.OnWait(func(string, time.Duration) { everything() })
		if _, err := r.AddController(hooked(everything)); err != nil {
			t.Error(err)
		}
		r.ObserveMisuse(pool.Misuse{})
		p.ObserveWait(1)
		statsOf(r.All()[0])
		r.ControllerStats(new(control.Stats))
		p.Release() // reads Stats for the last time
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("a hook hangs: it is called under a lock")
	}
	if n, last := r.Panics(); n != 0 {
		t.Errorf("%d panics, the last %s", n, last)
	}
}

type hooked func()

func (h hooked) ControllerStats(*control.Stats) { h() }
