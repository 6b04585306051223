package pooltest

import (
	"fmt"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

// idleBytes returns the bytes held idle. It skips the test if the pool cannot know.
func (s subject) idleBytes(t *testing.T) int64 {
	t.Helper()
	stats := statsOf(as[pool.Source](t, s))
	if !stats.Knows.Has(pool.KnowsIdleBytes) {
		t.Skip("the pool does not know how many bytes it holds")
	}
	return stats.IdleBytes
}

func checkLimit(t *testing.T, s subject) {
	r := as[control.Resizable](t, s)
	first := r.Limit()
	s.hold(100)()
	all := s.idleBytes(t)
	for _, asked := range []int64{all, all / 2, 100, 0, -1, first} {
		limit := setLimit(t, r, asked)
		s.checkWithin(t, limit, fmt.Sprintf("SetLimit(%d)", asked))
		s.hold(100)()
		s.checkWithin(t, limit, "100 Gets and Puts")
	}
}

func (s subject) checkWithin(t *testing.T, limit int64, after string) {
	t.Helper()
	if idle := s.idleBytes(t); idle > limit {
		t.Errorf("%d bytes are idle after %s with a limit of %d", idle, after, limit)
	}
}

// setLimit returns the limit set, which is 0 for a negative one.
func setLimit(t *testing.T, r control.Resizable, asked int64) int64 {
	limit := r.SetLimit(asked)
	if r.Limit() != limit {
		t.Errorf("SetLimit(%d) returned %d: Limit is %d", asked, limit, r.Limit())
	}
	if asked < 0 && limit != 0 {
		t.Errorf("SetLimit(%d) returned %d: want 0", asked, limit)
	}
	return limit
}

func checkTrim(t *testing.T, s subject) {
	r := as[control.Resizable](t, s)
	s.hold(100)()
	for _, asked := range []int64{0, 1, s.idleBytes(t) / 2, 1 << 62} {
		s.checkTrimOf(t, r, asked)
	}
	s.hold(100)()
	checkLaws(t, statsOf(as[pool.Source](t, s)))
}

func (s subject) checkTrimOf(t *testing.T, r control.Resizable, asked int64) {
	t.Helper()
	before := s.idleBytes(t)
	freed := r.Trim(asked)
	if freed < min(asked, before) {
		t.Errorf("Trim(%d) freed %d of %d idle bytes", asked, freed, before)
	}
	if after := s.idleBytes(t); after != before-freed {
		t.Errorf("Trim(%d) says it freed %d bytes: there were %d idle, and are %d", asked, freed, before, after)
	}
}

func checkModes(t *testing.T, s subject) {
	p := as[control.Switchable](t, s)
	back := func() {}
	for _, m := range []control.Mode{
		control.ModeOn, control.ModeCount, control.ModeOff, control.ModeCount, control.ModeOff, control.ModeOn,
	} {
		setMode(t, p, m)
		back() // what was taken in the mode before
		s.hold(50)()
		back = s.hold(50)
	}
	back()
	s.storm(steps(200), func() {
		for m := range control.Mode(control.NumModes) {
			p.SetMode(m)
		}
	})
}

func setMode(t *testing.T, p control.Switchable, m control.Mode) {
	p.SetMode(m)
	if got := p.Mode(); got != m {
		t.Errorf("Mode is %v after SetMode(%v)", got, m)
	}
}

func checkClose(t *testing.T, s subject) {
	closePool := s.close(t)
	back := s.hold(50)
	closePool()
	back()
	s.hold(50)()
	closePool()
	s.storm(20, func() {})
	if src, ok := s.pool.(pool.Source); ok {
		n := uint64(100 + 20*stormers)
		checkTotals(t, src, n, n)
		checkClosed(t, statsOf(src))
	}
}

func checkClosed(t *testing.T, stats pool.Stats) {
	if !stats.Closed {
		t.Error("Stats.Closed is false")
	}
	if stats.Knows.Has(pool.KnowsIdle) && stats.Idle != 0 {
		t.Errorf("%d objects are idle in a closed pool", stats.Idle)
	}
}

// close returns the pool's Close. It skips the test if there is none.
func (s subject) close(t *testing.T) func() {
	t.Helper()
	switch p := s.pool.(type) {
	case interface{ Close() }:
		return p.Close
	case interface{ Close() error }:
		return func() {
			if err := p.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
	default:
		t.Skip("the pool has no Close")
		return nil
	}
}
