// Package safety finds buffers and objects that their users lose, give back
// twice, or use after giving them back.
//
// It watches over a sample: now and then a pool hands out, in place of the object
// it took from its store, a stand-in that is made for this one user. The stand-in is
// known by its address, and for buffers by a capacity that no other buffer of the
// pool has, so that Put recognizes it where it would have refused it, without a
// test on its ordinary path. When it comes back, the object goes to the store in
// exchange, and the stand-in into quarantine, where nobody may touch it: what else
// is done with it is misuse. A stand-in is never used again, so there is no mistaking
// a second Put for that of a later user.
//
// A stand-in that is out is held by its user alone. If the garbage collector takes
// it, it was lost.
//
// # Locks
//
// A [Watch] has a lock for its stand-ins, and one for its decisions, looks.mu. Neither is taken by a
// Get or Put that has nothing to do with a sample. No two are held together, and none while a
// user's code runs, but for what Samples yields to: observers are called, objects dropped, and
// quarantined memory looked at for the last time, when the lock has been left.
//
// A stand-in goes from state to state in one direction: out, back, done. Each step is made under
// the lock, by one goroutine: Return finds it out and makes it back, or the cleanup finds it out
// and makes it done. So it is counted once, whether its user puts it twice at the same time or
// loses it at the moment at which the pool is closed. Between back and quarantine it belongs to
// the goroutine that put it.
//
// What is read without the lock is numbers that ration: how many are out, how many bytes wait for
// a collection, how often a kind was found. One that is out of date by a sample makes a pool take
// one sample more or less.
//
// # Quarantine
//
// What is in quarantine is filled with a pattern, and looked at when it leaves, and a few times
// before. Whoever still has the stand-in and writes to it shows then. It is held by a pointer, so its
// memory cannot be given out meanwhile, and a second Put finds the record. It must end: a sampled pool
// holds few, of bounded bytes, and what leaves goes to the collector and not to the pool, so that a
// write that comes later still harms nobody.
//
// # Addresses
//
// A record holds the address of a stand-in as a number, and a weak pointer to it. The number finds the
// record when the user puts the stand-in. If the collector has taken that, the number may be
// another object's: then the weak pointer is nil, though the cleanup may not have run, and the record
// is taken for none. The collector sets weak pointers to nil before it frees the memory.
package safety
