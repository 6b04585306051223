package pool

import (
	"slices"
	"sync/atomic"
)

// shared is a list that is read without a lock: a reader has all of it as it was at one
// moment, for as long as it likes. Its owner's lock serializes changes.
type shared[E any] struct {
	list atomic.Pointer[[]E]
}

func (s *shared[E]) all() []E {
	if p := s.list.Load(); p != nil {
		return *p
	}
	return nil
}

// add costs the same however many there are: the list grows in its array's spare room,
// which no reader of an earlier, shorter list looks at.
func (s *shared[E]) add(e E) {
	all := append(s.all(), e)
	s.list.Store(&all)
}

// remove makes the list anew.
func (s *shared[E]) remove(gone func(E) bool) {
	rest := slices.DeleteFunc(slices.Clone(s.all()), gone)
	s.list.Store(&rest)
}
