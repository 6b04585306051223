package strategies

import (
	"sync/atomic"
	"unsafe"
)

// slab is one allocation cut into slots of equal size.
type slab struct {
	first atomic.Pointer[byte] // nil when let go of
	base  uintptr              // first's address; only ever compared
	size  uintptr              // of a slot
	count uintptr
}

func (s *slab) init(size, count int) {
	first := unsafe.SliceData(make([]byte, size*count))
	s.first.Store(first)
	s.base, s.size, s.count = uintptr(unsafe.Pointer(first)), uintptr(size), uintptr(count)
}

// slot returns the i-th slot of the slab that begins at first, which the caller has
// loaded: the slab may be dropped meanwhile. It is sound because i is below count. Its
// capacity is its size, so that no append reaches the next slot.
func (s *slab) slot(first *byte, i uint32) []byte {
	return buffer(unsafe.Add(unsafe.Pointer(first), uintptr(i)*s.size), int(s.size), int(s.size))
}

// find returns the slot in which b begins, if there is one. b must have a capacity: an
// empty slice's address belongs to nobody. Heap memory does not move, so addresses can
// be compared as numbers, but once the slab is dropped they can be another's.
func (s *slab) find(b []byte) (i uint32, ok bool) {
	slot := (uintptr(unsafe.Pointer(unsafe.SliceData(b))) - s.base) / s.size
	return uint32(slot), slot < s.count
}
