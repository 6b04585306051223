package strategies_test

import (
	"sync"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/strategies"
)

// switchable is a pool of buffers or objects whose mode can be set, seen by what
// all of them have.
type switchable interface {
	pool.Source
	pool.Switchable
	Close()
}

// switchables is every pool with modes, and a request and its return.
func switchables() map[string]func() (switchable, func()) {
	return map[string]func() (switchable, func()){
		"sync": func() (switchable, func()) {
			p := strategies.Must(strategies.NewSync(strategies.SyncConfig[[64]byte]{}))
			return p, func() { p.Put(p.Get()) }
		},
		"syncbytes": func() (switchable, func()) {
			p := strategies.Must(strategies.NewSyncBytes(strategies.SyncBytesConfig{}))
			return p, func() { p.Put(p.Get(1000)) }
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
		p.SetMode(pool.ModeCount)
		for range 10 {
			use()
		}
		s := snapshot(p)
		if p.Mode() != pool.ModeCount || s.Requests[pool.Miss] != 10 || s.Returns[pool.Refused] != 10 || s.Idle != 0 || s.InUse != 0 {
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
		p.SetMode(pool.ModeOff)
		for range 10 {
			use()
		}
		after := snapshot(p)
		if after.Gets() != before.Gets() || after.Puts() != before.Puts() {
			t.Errorf("%s counted: %v and %v, before %v and %v", name, after.Requests, after.Returns, before.Requests, before.Returns)
		}
		p.SetMode(pool.ModeOn)
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
	p := strategies.Must(strategies.NewSyncBytes(strategies.SyncBytesConfig{}))
	for _, from := range []pool.Mode{pool.ModeOff, pool.ModeCount} {
		p.SetMode(from)
		b := p.Get(1000)
		p.SetMode(pool.ModeOn)
		p.Put(b)
		if s := snapshot(p); s.Returns[pool.Foreign] != 0 {
			t.Errorf("a buffer of %d bytes from mode %v is foreign in mode on", cap(b), from)
		}
	}
}

func TestModeOfAClosedPoolStaysOnAndCountsAsClosed(t *testing.T) {
	t.Parallel()
	for name, open := range switchables() {
		p, use := open()
		p.Close()
		p.SetMode(pool.ModeOff)
		use()
		if s := snapshot(p); p.Mode() != pool.ModeOn || s.Requests[pool.RequestClosed] != 1 || s.Returns[pool.ReturnClosed] != 1 {
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
		for m := pool.ModeOn; ; m = (m + 1) % pool.ModeOff { // on and count in turn
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
