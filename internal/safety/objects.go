package safety

import (
	"runtime"
	"time"
	"unsafe"
	"weak"
)

// TakeObject makes standIn, an object that was never handed out, the stand-in for
// spare, or of nothing if that is nil. It reports false if it cannot: there are
// too many, or it is not on the heap. made is when making it began.
func (w *Watch) TakeObject(standIn, spare unsafe.Pointer, span, size int, made time.Time) (ok bool) {
	first := (*byte)(standIn)
	s := &StandIn{base: uintptr(standIn), span: uintptr(span), size: size, object: true, spare: spare}
	if !w.track(s, first) {
		return false
	}
	w.took(0, size, time.Since(made))
	return true
}

// track takes the record in, if the runtime can watch the object.
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
	s.state = out
	if !w.take(s) {
		s.state = done
		cleanup.Stop()
		return false
	}
	return true
}
