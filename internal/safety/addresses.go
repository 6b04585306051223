package safety

import (
	"sync/atomic"
	"unsafe"
)

// Addresses answers for one load whether an object may be a stand-in: each has a
// place by its address, and the place has room for one. The zero value says yes to
// everything, None only to nil. Changes are made under the Watch's lock, and May
// reads without it.
//
// May cannot miss a stand-in: its address is stored before Get hands it out, and
// whoever puts it has it from Get, so the store comes before the Put. It is removed
// when the stand-in has left quarantine; a Put after that counts as foreign. A
// wrong yes, for another object with the same place, costs a look at the index.
type Addresses struct {
	mask  uintptr // 0: anything may be a stand-in
	place [numPlaces]atomic.Uintptr
}

const (
	placeBits = 7
	numPlaces = 1 << placeBits
)

func placeOf(addr uintptr) uintptr {
	return uintptr(uint64(addr) * 0x9E3779B97F4A7C15 >> (64 - placeBits))
}

// May tells whether x is nil or may be a stand-in.
func (a *Addresses) May(x unsafe.Pointer) bool {
	addr := uintptr(x)
	return (a.place[placeOf(addr)].Load()^addr)&a.mask == 0
}

// add notes a stand-in, if its place is free.
func (a *Addresses) add(addr uintptr) bool {
	i := placeOf(addr)
	p := &a.place[i]
	switch {
	case a.mask == 0:
		return true
	case i == 0 || p.Load() != 0: // the first is nil's; and a replaced address would not be found
		return false
	default:
		p.Store(addr)
		return true
	}
}

// remove forgets a stand-in. It compares, because another may have the place by
// now.
func (a *Addresses) remove(addr uintptr) { a.place[placeOf(addr)].CompareAndSwap(addr, 0) }

// None is the Addresses of pools that watch nothing: it says yes only to nil. All
// says yes to everything. Neither ever changes.
var (
	None = &Addresses{mask: ^uintptr(0)}
	All  = new(Addresses)
)
