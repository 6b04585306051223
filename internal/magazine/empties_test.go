package magazine

import (
	"testing"
	"unsafe"
)

// What is kept of empty magazines is slots: a pool of large objects, which has one in
// each, is emptied and filled again without garbage.
func TestEmptyMagazinesAreKeptBySlots(t *testing.T) {
	t.Parallel()
	for length, want := range map[int]int{1: 1000, maxLength: 32} {
		d := &depot{length: length, size: 1}
		for range 1000 {
			d.recycle(&magazine{slots: make([]unsafe.Pointer, length)})
		}
		if d.empties != want {
			t.Errorf("%d empty magazines of %d slots are kept, want %d", d.empties, length, want)
		}
	}
}
