//go:build linux || darwin || windows || freebsd

package syncpools

import "unsafe"

// The runtime and package sync keep these names for code that links to them
// (go.dev/issue/67401).

//go:linkname registerPoolCleanup sync.runtime_registerPoolCleanup
func registerPoolCleanup(cleanup func())

//go:linkname poolCleanup sync.poolCleanup
func poolCleanup()

//go:linkname pin runtime.procPin
//go:nosplit
func pin() int

//go:linkname unpin runtime.procUnpin
//go:nosplit
func unpin()

// The linker defines these at the ends of the sections with the program's
// variables: bss has those that begin at zero.

//go:linkname bssBegin runtime.bss
var bssBegin byte

//go:linkname bssEnd runtime.ebss
var bssEnd byte

//go:linkname dataBegin runtime.data
var dataBegin byte

//go:linkname dataEnd runtime.edata
var dataEnd byte

// section is a part of the program's memory that never moves.
type section struct{ begin, end uintptr }

func bss() section { return between(&bssBegin, &bssEnd) }

func data() section { return between(&dataBegin, &dataEnd) }

// between has the whole words from one address to another.
func between(begin, end *byte) section {
	first, last := uintptr(unsafe.Pointer(begin)), uintptr(unsafe.Pointer(end))
	return section{(first + wordSize - 1) &^ (wordSize - 1), last &^ (wordSize - 1)}
}

func (s section) has(address uintptr) bool { return address >= s.begin && address < s.end }

const wordSize = unsafe.Sizeof(uintptr(0))

// wordAt reads a word that others may be writing.
//
//go:norace
//go:nocheckptr
//go:nosplit
func wordAt(address uintptr) uintptr {
	return *(*uintptr)(*(*unsafe.Pointer)(unsafe.Pointer(&address)))
}
