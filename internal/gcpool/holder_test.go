package gcpool

import (
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/otelpool/pool/internal/testcost"
)

// A goroutine may be stopped between taking an object and counting it, across any number of
// collections: until it goes on, its generation is not counted as dropped, and nobody
// else takes from it.
func TestAGenerationInUseIsCountedWhenItIsNotAnyMore(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var p Pool
	var tally Tally
	tally.Of(&p)
	for range 3 {
		p.Put(nil, new([64]byte))
	}
	inUse := p.now.Load()
	runtime.GC()
	testcost.Until(t, "its time is over", func() bool { return p.At(0) == nil })
	testcost.Until(t, "it had its time", func() bool { runtime.GC(); return p.now.Load().past.Load() })
	for range 5 {
		runtime.GC()
	}
	if x := p.Get(); x != nil || tally.Counts().Collected != 0 {
		t.Errorf("got %v from it, %+v", x, tally.Counts())
	}
	x := inUse.slot(0).Take()
	runtime.KeepAlive(inUse)
	testcost.Until(t, "the other two are counted", func() bool { runtime.GC(); return tally.Counts().Collected > 0 })
	if c := tally.Counts(); x == nil || c.Hits != 1 || c.Collected != 2 || c.Idle() != 0 {
		t.Errorf("took %v, %+v", x, c)
	}
	runtime.KeepAlive(&p)
}

// The same while the next generation is in use, which goes on counting meanwhile.
func TestANextGenerationLivesLongerThanUsual(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var p Pool
	var tally Tally
	tally.Of(&p)
	p.Put(nil, new([64]byte))
	inUse := p.now.Load()
	runtime.GC()
	testcost.Until(t, "its time is over", func() bool { return p.At(0) == nil })
	p.Put(nil, new([64]byte))
	second := p.now.Load().number
	testcost.Until(t, "the second waits for it", func() bool { runtime.GC(); return p.now.Load().past.Load() })
	for range 5 {
		runtime.GC()
	}
	if n := p.now.Load().number; n != second || tally.Counts().Idle() != 2 {
		t.Errorf("generation %d, want %d; %+v", n, second, tally.Counts())
	}
	runtime.KeepAlive(inUse)
	testcost.Until(t, "both are counted", func() bool { runtime.GC(); return tally.Counts().Collected == 2 })
	runtime.KeepAlive(&p)
}
