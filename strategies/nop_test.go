package strategies_test

import (
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/strategies"
)

func TestNopKeepsNothingAndCountsEverything(t *testing.T) {
	t.Parallel()
	p, err := strategies.NewNop(strategies.NopConfig{Name: "off", Registry: new(pool.Registry)})
	if err != nil {
		t.Fatal(err)
	}
	a, b := p.Get(100), p.Get(0)
	if len(a) != 100 || b == nil || len(b) != 0 {
		t.Errorf("lengths %d, %d; want 100, 0", len(a), len(b))
	}
	if s := checkLaws(t, p); s.InUse != 2 || s.InUseBytes != 100 || s.Name != "off" {
		t.Errorf("%q: %d in use, %d bytes; want 2, 100", s.Name, s.InUse, s.InUseBytes)
	}
	p.Put(a[:10])
	p.Put(b)
	p.Put(nil)
	p.Close()
	p.Close()
	p.Put(p.Get(7))
	s := checkLaws(t, p)
	if s.Requests[pool.Miss] != 2 || s.Requests[pool.RequestClosed] != 1 || s.Allocations != 3 || s.AllocatedBytes != 107 {
		t.Errorf("requests %v, %d allocations, %d bytes", s.Requests, s.Allocations, s.AllocatedBytes)
	}
	if s.Returns[pool.Refused] != 2 || s.Returns[pool.NilReturn] != 1 || s.Returns[pool.ReturnClosed] != 1 {
		t.Errorf("returns %v", s.Returns)
	}
	if !s.Closed || s.Idle != 0 || s.InUse != 0 || s.InUseBytes != 0 {
		t.Errorf("closed %v, %d idle, %d in use, %d bytes", s.Closed, s.Idle, s.InUse, s.InUseBytes)
	}
}

func TestNopRejectsATakenName(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	if _, err := strategies.NewNop(strategies.NopConfig{Name: "a", Registry: r}); err != nil {
		t.Fatal(err)
	}
	if _, err := strategies.NewNop(strategies.NopConfig{Name: "a", Registry: r}); err == nil {
		t.Error("a second pool of one name is no error")
	}
	p, err := strategies.NewNop(strategies.NopConfig{Name: "a", Registry: r, OnDuplicate: pool.Suffix})
	if err != nil || p.Name() != "a-2" {
		t.Errorf("error %v, want a pool named a-2", err)
	}
}

func TestNopPanicsOnNegativeLength(t *testing.T) {
	t.Parallel()
	p, _ := strategies.NewNop(strategies.NopConfig{})
	wantNegativePanic(t, func() { p.Get(-1) })
}

func wantNegativePanic(t *testing.T, f func()) {
	t.Helper()
	defer func() {
		if r := recover(); r != "strategies: Get of a negative length" {
			t.Errorf("panic %v", r)
		}
	}()
	f()
}

func BenchmarkNop(b *testing.B) {
	p, _ := strategies.NewNop(strategies.NopConfig{})
	b.Run("nop", func(b *testing.B) {
		for b.Loop() {
			p.Put(p.Get(1024))
		}
	})
	b.Run("make", func(b *testing.B) {
		var x []byte
		for b.Loop() {
			x = make([]byte, 1024)
			nopSink = x
		}
	})
}

var nopSink []byte
