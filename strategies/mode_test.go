package strategies_test

import (
	"sync"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/strategies"
)

// switchable is a pool of buffers or objects whose mode can be set, seen by what
// all of them have.
type switchable interface {
	pool.Source
	control.Switchable
	Close()
}

// switchables is every pool with modes, and a request and its return.
func switchables() map[string]func() (switchable, func()) {
	return map[string]func() (switchable, func()){
		"sync": func() (switchable, func()) {
			p := strategies.Must(strategies.NewSync(strategies.SyncConfig[[64]byte]{}))
			return p, func() { p.Put(p.Get()) }
		},
		"sizeclasses": func() (switchable, func()) {
			p := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{}))
			return p, func() { p.Put(p.Get(1000)) }
		},
		"clearing": func() (switchable, func()) {
			p := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Zero: strategies.ZeroOnPut}))
			return p, func() { p.Put(p.Get(1000)) }
		},
		"bounded": func() (switchable, func()) {
			p := strategies.Must(strategies.NewBounded(strategies.BoundedConfig[[64]byte]{New: func() *[64]byte { return new([64]byte) }}))
			return p, func() { p.Put(p.Get()) }
		},
		"sized": func() (switchable, func()) {
			p := strategies.Must(strategies.NewBounded(strategies.BoundedConfig[[]byte]{
				New: func() *[]byte { b := make([]byte, 64); return &b }, Size: func(b *[]byte) int64 { return int64(cap(*b)) },
			}))
			return p, func() { p.Put(p.Get()) }
		},
	}
}

func snapshot(p pool.Source) pool.Stats {
	var s pool.Stats
	p.Stats(&s)
	return s
}

func TestModeCountAllocatesDropsAndCounts(t *testing.T) {
	t.Parallel()
	for name, open := range switchables() {
		p, use := open()
		p.SetMode(control.ModeCount)
		for range 10 {
			use()
		}
		s := snapshot(p)
		if p.Mode() != control.ModeCount || s.Requests[pool.Miss] != 10 || s.Returns[pool.Refused] != 10 || s.Idle != 0 || s.InUse != 0 {
			t.Errorf("%s in mode %v: requests %v, returns %v, %d idle, %d in use", name, p.Mode(), s.Requests, s.Returns, s.Idle, s.InUse)
		}
		if !s.Knows.Returns.Has(int(pool.Refused)) || !s.Knows.Has(pool.KnowsInUse) {
			t.Errorf("%s knows %v", name, s.Knows)
		}
	}
}

func TestModeOffCountsNothingAndKnowsNoMoreWhatIsInUse(t *testing.T) {
	t.Parallel()
	for name, open := range switchables() {
		p, use := open()
		use()
		before := snapshot(p)
		p.SetMode(control.ModeOff)
		for range 10 {
			use()
		}
		after := snapshot(p)
		if after.Gets() != before.Gets() || after.Puts() != before.Puts() {
			t.Errorf("%s counted: %v and %v, before %v and %v", name, after.Requests, after.Returns, before.Requests, before.Returns)
		}
		p.SetMode(control.ModeOn)
		use()
		if s := snapshot(p); s.Gets() != before.Gets()+1 || s.Puts() != before.Puts()+1 {
			t.Errorf("%s, on again: requests %v, returns %v", name, s.Requests, s.Returns)
		} else if s.InUse != 0 || s.Knows.Rows&(pool.KnowsInUse|pool.KnowsInUseBytes) != 0 {
			t.Errorf("%s, on again, says that %d are in use", name, s.InUse)
		}
	}
}

func TestWhatOneModeHandsOutAnotherTakesBack(t *testing.T) {
	t.Parallel()
	p := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{}))
	for _, from := range []control.Mode{control.ModeOff, control.ModeCount} {
		p.SetMode(from)
		b := p.Get(1000)
		p.SetMode(control.ModeOn)
		p.Put(b)
		if s := snapshot(p); s.Returns[pool.Foreign] != 0 {
			t.Errorf("a buffer of %d bytes from mode %v is foreign in mode on", cap(b), from)
		}
	}
}

func TestAModeThatDoesNotExistIsOn(t *testing.T) {
	t.Parallel()
	for name, open := range switchables() {
		p, use := open()
		p.SetMode(control.NumModes)
		use()
		use()
		if s := snapshot(p); p.Mode() != control.ModeOn || s.Returns[pool.Pooled] != 2 {
			t.Errorf("%s: mode %v, returns %v", name, p.Mode(), s.Returns)
		}
	}
}

