// Package safety finds buffers and objects that their users lose, give back twice,
// or use after giving them back.
//
// It watches a sample: now and then a pool hands out, instead of the object that it
// took from its store, a stand-in made for this one user. The stand-in is
// recognized by its address, and for buffers by a capacity that no other buffer of
// the pool has, so that Put finds it on the path that refuses foreign buffers,
// without a test on its ordinary path. When the stand-in comes back, the object
// goes to the store in its place, and the stand-in into quarantine, where nobody
// may touch it: any further use is misuse. A stand-in is never used again, so a
// second Put of it cannot be a later user's.
//
// Only its user refers to a stand-in that is out. If the garbage collector takes
// it, it was lost.
//
// # Locks
//
// A [Watch] has a lock for its stand-ins, and one for its decisions, looks.mu. A
// Get or Put without a sample takes neither. No two are held together, and none
// while the user's code runs, except the function that Samples yields to: observers
// are called, objects dropped, and quarantined memory inspected for the last time,
// without the lock.
//
// A stand-in passes through its states in one direction: out, back, done. One
// goroutine makes each step, under the lock: Return finds it out and marks it back,
// or the cleanup finds it out and marks it done. So it is counted once, even if its
// user puts it twice at the same time, or loses it while the pool is being closed.
// Between back and quarantine it belongs to the goroutine that put it.
//
// The numbers read without the lock only ration: how many are out, how many bytes
// wait for a collection, how often a kind was found. If one is out of date by a
// sample, a pool takes one sample more or less.
//
// # Quarantine
//
// Memory in quarantine is filled with a pattern, and inspected a few times and when
// it leaves, which shows writes by a user that still has the stand-in. A pointer
// holds it, so its memory cannot be reused meanwhile, and a second Put finds the
// record. Quarantine has to end: a sampled pool keeps few stand-ins, of bounded
// bytes, and a released one goes to the collector and not to the pool, so that even
// a later write harms nobody.
//
// # Addresses
//
// A record has the address of a stand-in as a number, and a weak pointer to it. The
// number finds the record when the user puts the stand-in. If the collector has
// taken the stand-in, another object may have the address: then the weak pointer is
// nil, even if the cleanup has not run yet, and the record does not count. The
// collector sets weak pointers to nil before it frees the memory.
package safety
