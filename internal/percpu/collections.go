package percpu

import (
	"runtime"
	"slices"
	"sync"
	"time"
	"weak"
)

// AfterCollection calls f with arg after the next garbage collection that begins, on a
// goroutine of the runtime's. It keeps arg until then.
//
// How: nobody refers to the sentinel, so that collection finds it dead, and its cleanup
// runs when its span is swept, which is soon after and before the next collection. A
// collection under way does not count, because it keeps everything allocated meanwhile.
// So a pool can drop memory when memory matters, without a goroutine or a timer.
func AfterCollection[A any](f func(A), arg A) { runtime.AddCleanup(new(sentinel), f, arg) }

// sentinel has a pointer, or the allocator might put it in one block with an object
// that lives on.
type sentinel struct{ _ *sentinel }

const (
	// collectedTime bounds the time of a Collected after one collection, because the
	// program's own cleanups wait for it.
	collectedTime = 10 * time.Millisecond
	// collectedStale is the age at which a sentinel may be lost, so that the next member
	// sets another. If GOMAXPROCS falls in the middle of a sweep, the runtime (Go 1.26,
	// (*p).destroy) keeps the cleanups queued on a removed P with it, and runs them when
	// GOMAXPROCS has risen again.
	collectedStale = time.Second
)

// Collected calls a function for each member after every garbage collection until the
// function returns false. With very many members it calls as many as there is time for,
// and the others after the next collection. It refers to members weakly, and a collected
// member costs only a look: with a sentinel for each, a program that drops 100,000 at
// once would wait for as many cleanups. A Collected must not be copied.
type Collected[T any] struct {
	// After is called on a goroutine of the runtime's for cleanups, under no lock.
	After func(*T) (again bool)

	mu      sync.Mutex
	members []weak.Pointer[T] // first those called longest ago
	latest  uint64            // number of the sentinel that counts
	armed   time.Time         // when that was set; zero: none is out, and call is not running
}

// Add makes x a member.
func (c *Collected[T]) Add(x *T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members = append(c.members, weak.Make(x))
	c.armLocked()
}

// armLocked sets a sentinel if none is out, or if the one that is out may be lost.
func (c *Collected[T]) armLocked() {
	now := time.Now()
	if len(c.members) == 0 || now.Sub(c.armed) < collectedStale {
		return
	}
	c.armed = now
	c.latest++
	number := c.latest
	AfterCollection(func(c *Collected[T]) { c.call(number) }, c)
}

// call runs at the sentinel's end. It holds no lock while it calls the members, so that
// others may join meanwhile. Only the latest sentinel counts, because one collection can
// end several: those that were taken for lost and were not.
func (c *Collected[T]) call(number uint64) {
	c.mu.Lock()
	if number != c.latest {
		c.mu.Unlock()
		return
	}
	members := c.members
	c.members = nil
	c.mu.Unlock()
	kept, rest := c.callSome(members)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members = slices.Concat(rest, kept, c.members) // anew, since most members may be gone
	if number == c.latest {                          // or a member that joined meanwhile took it for lost, and set another
		c.armed = time.Time{}
		c.armLocked()
	}
}

// callSome calls members as long as there is time. It returns those to call again, and
// those that it had no time for.
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