func TestModeOfAClosedPoolStaysOnAndCountsAsClosed(t *testing.T) {
	t.Parallel()
	for name, open := range switchables() {
		p, use := open()
		p.Close()
		p.SetMode(control.ModeOff)
		use()
		if s := snapshot(p); p.Mode() != control.ModeOn || s.Requests[pool.RequestClosed] != 1 || s.Returns[pool.ReturnClosed] != 1 {
			t.Errorf("%s: mode %v, requests %v, returns %v", name, p.Mode(), s.Requests, s.Returns)
		}
	}
}

func TestSwitchingModesInUseLosesNoCountConcurrentSafe(t *testing.T) {
	t.Parallel()
	const users, each = 4, 5_000
	for name, open := range switchables() {
		p, use := open()
		var working sync.WaitGroup
		for range users {
			working.Go(func() {
				for range each {
					use()
				}
			})
		}
		done := make(chan struct{})
		go func() { working.Wait(); close(done) }()
		for m := control.ModeOn; ; m = (m + 1) % control.ModeOff { // on and count in turn
			p.SetMode(m)
			select {
			case <-done:
			default:
				continue
			}
			break
		}
		s := snapshot(p)
		if s.Gets() != users*each || s.HandedOut() != users*each || s.Puts() != users*each || s.InUse != 0 {
			t.Errorf("%s: %d gets, %d puts, %d in use; want %d each", name, s.Gets(), s.Puts(), s.InUse, users*each)
		}
	}
}

// A pool on the engine lets go of what it holds at once, and has its limit again
// when it is on again: the one it had, or was given meanwhile.
func TestSwitchedOffAPoolHoldsNothingAndRemembersItsLimit(t *testing.T) {
	t.Parallel()
	discarded := 0
	objects := strategies.Must(strategies.NewBounded(strategies.BoundedConfig[[64]byte]{
		New: func() *[64]byte { return new([64]byte) }, Discard: func(*[64]byte) { discarded++ }, Prewarm: 4,
	}))
	buffers := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Prewarm: map[int]int{1024: 4}}))
	for _, p := range []interface {
		switchable
		control.Resizable
	}{objects, buffers} {
		limit := p.Limit()
		p.SetMode(control.ModeOff)
		if s := snapshot(p); s.Idle != 0 || s.Evictions[pool.EvictResize] != 4 || s.Limit != limit || p.Limit() != limit {
			t.Errorf("%s: %d idle, evictions %v, limit %d and %d", s.Strategy, s.Idle, s.Evictions, s.Limit, p.Limit())
		}
		p.SetMode(control.ModeCount)
		p.SetMode(control.ModeOn)
		if p.Limit() != limit {
			t.Errorf("limit %d, was %d", p.Limit(), limit)
		}
		p.SetMode(control.ModeCount)
		if got := p.SetLimit(1 << 20); got != 1<<20 || p.Limit() != 1<<20 || snapshot(p).Limit != 1<<20 {
			t.Errorf("limit %d and %d", got, p.Limit())
		}
		p.SetMode(control.ModeOn)
		if p.Limit() != 1<<20 {
			t.Errorf("limit %d", p.Limit())
		}
		p.Close()
	}
	if discarded != 4 {
		t.Errorf("%d discarded, want 4", discarded)
	}
	objects.SetMode(control.ModeCount)
	if objects.Mode() != control.ModeOn {
		t.Errorf("a closed pool has mode %v", objects.Mode())
	}
}

func TestSwitchingAndResizingAtOnceEndsInOrderConcurrentSafe(t *testing.T) {
	t.Parallel()
	p := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{}))
	defer p.Close()
	var changes sync.WaitGroup
	for i := range 4 {
		changes.Go(func() {
			for k := range 50 {
				p.Put(p.Get(1000))
				if i%2 == 0 {
					p.SetMode(control.Mode(k % int(control.NumModes)))
				} else {
					p.SetLimit(int64(1+k) << 20)
				}
			}
		})
	}
	changes.Wait()
	p.SetLimit(7 << 20)
	p.SetMode(control.ModeOff)
	p.SetMode(control.ModeOn)
	p.Put(p.Get(1000))
	if s := snapshot(p); s.Limit != 7<<20 || s.Idle != 1 {
		t.Errorf("limit %d, %d idle", s.Limit, s.Idle)
	}
}
