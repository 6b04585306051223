package pooltest

import (
	"fmt"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

// share is a family's part of the objects missing from a pool that others use too.
type share struct {
	leak
	ours    map[string]int64 // by the stacks that took them
	n       int64            // of ours
	unknown int64            // taken by nobody knows whom
	broken  bool             // its Stats panicked
}

// await waits until the family has given back everything to the registries' pools, at most for
// grace, and returns the pools from which it, or nobody knows who, still has objects.
func (f *family) await(shared []*pool.Registry, before map[*pool.Entry]out, since time.Time) (shares []share) {
	await(func() (done bool) {
		var ours bool
		shares, ours = f.shares(shared, before, since)
		return !ours
	})
	return shares
}

func (f *family) shares(shared []*pool.Registry, before map[*pool.Entry]out, since time.Time) (all []share, ours bool) {
	now := takeOut(shared)
	for _, e := range entriesOf(shared) {
		s := share{leak: newLeak(e, now[e], before[e]), broken: broken(before[e], now[e])}
		if !s.broken {
			f.divide(&s, since)
		}
		if s.n > 0 || s.unknown > 0 || s.broken {
			all = append(all, s)
		}
		ours = ours || s.n > 0
	}
	return all, ours
}

// divide finds out who took the missing objects.
func (f *family) divide(s *share, since time.Time) {
	s.ours, s.unknown = make(map[string]int64), s.objects
	s.entry.Samples(func(x control.Sample) bool {
		ours, theirs := f.has(x.Tree)
		if x.Taken.Before(since) || !ours && !theirs {
			return true
		}
		s.unknown--
		if ours {
			s.ours[pool.Stack(x.Get).String()]++
			s.n++
		}
		return true
	})
}

// report fails the test for its own objects, and logs the rest.
func (s share) report(t testing.TB) {
	t.Helper()
	if s.broken {
		t.Errorf("pooltest: %s", s.text)
	}
	name := fmt.Sprintf("pooltest: pool %q (%s)", s.entry.Name(), s.strategy)
	if s.n > 0 {
		t.Errorf("%s: %d not given back%s", name, s.n, listed(s.ours, s.n))
	}
	if s.unknown > 0 {
		t.Logf("%s: %d more in use than at first, taken by this test or one beside it. "+
			"To find out, give the test a registry of its own, or the pool Safety: strategies.SafetyStrict", name, s.unknown)
	}
}
