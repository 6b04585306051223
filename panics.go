package pool

import (
	"fmt"
	"runtime/debug"
	"sync"
)

// panics counts the panics caught in the program's own code.
type panics struct {
	mu   sync.Mutex
	n    uint64
	last string
}

// Guard calls fn, a callback of the program such as an observer or a Discard
// function, and catches its panic. Callbacks run on goroutines that do not expect it:
// another pool's user's, a controller's or the runtime's. Guard is for pool
// implementations.
func (r *Registry) Guard(fn func()) {
	r.panics.guard(fn, func() string { return "" })
}

// Panics returns how often code of the program panicked and was caught, and what and
// where the last one was: a Discard function, an observer, a controller, or a
// [Source], which is named. The code is called again the next time.
func (r *Registry) Panics() (n uint64, last string) {
	r.panics.mu.Lock()
	defer r.panics.mu.Unlock()
	return r.panics.n, r.panics.last
}

// guard calls fn, and catches and notes its panic, after the words that say whose it is. It
// reports whether fn returned.
func (p *panics) guard(fn func(), whose func() string) (ok bool) {
	defer func() {
		if v := recover(); v != nil {
			p.note(whose() + fmt.Sprint(v))
		}
	}()
	fn()
	return true
}

func (p *panics) note(what string) {
	text := what + "\n" + string(debug.Stack())
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	p.last = text
}
