package strategies_test

import (
	"errors"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/raceflag"
	"github.com/otelpool/pool/strategies"
)

var errBroken = errors.New("no connection")

// fallible is a pool whose New may fail.
type fallible interface {
	pool.Objects[charge]
	pool.Source
	GetE() (*charge, error)
	Warm(n int) int
	SetMode(control.Mode)
	Close()
}

// fallibles are pools of every kind on the functions.
func fallibles(r *pool.Registry, newT func() *charge, newE func() (*charge, error)) map[string]fallible {
	all := map[string]fallible{
		"sync": strategies.Must(strategies.NewSync(strategies.SyncConfig[charge]{Registry: r, Name: "sync", New: newT, NewE: newE})),
		"sized": strategies.Must(strategies.NewBounded(strategies.BoundedConfig[charge]{
			Registry: r, Name: "sized", New: newT, NewE: newE, Size: func(*charge) int64 { return 64 },
		})),
	}
	for _, s := range []strategies.Safety{strategies.SafetySampled, strategies.SafetyOff, strategies.SafetyStrict} {
		all[s.String()] = strategies.Must(
			strategies.NewBounded(strategies.BoundedConfig[charge]{Registry: r, Name: s.String(), New: newT, NewE: newE, Safety: s}),
		)
	}
	return all
}

func TestANewThatFailsGivesItsErrorAndLeaksNothing(t *testing.T) {
	t.Parallel()
	broken := true
	newE := func() (*charge, error) {
		if broken {
			return nil, errBroken
		}
		return new(charge), nil
	}
	for name, p := range fallibles(new(pool.Registry), nil, newE) {
		broken = true
		for range 1000 {
			if x := p.Get(); x != nil {
				t.Fatalf("%s: got %v", name, x)
			}
			if x, err := p.GetE(); x != nil || !errors.Is(err, errBroken) {
				t.Fatalf("%s: got %v, %v", name, x, err)
			}
		}
		if n := p.Warm(3); n != 0 {
			t.Errorf("%s: warmed %d", name, n)
		}
		s := checkLaws(t, p)
		if s.Requests[pool.RequestFailed] != 2000 || s.Gets() != 2000 || s.InUse != 0 || s.Idle != 0 || s.Allocations != 0 ||
			s.AllocatedBytes != 0 {
			t.Errorf("%s: requests %v, %d in use, %d idle, %d allocations of %d bytes; want 2,000 failed alone",
				name, s.Requests, s.InUse, s.Idle, s.Allocations, s.AllocatedBytes)
		}
		if s.Misuse[pool.MisuseConfig] != 0 {
			t.Errorf("%s: a NewE that fails is misuse", name)
		}
		broken = false
		x, err := p.GetE()
		if x == nil || err != nil {
			t.Fatalf("%s: got %v, %v when it works again", name, x, err)
		}
		p.Put(x)
		broken = true
		if y, err := p.GetE(); y == nil || err != nil {
			if !raceflag.On || name != "sync" { // a sync.Pool drops at random under the race detector
				t.Errorf("%s: %v with one idle", name, err)
			}
		} else {
			p.Put(y)
		}
		if s := checkLaws(t, p); s.InUse != 0 {
			t.Errorf("%s: %d in use afterwards", name, s.InUse)
		}
		p.SetMode(control.ModeCount)
		p.Get()
		p.Close()
		p.Get()
		if s := checkLaws(t, p); s.InUse != 0 || s.Requests[pool.RequestFailed] < 2002 {
			t.Errorf("%s: requests %v, %d in use; want one more failed by the mode, and one after Close", name, s.Requests, s.InUse)
		}
	}
}

func TestANewThatReturnsNilIsToldOnceAndLeaksNothing(t *testing.T) {
	t.Parallel()
	for name := range fallibles(new(pool.Registry), func() *charge { return nil }, nil) {
		r := new(pool.Registry)
		got := observe(r)
		p := fallibles(r, func() *charge { return nil }, nil)[name]
		for range 8 {
			getNothing(t, p)
		}
		if n := p.Warm(3); n != 0 {
			t.Errorf("%s: warmed %d", name, n)
		}
		s := checkLaws(t, p)
		if s.Gets() != 8 || s.Requests[pool.RequestFailed] != 8 || s.InUse != 0 || s.Idle != 0 || s.IdleBytes != 0 {
			t.Errorf("%s: requests %v, %d in use, %d idle; want 8 failed alone", name, s.Requests, s.InUse, s.Idle)
		}
		told := got.of(pool.MisuseConfig)
		if name == "off" && !debugBuild {
			if len(told) > 0 {
				t.Errorf("off: told %v", told)
			}
			continue
		}
		if len(told) == 0 || !begins(told[0].Late, "getNothing") || told[0].Pool != name || told[0].Detail != "New returned nil" {
			t.Errorf("%s: told %v, want of getNothing", name, told)
		}
		if s.Misuse[pool.MisuseConfig] < 8 {
			t.Errorf("%s: %d times counted", name, s.Misuse[pool.MisuseConfig])
		}
	}
}

//go:noinline
func getNothing(t *testing.T, p fallible) {
	if x := p.Get(); x != nil {
		t.Fatalf("got %v", x)
	}
}

func TestNewAndNewETogetherAreRefused(t *testing.T) {
	t.Parallel()
	one, other := func() *int { return nil }, func() (*int, error) { return nil, nil }
	_, err := strategies.NewBounded(strategies.BoundedConfig[int]{New: one, NewE: other})
	_, err2 := strategies.NewSync(strategies.SyncConfig[int]{New: one, NewE: other})
	for _, err := range []error{err, err2} {
		if err == nil || !contains(err.Error(), "Config.NewE is set, and New too: give one of them") {
			t.Errorf("error %v", err)
		}
	}
}
