package strategies_test

import (
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/strategies"
)

//go:noinline
func putElsewhere(p *strategies.Bounded[charge], x *charge) { p.Put(x) }

func TestAnObjectOfAnotherPoolIsForeign(t *testing.T) {
	t.Parallel()
	for _, safety := range []strategies.Safety{strategies.SafetyStrict, strategies.SafetySampled, strategies.SafetyOff} {
		r := new(pool.Registry)
		got := observe(r)
		open := func(name string) *strategies.Bounded[charge] {
			return strategies.Must(strategies.NewBounded(strategies.BoundedConfig[charge]{
				Name: name, Registry: r, Safety: safety, New: func() *charge { return new(charge) },
			}))
		}
		mine, other := open("mine"), open("other")
		defer mine.Close()
		defer other.Close()
		for range 100 {
			putElsewhere(other, mine.Get())
		}
		other.Put(other.Get())
		s := checkLaws(t, other)
		if s.InUse < 0 || s.InUseBytes < 0 {
			t.Errorf("%v: %d in use, %d bytes", safety, s.InUse, s.InUseBytes)
		}
		if strict := safety == strategies.SafetyStrict || debugBuild; strict {
			told := got.of(pool.MisuseForeign)
			if len(told) != 1 || told[0].Pool != "other" || !begins(told[0].Late, "putElsewhere") {
				t.Errorf("told %v, want of putElsewhere", told)
			}
			if s.Returns[pool.Foreign] != 100 || s.Misuse[pool.MisuseForeign] != 100 || s.Idle != 1 {
				t.Errorf("returns %v, misuse %v, %d idle; want 100 foreign and 1 idle", s.Returns, s.Misuse, s.Idle)
			}
		}
	}
}

// What a strict pool hands out while it does not look, or cannot, is not foreign.
func TestAStrictPoolKnowsItsOwn(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	got := observe(r)
	var global [3]charge // the collector never takes them, so they cannot be stand-ins
	next := 0
	p := strategies.Must(strategies.NewBounded(strategies.BoundedConfig[charge]{
		Name: "mine", Registry: r, Safety: strategies.SafetyStrict, MaxIdle: 1,
		New: func() *charge {
			if next++; next <= len(global) {
				return &global[next-1]
			}
			return new(charge)
		},
	}))
	var held []*charge
	take := func(n int) {
		for range n {
			held = append(held, p.Get())
		}
	}
	putAll := func() {
		for _, x := range held {
			p.Put(x)
		}
		held = nil
	}
	take(10)
	putAll()
	take(5)
	p.SetMode(control.ModeOff)
	take(5)
	p.SetMode(control.ModeCount)
	take(5)
	p.SetMode(control.ModeOn)
	putAll()
	take(5)
	p.SetMode(control.ModeOff)
	putAll()
	p.SetMode(control.ModeOn)
	take(5)
	p.Close()
	take(5)
	putAll()
	if s := snapshot(p); len(got.all) > 0 || s.Returns[pool.Foreign] > 0 {
		t.Errorf("accused: %v, returns %v", got.all, s.Returns)
	}
}
