package strategies

import (
	"sync/atomic"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

// switched is a pool's mode and whether it is closed, in one word, so that Get
// and Put ask once: a pool that is open and on is 0.
type switched struct {
	state  atomic.Uint32 // a control.Mode, or isClosed
	wasOff atomic.Bool   // at some time: what is in use is unknown since
}

const (
	isOn     = uint32(control.ModeOn)
	isCount  = uint32(control.ModeCount)
	isOff    = uint32(control.ModeOff)
	isClosed = uint32(control.NumModes)
)

func (s *switched) closed() bool { return s.state.Load() == isClosed }

func (s *switched) close() { s.state.Store(isClosed) }

// mode is the mode of an open pool; that of a closed one is on.
func (s *switched) mode() control.Mode { return known(control.Mode(s.state.Load())) }

// known returns m, or ModeOn if there is no such mode, as for isClosed.
func known(m control.Mode) control.Mode {
	if m < control.NumModes {
		return m
	}
	return control.ModeOn
}

// set changes the mode to one that is known, unless the pool is closed: that is for good.
func (s *switched) set(m control.Mode) {
	if m == control.ModeOff {
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
