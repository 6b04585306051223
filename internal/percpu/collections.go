package percpu

import (
	"runtime"
	"slices"
	"sync"
	"time"
	"weak"
)

// AfterCollection has f called with arg, on a goroutine of the runtime's, after the
// next garbage collection that begins. arg is kept until then.
//
// How: an object that nobody refers to is found dead by that collection, and its
// cleanup runs when its span is swept, which is soon after and before the next. One
// that is under way does not count, since what is allocated meanwhile survives it.
// So memory can be given up when it matters, without a goroutine or a timer.
func AfterCollection[A any](f func(A), arg A) { runtime.AddCleanup(new(sentinel), f, arg) }

// sentinel has a pointer, or the allocator might put it in one block with an object
// that lives on.
type sentinel struct{ _ *sentinel }

// collectedTime bounds how long a Collected takes after one collection: the program's
// own cleanups wait for it.
const collectedTime = 10 * time.Millisecond

// Collected calls a function for its members after every garbage collection until it
// returns false; for those only that there is time for, where they are very many, and
// for the others after the next. Members are kept weakly, and those that were
// collected take no more than a look: had they a sentinel each, a program that drops
// 100,000 at once would wait for as many cleanups. It must not be copied.
type Collected[T any] struct {
	// After is called on a goroutine of the runtime's for cleanups, under no lock.
	After func(*T) (again bool)

	mu      sync.Mutex
	members []weak.Pointer[T] // those first that have not been called for longest
	armed   bool              // a sentinel is out, or call is running
}

// Add makes x a member.
func (c *Collected[T]) Add(x *T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members = append(c.members, weak.Make(x))
	c.armLocked()
}

func (c *Collected[T]) armLocked() {
	if !c.armed && len(c.members) > 0 {
		c.armed = true
		AfterCollection((*Collected[T]).call, c)
	}
}

// call holds no lock while it calls the members. Others may join meanwhile.
func (c *Collected[T]) call() {
	c.mu.Lock()
	members := c.members
	c.members = nil
	c.mu.Unlock()
	kept, rest := c.callSome(members)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members = slices.Concat(rest, kept, c.members) // anew, since most members may be gone
	c.armed = false
	c.armLocked()
}

// callSome returns the members that want to be called again, and those that there was
// no time for.
func (c *Collected[T]) callSome(members []weak.Pointer[T]) (kept, rest []weak.Pointer[T]) {
	began := time.Now()
	kept = members[:0]
	for i, w := range members {
		if x := w.Value(); x != nil {
			if time.Since(began) > collectedTime {
				return kept, members[i:]
			}
			if c.After(x) {
				kept = append(kept, w)
			}
		}
	}
	return kept, nil
}
