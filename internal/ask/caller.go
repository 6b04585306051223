package ask

import (
	"cmp"
	"sync/atomic"
	"time"
)

// Caller makes calls that may hang, on a goroutine beside its user's, who goes on
// without those that do. The zero Caller is ready to use, by one goroutine at a time.
type Caller struct {
	// Patience is how long the first call that hangs may take; 0 is half a second. Those
	// after it have an eighth of that.
	Patience time.Duration
	relay    *relay // of a Do in which all returned
}

// Do calls call(0) to call(n-1), one after the other, on another goroutine, and
// returns when they have returned. One that does not in time is passed over: Do calls
// hung, on its user's goroutine, with a channel that is closed when the call has
// returned, and goes on with the rest by the function that hung returns. What call
// refers to is left to the other goroutine from then on. call must not panic.
func (c *Caller) Do(n int, call func(i int), hung func(i int, back <-chan struct{}) func(i int)) {
	all := cmp.Or(c.Patience, patience)
	wait := all
	for first := 0; first < n; {
		r := c.relay
		if c.relay = nil; r == nil {
			r = newRelay()
		}
		r.call, r.n = call, int64(n)
		r.at.Store(int64(first))
		go r.start() // a func value without arguments: this allocates nothing
		i, ok := r.wait(wait)
		if ok {
			r.call, c.relay = nil, r
			return
		}
		call = hung(i, r.back)
		first, wait = i+1, all/8
	}
}

// passedOver is in relay.at when its user goes on without it.
const passedOver = -1

// relay is the goroutine that makes the calls. Whoever changes at from the number of
// the call under way owns what comes after that call: the goroutine, when it goes on
// to the next, or the user, who passes over it. Both do so by compare-and-swap, which
// also orders what each call wrote before what the user reads.
type relay struct {
	at    atomic.Int64
	call  func(int)
	n     int64
	start func()
	done  chan struct{} // gets one value when all calls have returned
	back  chan struct{} // closed when the call that was passed over has
	timer *time.Timer   // the user's
}

func newRelay() *relay {
	r := &relay{done: make(chan struct{}, 1), back: make(chan struct{}), timer: time.NewTimer(patience)}
	r.timer.Stop()
	r.start = r.run
	return r
}

func (r *relay) run() {
	for i := r.at.Load(); i < r.n; i++ {
		r.call(int(i))
		if !r.at.CompareAndSwap(i, i+1) {
			close(r.back)
			return
		}
	}
	r.done <- struct{}{}
}

// wait returns when all calls have returned, or one has hung all through the patience:
// that one is passed over, and i is its number. The patience has two halves: a pause
// of the whole process uses up one, and the goroutine has the other to go on.
func (r *relay) wait(patience time.Duration) (i int, ok bool) {
	at, halves := r.at.Load(), 0
	for {
		if r.returned(patience / 2) {
			return 0, true
		}
		switch now := r.at.Load(); {
		case now != at:
			at, halves = now, 0
		case halves == 0:
			halves = 1
		case at < r.n && r.at.CompareAndSwap(at, passedOver):
			return int(at), false
		}
	}
}

func (r *relay) returned(wait time.Duration) bool {
	r.timer.Reset(wait)
	defer r.timer.Stop()
	select {
	case <-r.done:
		return true
	case <-r.timer.C:
		return false
	}
}

// Returned reports whether no call hangs of which this is closed when it returns.
func Returned(back <-chan struct{}) bool {
	if back == nil {
		return true
	}
	select {
	case <-back:
		return true
	default:
		return false
	}
}
