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

// findRuns bounds how many pools are used to find the list. In a busy program most
// are in vain: a collection, another pool's first use or somebody else's turn on the P comes between.
const findRuns = 1000

// votes is how many pools' first use a place must have followed.
const votes = 8

// findAllPools returns the address of package sync's list of pools. It is the one
// slice header in bss whose length grows with each first use of a pool, and one of
// whose last elements then is that pool. Nothing is followed as a pointer before its
// header has grown like that for several pools, and then only into the heap.
func findAllPools() (unsafe.Pointer, error) {
	s, grew := bss(), make(map[uintptr]int)
	var before []header
	for range findRuns {
		before = headers(s, before[:0])
		used := &sync.Pool{New: ours}
		used.Get() // pins, as Put does, but a race build drops some of what is put
		for _, h := range grown(before) {
			if grew[h.at]++; grew[h.at] >= votes && holdsLast(h.at, used) {
				return pointerTo(h.at), nil
			}
		}
	}
	return nil, errors.New("the list of pools was not found in bss: package sync of " + runtime.Version() + " keeps it in another way")
}

// header is a place that may be a slice's, with the length it had.
type header struct{ at, length uintptr }

// headers appends the places in s that may be slice headers.
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

// most is how many pools may be used for the first time meanwhile, in other
// goroutines.
const most = 16

// grown returns those whose length is a little more than it was.
func grown(before []header) (now []header) {
	for _, h := range before {
		if length := wordAt(h.at + wordSize); length > h.length && length <= h.length+most && plausible(h.at) {
			now = append(now, header{h.at, length})
		}
	}
	return now
}

// holdsLast reports whether the slice at an address has a pool among its last
// elements. Its array must lie where the heap does, near the pool; where nothing
// is mapped it is none. What is read is compared and not followed, so it does no harm
// if a collection has taken the array.
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

// findCleanup returns the address of the variable that has the runtime's hook, and
// the closure that was in it. It registers two functions in turn, each of which
// does what package sync's does, and looks which word has become theirs. If a
// collection begins between, a foreign hook misses it, and no pool does.
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
