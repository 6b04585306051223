//go:build linux || darwin || windows || freebsd

package syncpools

import (
	"reflect"
	"runtime"
	"sync"
	"testing"
	"unsafe"
)

// These read as if package sync had the fields elsewhere. That the same is refused when
// package sync itself is changed, TestAChangedLayoutIsRefused shows.
func TestAReadingOfAnotherLayoutIsRefused(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	for name, c := range map[string]struct {
		prove   func(func(*sync.Pool) content) error
		looking func(*sync.Pool) content
	}{
		"locals without private":  {proveCounts, readingAs(func(s *poolShape) { s.local = unsafe.Add(s.local, unsafe.Sizeof(eface{})) })},
		"locals a word further":   {proveCounts, readingAs(func(s *poolShape) { s.local = unsafe.Add(s.local, wordSize) })},
		"primary in victim's":     {proveCounts, readingAs(func(s *poolShape) { s.local, s.localSize = s.victim, s.victimSize })},
		"only the first P's part": {proveStride, readingAs(func(s *poolShape) { s.localSize = 1 })},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.prove(c.looking); err == nil {
				t.Error("accepted")
			} else {
				t.Log(err)
			}
		})
	}
	if err := proveStride(lookAtPool); err != nil {
		t.Errorf("as it is: %v", err)
	}
	if err := proveCounts(lookAtPool); err != nil {
		t.Errorf("as it is: %v", err)
	}
}

// readingAs looks at a pool through a header that was changed.
func readingAs(change func(*poolShape)) func(*sync.Pool) content {
	return func(p *sync.Pool) content {
		pin()
		defer unpin()
		s := *shapeOf(p)
		change(&s)
		return look(&s)
	}
}

func TestOtherFieldsOfPoolAreRefused(t *testing.T) {
	for name, c := range map[string]any{
		"one more": struct {
			noCopy            struct{}
			local             unsafe.Pointer
			localSize         uintptr
			victim            unsafe.Pointer
			victimSize, fresh uintptr
			New               func() any
		}{},
		"one more at the end": struct {
			local, victim         unsafe.Pointer
			localSize, victimSize uintptr
			New                   func() any
			purpose               string
		}{},
		"one less": struct {
			local     unsafe.Pointer
			localSize uintptr
			New       func() any
		}{},
	} {
		if err := proveFields(reflect.TypeOf(c)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
