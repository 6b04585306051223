package strategies

import (
	"sync/atomic"

	"github.com/otelpool/pool"
)

// switched is a pool's mode and whether it is closed, in one word, so that Get
// and Put ask once: a pool that is open and on is 0.
type switched struct {
	state  atomic.Uint32 // a pool.Mode, or isClosed
	wasOff atomic.Bool   // at some time: what is in use is unknown since
}

const (
	isOn     = uint32(pool.ModeOn)
	isCount  = uint32(pool.ModeCount)
	isOff    = uint32(pool.ModeOff)
	isClosed = uint32(pool.NumModes)
)

func (s *switched) closed() bool { return s.state.Load() == isClosed }

func (s *switched) close() { s.state.Store(isClosed) }

// mode is the mode of an open pool; that of a closed one is on.
func (s *switched) mode() pool.Mode {
	if state := s.state.Load(); state != isClosed {
		return pool.Mode(state)
	}
	return pool.ModeOn
}

// set changes the mode, unless the pool is closed: that is for good.
func (s *switched) set(m pool.Mode) {
	if m >= pool.NumModes {
		m = pool.ModeOn
	}
	if m == pool.ModeOff {
		s.wasOff.Store(true) // first: what is not counted must not be relied on
	}
	for {
		old := s.state.Load()
		if old == isClosed || s.state.CompareAndSwap(old, uint32(m)) {
			return
		}
	}
}

// forget takes from a snapshot what a pool cannot know that has been off.
func (s *switched) forget(into *pool.Stats) {
	if s.wasOff.Load() {
		into.InUse, into.InUseBytes = 0, 0
		into.Knows.Rows &^= pool.KnowsInUse | pool.KnowsInUseBytes
	}
}
