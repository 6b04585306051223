package gcpool_test

import (
	"runtime"
	"testing"

	"github.com/otelpool/pool/internal/gcpool"
	"github.com/otelpool/pool/internal/testcost"
)

// Pools of one connection each come and go, with what they hold; nothing that was counted
// is lost, and the family is not larger than twice what there was at a time.
func TestAFamilyCountsWhatPoolsHeldThatAreGone(t *testing.T) {
	procs(t, 2)
	const rounds, pools, each = 50, 20, 5
	var f gcpool.Family
	for range rounds {
		func() {
			for range pools {
				p := new(gcpool.Pool)
				f.Join(p)
				for range each {
					p.Put(nil, new(thing))
				}
				p.Take()
				p.Count(gcpool.Miss)
			}
		}()
		runtime.GC()
		if c := f.Counts(); c.Idle()+c.Collected != c.Pooled-c.Hits {
			t.Fatalf("%+v", c)
		}
	}
	testcost.Until(t, "all is counted", func() bool { runtime.GC(); return f.Counts().Idle() == 0 })
	c := f.Counts()
	if c.Pooled != rounds*pools*each || c.Misses != rounds*pools || c.Collected != c.Pooled-c.Hits || c.Hits == 0 {
		t.Errorf("%+v", c)
	}
	if n := f.Members(); n > 4*pools {
		t.Errorf("%d members for %d pools at a time", n, pools)
	}
}

func TestAFamilyKeepsItsPoolsApartAndCountsThemTogether(t *testing.T) {
	procs(t, 1)
	var f gcpool.Family
	var a, b gcpool.Pool
	f.Join(&a)
	f.Join(&b)
	x := new(thing)
	a.Put(nil, x)
	if got := b.Take(); got != nil {
		t.Errorf("took %v from the other pool", got)
	}
	if got := a.Take(); got != x {
		t.Errorf("took %v, want %p", got, x)
	}
	b.Put(nil, new(thing))
	if c := f.Counts(); c.Pooled != 2 || c.Hits != 1 || c.Idle() != 1 {
		t.Errorf("%+v", c)
	}
	runtime.KeepAlive(&a)
	runtime.KeepAlive(&b)
}
