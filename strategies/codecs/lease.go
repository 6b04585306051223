package codecs

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/otelpool/pool"
)

// lease says who may use a codec. Its word is the number of streams that have ended,
// and two bits for the one under way:
//
//	free  → busy           a call begins, by the handle with this number
//	busy  → free           it ends
//	free  → busy, closing  Close: whoever set closing, or the call that was under way,
//	busy  → busy, closing  puts the codec back into its pool, as the only one
//	…     → number+1, free then the codec goes back
//
// Each step is a compare-and-swap from a word with the handle's own number, and numbers
// only grow. So of all calls with one handle, on any goroutines, at most one has the
// codec at a time, exactly one Close is the first, and exactly one call puts the codec
// back, when no other has it any more: nobody gets in once closing is set. After that no
// step of an old handle succeeds, whoever has the codec next. A call that does not get in
// looks at the lease only, which is not the pool's memory. What two users of a codec do
// is ordered by the pool, and what two goroutines do with one handle by the word.
//
// The two swaps of a call take 15 ns, and the shortest call of a codec some 50 times that.
type lease struct {
	word   atomic.Uint64
	idle   *Idle // of whoever is busy, and of the pool: Discard clears it
	origin *origin
	closed atomic.Pointer[place] // by the last Close, if strict
}

const (
	busy    = 1
	closing = 2
	number  = 4 // 2^62 streams do not end
)

// handle is a stream's right to a codec. It is a value, because a pointer that is used
// again with the codec would be the next user's too, and one that is not, an allocation.
type handle struct {
	lease *lease
	free  uint64 // the word while the right lasts and no call is under way
}

// hand gives a codec from the pool to a new handle.
func hand(x *Idle) handle { return handle{x.lease, x.lease.word.Load()} }

var (
	errNone     = errors.New("codecs: this is the zero value, or the pool's New made nothing: use what Get returned")
	errCut      = errors.New("codecs: closed while another goroutine writes: the compressed stream has no end")
	errPanicked = errors.New("codecs: a call before panicked: the stream is incomplete, close it")
)

// call calls f with the codec, if the handle has the right to it and no call is under way.
func (h handle) call(f func(*Idle) error) error {
	if h.lease == nil {
		return errNone
	}
	if !h.lease.word.CompareAndSwap(h.free, h.free|busy) {
		return h.misuse()
	}
	x := h.lease.idle
	defer h.leave(x)
	return x.call(f)
}

// leave ends a call, also one that panics.
func (h handle) leave(x *Idle) {
	if !h.lease.word.CompareAndSwap(h.free|busy, h.free) {
		h.putBack(x) // it was closed meanwhile
	}
}

// close ends the right to the codec. If this is the first Close, it returns the codec, for
// the caller to put back, or reports that the call under way will.
func (h handle) close() (x *Idle, inUse bool) {
	for h.lease != nil {
		w := h.lease.word.Load()
		if !h.lasts(w) {
			break
		}
		if h.lease.word.CompareAndSwap(w, w|busy|closing) {
			h.note()
			if w == h.free {
				return h.lease.idle, false
			}
			return nil, true
		}
	}
	return nil, false
}

// lasts reports whether the right lasts while the lease has this word.
func (h handle) lasts(word uint64) bool { return word == h.free || word == h.free|busy }

// putBack is for the one call that has the codec after Close.
func (h handle) putBack(x *Idle) {
	p := x.pool
	x.pool, x.stream, x.begun, x.err = nil, stream{}, false, nil
	h.lease.word.Store(h.free + number)
	p.Put(x)
}

// misuse is the error of a call that did not get in; in a strict pool it panics.
func (h handle) misuse() error {
	err := h.lease.origin.shared
	if !h.lasts(h.lease.word.Load()) {
		err = h.lease.origin.closed
		if p := h.lease.closed.Load(); p != nil && p.free == h.free {
			err = fmt.Errorf("%w\nclosed at:\n%v", err, p.at)
		}
	}
	if h.lease.origin.strict {
		panic("pool: " + err.Error())
	}
	return err
}

// place is where a handle was closed.
type place struct {
	free uint64
	at   pool.Stack
}

func (h handle) note() {
	if h.lease.origin.strict {
		var callers [16]uintptr
		n := runtime.Callers(4, callers[:]) // from the caller of Close on
		h.lease.closed.Store(&place{h.free, callers[:n]})
	}
}
