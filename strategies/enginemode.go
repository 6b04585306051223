package strategies

import (
	"sync"

	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/magazine"
)

// engineMode is the mode of a pool on the engine. While the pool is not on, the
// engine's limit is 0: nothing is found on its fast path and nothing fits there,
// so Get and Put come to the slow one, where they ask for the mode. The limit that
// the pool has for others is kept here meanwhile.
type engineMode struct {
	switched
	changing sync.Mutex // one change of mode at a time
	mu       sync.Mutex // guards limit
	limit    int64      // while the mode is not on
}

// setMode changes the mode, unless the pool is closed. Discard functions run
// while changing is held: they must not switch their pool.
func (m *engineMode) setMode(e *magazine.Pool, to control.Mode) {
	m.changing.Lock()
	defer m.changing.Unlock()
	from := m.mode()
	switch {
	case m.closed() || from == to:
	case from == control.ModeOn:
		m.keepLimit(e.Limit())
		m.set(to) // first, or a limit set meanwhile would be the engine's
		e.SetLimit(0)
	case to == control.ModeOn:
		e.SetLimit(m.keptLimit())
		m.set(to)
		e.SetLimit(m.keptLimit()) // had it changed meanwhile
	default:
		m.set(to)
	}
}

// limitOf is the pool's limit.
func (m *engineMode) limitOf(e *magazine.Pool) int64 {
	if m.mode() == control.ModeOn {
		return e.Limit()
	}
	return m.keptLimit()
}

// setLimit sets the pool's limit, now or for when it is on again.
func (m *engineMode) setLimit(e *magazine.Pool, bytes int64) int64 {
	bytes = max(bytes, 0)
	m.keepLimit(bytes)
	if m.mode() != control.ModeOn {
		return bytes
	}
	got := e.SetLimit(bytes)
	if m.mode() != control.ModeOn { // switched meanwhile
		e.SetLimit(0)
	}
	return got
}

func (m *engineMode) keepLimit(bytes int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.limit = bytes
}

func (m *engineMode) keptLimit() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.limit
}
