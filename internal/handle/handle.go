// Package handle has the field that the handles of all pools have.
//
// A handle is what a user of a pool holds. The pool behind it ends when nobody
// holds it any more, unless somebody ended it before. Handles must not be copied,
// and go vet says so; but it does not look at *strategies.Must(New(…)), so a copy
// has to work, also when the handle it was made from is collected.
package handle

import (
	"runtime"
	"weak"

	"github.com/otelpool/pool/internal/ask"
)

// Token is a field of a handle. What is to happen when the handle is dropped hangs
// on an object that all copies refer to and Get and Put never load: it lives as
// long as one of them is reachable, and a runtime.KeepAlive of a handle, whichever
// copy it is, keeps it too.
type Token struct {
	_    NoCopy
	life *life
}

// life has a pointer, or the allocator might put it in one block with an object
// that lives on.
type life struct{ _ *life }

// NoCopy is a field that makes go vet complain about copies: it takes what has these
// two methods for a lock.
type NoCopy struct{}

// Lock does nothing.
func (*NoCopy) Lock() {}

// Unlock does nothing.
func (*NoCopy) Unlock() {}

// New is the token of a new handle.
func New() Token { return Token{life: new(life)} }

// OnDrop has f called with arg, from which no copy of the handle may be reached,
// when all of them have been collected. It may run functions of the program's: one
// that hangs keeps no other cleanup waiting.
func OnDrop[A any](t *Token, f func(A), arg A) { onDrop(t.life, f, arg) }

func onDrop[A any](l *life, f func(A), arg A) {
	runtime.AddCleanup(l, func(arg A) { ask.Aside(func() { f(arg) }) }, arg)
}

// Weak is a handle's token for the pool behind it, which must not keep it alive.
type Weak struct{ life weak.Pointer[life] }

// Weak is t for the pool behind it.
func (t *Token) Weak() Weak { return Weak{weak.Make(t.life)} }

// Join makes t, of a handle to come, the token of one more handle of w's pool. It
// does nothing, and returns false, if there is no handle any more.
func (t *Token) Join(w Weak) bool {
	t.life = w.life.Value()
	return t.life != nil
}

// OnDropWeak is OnDrop; it does nothing if there is no handle any more.
func OnDropWeak[A any](w Weak, f func(A), arg A) {
	if l := w.life.Value(); l != nil {
		onDrop(l, f, arg)
	}
}
