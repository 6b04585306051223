package percpu

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otelpool/pool/internal/testcost"
)

type member struct {
	calls atomic.Int64
	_     *member
}

func called(m *member) bool { m.calls.Add(1); return true }

// until collects until the condition holds.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	testcost.Until(t, what, func() bool { runtime.GC(); return holds() })
}

func TestMembersAreCalledAfterEveryCollection(t *testing.T) {
	c := &Collected[member]{After: called}
	m := new(member)
	c.Add(m)
	until(t, "a member is not called again and again", func() bool { return m.calls.Load() > 3 })
	runtime.KeepAlive(c)
}

// A sentinel can be lost to a P that has gone.
func TestTheNextMemberMakesUpForALostSentinel(t *testing.T) {
	c := &Collected[member]{After: called}
	c.armed = time.Now().Add(-time.Minute) // and nothing comes of it
	m := new(member)
	c.Add(m)
	until(t, "nobody is called once a sentinel was lost", func() bool { return m.calls.Load() > 0 })
	runtime.KeepAlive(c)
}

// One collection ends all sentinels that were taken for lost, and calls members once.
func TestSentinelsThatWereNotLostCallNobodyTwice(t *testing.T) {
	before := collections()
	c := &Collected[member]{After: called}
	m := new(member)
	c.Add(m)
	for range 1000 {
		c.mu.Lock()
		c.armed = time.Now().Add(-time.Minute)
		c.armLocked()
		c.mu.Unlock()
	}
	until(t, "a member is not called", func() bool { return m.calls.Load() > 1 })
	if n, most := m.calls.Load(), collections()-before; n > most {
		t.Errorf("%d calls after %d collections", n, most)
	}
	runtime.KeepAlive(c)
}

// collections is how many there have been.
func collections() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.NumGC)
}

func TestMembersThatAreCollectedAreForgotten(t *testing.T) {
	c := &Collected[member]{After: called}
	for range 1000 {
		c.Add(new(member))
	}
	until(t, "members are kept that were collected", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return cap(c.members) == 0
	})
	runtime.KeepAlive(c)
}
