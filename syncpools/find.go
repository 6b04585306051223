//go:build linux || darwin || windows || freebsd

package syncpools

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"unsafe"
)

// findRuns bounds the number of pools used to find the list. In a busy program
// most attempts fail: a collection, another pool's first use or another
// goroutine on the P comes between.
const findRuns = 1000

// votes is the number of first uses that a place must have followed.
const votes = 8

// findAllPools returns the address of package sync's list of pools. It is the
// one slice header in bss whose length grows with each first use of a pool, and
// that then has this pool among its last elements. No word is followed as a
// pointer before its header has grown like that for several pools, and then
// only into the heap.
func findAllPools() (unsafe.Pointer, error) {
	s, grew := bss(), make(map[uintptr]int)
	var before []header
	for range findRuns {
		before = headers(s, before[:0])
		used := &sync.Pool{New: ours}
		used.Get() // registers the pool as Put would, but a race build drops some Puts
		for _, h := range before {
			if !h.grew() {
				continue
			}
			if grew[h.at]++; grew[h.at] >= votes && holdsLast(h.at, used) {
				return pointerTo(h.at), nil
			}
		}
	}
	return nil, errors.New("the list of pools was not found in bss: package sync of " + runtime.Version() + " keeps it in another way")
}

// header is a place that may be a slice header, with its length when read.
type header struct{ at, length uintptr }

// headers appends to all the places in s that may be slice headers.
func headers(s section, all []header) []header {
	for at := s.begin; at+3*wordSize <= s.end; at += wordSize {
		if plausible(at) {
			all = append(all, header{at, wordAt(at + wordSize)})
		}
	}
	return all
}

func plausible(at uintptr) bool {
	array, length, capacity := wordAt(at), wordAt(at+wordSize), wordAt(at+2*wordSize)
	empty := array == 0 && length == 0 && capacity == 0
	return empty || array != 0 && array%wordSize == 0 && length <= capacity && capacity < 1<<24
}

// most is the number of pools that other goroutines may use for the first time
// meanwhile.
const most = 16

// grew reports whether the length has grown a little since.
func (h header) grew() bool {
	length := wordAt(h.at + wordSize)
	return length > h.length && length <= h.length+most && plausible(h.at)
}

// holdsLast reports whether the slice at an address has a pool among its last
// elements. Its array must lie in the heap, near the pool; an address where
// nothing is mapped is not an array. The elements are compared and not
// followed, so it does no harm if a collection has freed the array.
//
//go:norace
//go:nocheckptr
func holdsLast(at uintptr, used *sync.Pool) (holds bool) {
	array, length := wordAt(at), wordAt(at+wordSize)
	if !plausible(at) || uint64(array^address(used))>>40 != 0 {
		return false
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if recover() != nil {
			holds = false
		}
	}()
	for i := length; i > 0 && i+most > length; i-- {
		if wordAt(array+(i-1)*wordSize) == address(used) {
			return true
		}
	}
	return false
}

func pointerTo(address uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&address)) }

// findCleanup returns the address of the variable that has the runtime's hook,
// and the closure that was in it. It registers two functions in turn, each of
// which calls package sync's, and looks for the word that has become each of
// them. A foreign hook misses a collection that begins meanwhile; no pool does.
func findCleanup() (at, before uintptr, err error) {
	s := bss()
	words := make([]uintptr, 0, (s.end-s.begin)/wordSize)
	for a := s.begin; a < s.end; a += wordSize {
		words = append(words, wordAt(a))
	}
	first, second := closure(firstHook), closure(secondHook)
	registerPoolCleanup(firstHook)
	var candidates []uintptr
	for a := s.begin; a < s.end; a += wordSize {
		if wordAt(a) == first {
			candidates = append(candidates, a)
		}
	}
	registerPoolCleanup(secondHook)
	for _, a := range candidates {
		if wordAt(a) == second {
			at, before = a, words[(a-s.begin)/wordSize]
		}
	}
	if at == 0 || before == 0 {
		registerPoolCleanup(poolCleanup)
		return 0, 0, fmt.Errorf("the runtime's hook was not found in bss: %s keeps it in another way", runtime.Version())
	}
	registerPoolCleanup(ofClosure(before))
	return at, before, nil
}

func firstHook()  { poolCleanup() }
func secondHook() { poolCleanup() }
