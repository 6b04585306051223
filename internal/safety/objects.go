package safety

import (
	"reflect"
	"runtime"
	"time"
	"unsafe"
	"weak"
)

// Object is one that was never handed out, and is to be a stand-in.
type Object struct {
	X, Spare unsafe.Pointer // what it stands for, or nil
	Type     reflect.Type
	Size     int
	Weight   int64     // how many requests it stands for
	Began    time.Time // when making it did
}

// TakeObject makes an object a stand-in. It reports false if it cannot: there are
// too many, or it is not on the heap. The object is the caller's then, who discards it.
func (w *Watch) TakeObject(o Object) (ok bool) {
	s := &StandIn{base: uintptr(o.X), span: o.Type.Size(), size: o.Size, typ: o.Type, spare: o.Spare, weight: o.Weight}
	if !w.track(s, (*byte)(o.X)) {
		return false
	}
	w.took(0, o.Size, time.Since(o.Began))
	return true
}

// track takes the record in, if the runtime can watch the object. It panics inside for memory that
// is not Go's, and reports a cleanup that is none for what lives for ever: a program may pool
// either, and has pools without samples then.
func (w *Watch) track(s *StandIn, first *byte) (ok bool) {
	defer func() {
		if recover() != nil { // not an object of Go's: C memory, say
			ok = false
		}
	}()
	s.state = done // the cleanup must not count it before it is in
	cleanup := runtime.AddCleanup(first, w.lost, s)
	if cleanup == (runtime.Cleanup{}) {
		return false // a variable, which the collector never takes
	}
	s.memory = weak.Make(first)
	s.state = out // nobody else knows s: the cleanup cannot run while first is the caller's
	if !w.take(s) {
		s.state = done
		cleanup.Stop()
		return false
	}
	return true
}
