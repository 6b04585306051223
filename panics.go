package pool

import (
	"fmt"
	"runtime/debug"
	"sync"
)

// panics counts what was caught of other people's code.
type panics struct {
	mu   sync.Mutex
	n    uint64
	last string
}

// Guard calls fn, a function that a program gave to a pool or registry to be told
// or to let go of something, and catches its panic: it runs where nobody expects
// it, on the goroutine of another pool's user, of a controller or of the runtime.
// It is for pool implementations.
func (r *Registry) Guard(fn func()) {
	defer func() {
		if v := recover(); v != nil {
			r.panics.note(fmt.Sprint(v))
		}
	}()
	fn()
}

// Panics is how often a function that the program gave panicked and was caught,
// and what the last one panicked with, and where: a Discard function, an observer,
// a controller, or a [Source], which is named. Each was called again the next time.
func (r *Registry) Panics() (n uint64, last string) {
	r.panics.mu.Lock()
	defer r.panics.mu.Unlock()
	return r.panics.n, r.panics.last
}

func (p *panics) note(what string) {
	text := what + "\n" + string(debug.Stack())
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	p.last = text
}
