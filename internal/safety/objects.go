package safety

import (
	"reflect"
	"runtime"
	"time"
	"unsafe"
	"weak"
)

// Object is an object that was never handed out, and is to become a stand-in.
type Object struct {
	X, Spare unsafe.Pointer // Spare: the object that X stands for, or nil
	Type     reflect.Type
	Size     int
	Weight   int64     // requests that it stands for
	Began    time.Time // when its making began
}

// TakeObject makes an object a stand-in. It reports false if there are too many, or
// if the object is not on the heap; the caller then discards it.
func (w *Watch) TakeObject(o Object) (ok bool) {
	s := &StandIn{base: uintptr(o.X), span: o.Type.Size(), size: o.Size, typ: o.Type, spare: o.Spare, weight: o.Weight}
	if !w.track(s, (*byte)(o.X)) {
		return false
	}
	w.cost(0, o.Size, time.Since(o.Began))
	return true
}

// track registers the record, if the runtime can watch the object. The runtime
// panics for memory that is not Go's, and ignores a cleanup for memory that lives
// for ever: a program may pool either, and gets no samples of it.
func (w *Watch) track(s *StandIn, first *byte) (ok bool) {
	defer func() {
		if recover() != nil { // not an object of Go's: C memory, say
			ok = false
		}
	}()
	s.state = done // the cleanup must not count it before it is registered
	cleanup := runtime.AddCleanup(first, w.lost, s)
	if cleanup == (runtime.Cleanup{}) {
		return false // a variable, which the collector never takes
	}
	s.memory = weak.Make(first)
	s.state = out // nobody else knows s: the cleanup cannot run while the caller has first
	if !w.take(s) {
		s.state = done
		cleanup.Stop()
		return false
	}
	return true
}
