//go:build race

package raceghost

import (
	"os"
	"runtime"
	"sync/atomic"
	"unsafe"
)

// On is true in race builds.
const On = true

// Most bounds the ghosts at one time.
const Most = 500

// Variable turns ghosts off, with the value off, in a program's environment.
const Variable = "OTELPOOL_RACE_GHOSTS"

// What is one for a process, as the detector is.
var (
	forbidden = os.Getenv(Variable) == "off"
	disabled  atomic.Bool
	pauses    atomic.Int32
	ghosts    atomic.Int32
)

// Enable turns ghosts off, or on again, for later Puts.
func Enable(on bool) { disabled.Store(!on) }

// Pause turns ghosts off until resume, for tests that make mistakes on purpose, of which
// several may run at a time.
func Pause() (resume func()) {
	pauses.Add(1)
	return func() { pauses.Add(-1) }
}

// Put gives n bytes at p to a ghost. Call it before the pool has the memory, and never
// pinned.
func Put(p unsafe.Pointer, n uintptr) {
	if !off() {
		give(p, []span{{p, n}}, nil)
	}
}

// Get takes the memory at p, which the pool hands out, back from its ghost. It is right
// also if there never was one.
func Get(p unsafe.Pointer) {
	if p != nil {
		runtime.RaceAcquire(p)
	}
}

// Again reports memory that is put for a second time without having been handed out.
func Again(p unsafe.Pointer, n uintptr) {
	if !off() {
		itWasPutBackBefore([]span{{p, n}})
	}
}

// Part reports memory that was put as if it began elsewhere.
func Part(p unsafe.Pointer, n uintptr) {
	if !off() {
		onlyPartOfItWasPutBack([]span{{p, n}})
	}
}

// span is a range of memory.
type span struct {
	p unsafe.Pointer
	n uintptr
}

// off reports whether ghosts are off. The detector must not take it for an order.
func off() bool {
	runtime.RaceDisable()
	defer runtime.RaceEnable()
	return forbidden || disabled.Load() || pauses.Load() > 0
}

// give gives spans to a ghost that Get(p) takes them back from. At beneath, if it is not
// nil, the ghost of the pool beneath this one takes them over.
func give(p unsafe.Pointer, spans []span, beneath unsafe.Pointer) {
	if p == nil || len(spans) == 0 {
		return
	}
	runtime.RaceDisable() // what follows orders nothing but the ghost's start
	defer runtime.RaceEnable()
	for ghosts.Add(1) > Most {
		ghosts.Add(-1)
		runtime.Gosched()
	}
	defer ghosts.Add(-1)
	done := make(chan struct{})
	runtime.RaceEnable()
	go memoryWasPutBackToItsPool(p, beneath, spans, done)
	runtime.RaceDisable()
	<-done
}

// The names of the following are the message: they are in the detector's report, as the
// callers of what writes.

//go:noinline
func memoryWasPutBackToItsPool(p, beneath unsafe.Pointer, spans []span, done chan struct{}) {
	write(spans)
	runtime.RaceReleaseMerge(p)
	if beneath != nil {
		runtime.RaceReleaseMerge(beneath)
	}
	runtime.RaceDisable()
	close(done)
	runtime.RaceEnable()
}

//go:noinline
func itWasPutBackBefore(spans []span) { write(spans) }

//go:noinline
func onlyPartOfItWasPutBack(spans []span) { write(spans) }

//go:noinline
func write(spans []span) {
	for _, s := range spans {
		if s.n > 0 {
			runtime.RaceWriteRange(s.p, int(s.n))
		}
	}
}
