//go:build linux || darwin || windows || freebsd

package syncpools

import (
	"sync"
	"unsafe"
)

// notes are the hook's, for readers.
type notes struct {
	allPools unsafe.Pointer // *[]*sync.Pool of package sync; nil while the hook is off
	next     func()         // the hook registered before ours
	epoch    uint64         // collections seen
	inside   bool           // the hook is running
	pools    []*sync.Pool   // in use when the last collection began
	before   []*sync.Pool   // in use when the one before began: two may come before anybody reads
}

// collected has the notes. The hook writes it with the world stopped, and readers are
// pinned: never at the same time.
var collected notes

// hook runs at the start of each collection, with the world stopped: it may not
// allocate, wait or be preempted. It notes the list of pools, which package
// sync keeps until the next collection too, and calls the next hook.
//
//go:norace
//go:nocheckptr
func hook() {
	c := &collected
	if c.inside { // the next hook calls ours: without this the two would never end
		poolCleanup()
		return
	}
	if c.allPools != nil {
		c.before, c.pools = c.pools, *(*[]*sync.Pool)(c.allPools)
		c.epoch++
	}
	c.inside = true
	c.next()
	c.inside = false
}

// forget drops the lists after they were read, unless a collection has brought
// a new one: they keep pools, and the objects that pools are part of, from
// being freed.
//
//go:norace
func forget(epoch uint64) {
	pin()
	if c := &collected; c.epoch == epoch {
		c.pools, c.before = nil, nil
	}
	unpin()
}

// noted is a copy of the notes, of one moment.
//
//go:norace
func noted() notes {
	pin()
	n := collected
	unpin()
	return n
}

// inUse returns the pools of the last two collections, and the last one's number. It
// copies the lists unpinned: package sync does not write to them any more.
//
//go:norace
func inUse() (pools []*sync.Pool, epoch uint64) {
	n := noted()
	return append(append(pools, n.pools...), n.before...), n.epoch
}

func epoch() uint64 { return noted().epoch }

// closure is the address of a function value's closure, which the runtime and
// package sync keep in one word.
func closure(f func()) uintptr { return uintptr(*(*unsafe.Pointer)(unsafe.Pointer(&f))) }

// ofClosure is the function value again.
func ofClosure(word uintptr) (f func()) {
	*(*uintptr)(unsafe.Pointer(&f)) = word
	return f
}

// setHook registers the hook before another one, which it calls.
//
//go:norace
func setHook(list unsafe.Pointer, next func()) {
	pin()
	collected.allPools, collected.next = list, next
	unpin()
	registerPoolCleanup(hook)
}

// clearHook makes the hook only call the next one.
//
//go:norace
func clearHook() {
	pin()
	collected.allPools, collected.pools, collected.before = nil, nil, nil
	unpin()
}
