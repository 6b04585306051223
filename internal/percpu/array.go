package percpu

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Array has a T for each P, made when the first P asks for its own, and more of them
// when GOMAXPROCS has risen. None is ever moved or taken away: a P may be using it. The
// zero value is ready to use; it must not be copied. A T should fill whole cache lines,
// which prevents false sharing: large arrays are aligned to them.
//
// Two arrays per P in this module are not Arrays, because they are exchanged as
// a whole: the generations of gcpool, which die after a collection, and the
// engine's, whose elements point to shards that come and go, and which is read
// through its first element, at one load less.
type Array[T any] struct {
	now  atomic.Pointer[block[T]]
	grow sync.Mutex
}

// block has the Ts of all Ps below its length. Those of older, shorter blocks
// stay where they are and are not used any more.
type block[T any] struct {
	of    []T
	older *block[T]
}

// At returns a P's T, or nil if it has none yet: then unpin and Grow.
func (a *Array[T]) At(pid int) *T {
	if b := a.now.Load(); b != nil && uint(pid) < uint(len(b.of)) {
		return &b.of[pid]
	}
	return nil
}

// Pin pins the goroutine and returns its P's T.
func (a *Array[T]) Pin() *T {
	for {
		pid := Pin()
		if x := a.At(pid); x != nil {
			return x
		}
		Unpin() // to allocate; the goroutine may be on another P afterwards
		a.Grow(pid)
	}
}

// Grow makes a T for a P. Never call it pinned.
func (a *Array[T]) Grow(pid int) {
	a.grow.Lock()
	defer a.grow.Unlock()
	old := a.now.Load()
	if old == nil || pid >= len(old.of) {
		a.now.Store(&block[T]{of: make([]T, max(pid+1, runtime.GOMAXPROCS(0))), older: old})
	}
}

// All yields every T that was ever made.
func (a *Array[T]) All(yield func(*T) bool) {
	for b := a.now.Load(); b != nil; b = b.older {
		for i := range b.of {
			if !yield(&b.of[i]) {
				return
			}
		}
	}
}
