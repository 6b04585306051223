//go:build linux || darwin || windows || freebsd

package syncpools

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"unsafe"
)

// findRuns bounds how often a search is begun again because a collection, or
// another pool's first use, came between.
const findRuns = 20

// sentinels are the pools that are used for the first time to see where package
// sync notes it.
const sentinels = 8

// findAllPools returns the address of package sync's list of pools. It is the one
// slice header in bss whose length grows by one with each first use of a pool, and
// whose last element then is that pool. Nothing is followed as a pointer
// before its header has grown like that for eight pools.
func findAllPools() (unsafe.Pointer, error) {
	s := bss()
	for range findRuns {
		var used [sentinels]*sync.Pool
		candidates := headers(s)
		for i := range used {
			used[i] = new(sync.Pool)
			used[i].Get() // pins, as Put does, but a race build drops some of what is put
			candidates = grown(candidates)
		}
		for _, c := range candidates {
			if holdsLast(c.at, used[:]) {
				return pointerTo(c.at), nil
			}
		}
	}
	return nil, errors.New("the list of pools was not found in bss: package sync of " + runtime.Version() + " keeps it in another way")
}

// header is a place that may be a slice's, with the length it had.
type header struct{ at, length uintptr }

// headers returns the places in s that may be slice headers.
func headers(s section) (all []header) {
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

// grown returns those whose length is one more than it was.
func grown(before []header) (now []header) {
	for _, h := range before {
		if length := wordAt(h.at + wordSize); length == h.length+1 && plausible(h.at) {
			now = append(now, header{h.at, length})
		}
	}
	return now
}

// holdsLast tells whether the slice at an address ends with the given pools.
// Pinned, so that no collection empties it meanwhile.
//
//go:norace
//go:nocheckptr
func holdsLast(at uintptr, used []*sync.Pool) bool {
	pin()
	defer unpin()
	list := *(*[]*sync.Pool)(pointerTo(at))
	if len(list) < len(used) {
		return false
	}
	for i, p := range list[len(list)-len(used):] {
		if p != used[i] {
			return false
		}
	}
	return true
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
