package pool

import (
	"container/list"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/otelpool/pool/control"
)

// Entry is a name in a registry with all pools that have had it, at most one of them
// open. Its counts are their sum, so that they never fall when a name is closed and
// opened again: a reader would take that for a negative rate.
type Entry struct {
	name     string
	registry *Registry
	state    atomic.Pointer[entryState]

	place     *list.Element // among the closed names; guarded by the registry's lock
	forgotten bool          // likewise
}

// entryState is immutable: a reader sees a pool as open, closed or folded into
// the past, never as two of them.
type entryState struct {
	open    *Publication   // nil while the name is closed
	strayed []*Publication // closed, and still in somebody's hands: their counts may grow
	past    *Stats         // sum of those that are gone; nil while there are none
}

// Name returns the pool's name.
func (e *Entry) Name() string { return e.name }

// Source returns the open pool of the name, or nil. Controllers test whether it is a
// [control.Resizable] or a [control.Tunable].
func (e *Entry) Source() Source {
	if p := e.state.Load().open; p != nil {
		return p.src
	}
	return nil
}

// Guard calls fn, which should call a method of the name's Source, and catches its
// panic, so that one broken pool does not stop those who read all of them. It counts
// the panic and records it with the names of pool and method: see [Registry.Panics].
// It reports whether fn returned.
func (e *Entry) Guard(method string, fn func()) (ok bool) {
	return e.registry.panics.guard(fn, func() string { return e.whose(method) })
}

func (e *Entry) whose(method string) string { return fmt.Sprintf("pool %q, %s: ", e.name, method) }

// Stats overwrites *into with the open pool's figures, plus the counts of earlier
// pools of the name. Without an open pool, Closed is set and only the counts mean
// anything. If a pool of the name panics, Failed is set and nothing is known. Stats
// allocates nothing if into is reused and the name was opened once.
func (e *Entry) Stats(into *Stats) {
	s := e.state.Load()
	if !e.Guard("Stats", func() { s.stats(into) }) {
		into.Reset()
		into.Failed = true
	}
	into.Name = e.name
	into.Closed = s.open == nil
}

func (s *entryState) stats(into *Stats) {
	if s.open != nil {
		s.open.src.Stats(into)
	} else {
		into.Reset()
	}
	for _, p := range s.strayed {
		var one Stats
		p.src.Stats(&one)
		addCounts(into, &one)
	}
	if s.past != nil {
		addCounts(into, s.past)
	}
}

// Samples implements [control.Sampler] for the open pool of the name, and for closed
// ones that somebody still uses.
func (e *Entry) Samples(yield func(control.Sample) bool) {
	s := e.state.Load()
	for _, p := range append([]*Publication{s.open}, s.strayed...) {
		if p == nil {
			continue
		}
		if sampler, ok := p.src.(control.Sampler); ok && !e.samplesOf(sampler, yield) {
			return
		}
	}
}

// samplesOf catches the sampler's panics, but not yield's.
func (e *Entry) samplesOf(s control.Sampler, yield func(control.Sample) bool) (more bool) {
	more, yielding := true, false
	defer func() {
		if yielding {
			return
		}
		if v := recover(); v != nil {
			e.registry.panics.note(e.whose("Samples") + fmt.Sprint(v))
		}
	}()
	s.Samples(func(one control.Sample) bool {
		yielding = true
		more = yield(one)
		yielding = false
		return more
	})
	return more
}

// addCounts adds the counts of a closed pool to s. What that pool holds or has handed
// out does not belong in the open one's gauges.
func addCounts(s, closed *Stats) {
	s.Counts.addPast(&closed.Counts)
	s.Grown += closed.Grown
	s.Shrunk += closed.Shrunk
	for k, n := range closed.Misuse {
		s.Misuse[k] += n
	}
	if s.Strategy == "" {
		s.Strategy = closed.Strategy
	}
	s.Knows.Rows |= closed.Knows.Rows & countedRows
	s.Knows.Requests |= closed.Knows.Requests
	s.Knows.Returns |= closed.Knows.Returns
	s.Knows.Evictions |= closed.Knows.Evictions
	s.Knows.Misuse |= closed.Knows.Misuse
	for i := range closed.Classes {
		s.class(closed.Classes[i].Size).addPast(&closed.Classes[i].Counts)
	}
}

// class returns the row of the given size, inserted in order if there is none.
func (s *Stats) class(size int64) *Class {
	i, found := slices.BinarySearchFunc(s.Classes, size, func(c Class, size int64) int { return int(c.Size - size) })
	if !found {
		s.Classes = slices.Insert(s.Classes, i, Class{Size: size})
	}
	return &s.Classes[i]
}
