package strategies_test

import (
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/strategies"
)

// The runtime has one goroutine for all cleanups. What a program gave to a pool that
// is dropped may hang there.
func TestWhatHangsInADroppedPoolHoldsUpNoCleanup(t *testing.T) {
	leave := make(chan struct{})
	defer close(leave)
	var hung atomic.Int64
	hang := func() {
		hung.Add(1)
		<-leave
	}
	r := new(pool.Registry)
	defer r.OnMisuse(func(pool.Misuse) { hang() })()
	for range 10 {
		p := strategies.Must(strategies.NewBounded(strategies.BoundedConfig[charge]{
			New: func() *charge { return new(charge) }, Discard: func(*charge) { hang() }, Prewarm: 1,
		}))
		p.Put(p.Get())
	}
	strict := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{
		Name: "strict", Registry: r, Safety: strategies.SafetyStrict,
	}))
	defer strict.Close()
	_ = strict.Get(100) // lost: the observer is told, on the same goroutine
	if !collectUntil(func() bool { return hung.Load() == 11 }) {
		t.Fatalf("%d calls hang, want 11: a cleanup waits for one", hung.Load())
	}
	var ran atomic.Bool
	type own struct{ _ *own }
	runtime.AddCleanup(new(own), func(ran *atomic.Bool) { ran.Store(true) }, &ran)
	if !collectUntil(ran.Load) {
		t.Error("a cleanup of the program's did not run")
	}
}
