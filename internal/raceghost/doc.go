// Package raceghost makes the race detector see use after Put, reads included. In race
// builds every Put gives the memory to a goroutine, its ghost, that writes to all of it
// and ends; every Get takes it back. Whoever touches the memory between, without a Get,
// is not ordered after the ghost's write, and the detector reports both: the access with
// its stack, and the ghost with the stack that created it, which is the Put.
//
// # Why it is right
//
// A putter has to wait for its ghost, or the ghost would write while the next owner
// does. While it waits the detector ignores its synchronization (RaceDisable), so it
// learns nothing of the ghost's clock: its own later access is as unordered as
// anybody's. The ghost starts after everything the putter did, so a correct Put is
// ordered before its write. It ends by releasing at the memory's first address, where
// Get acquires: whoever gets the memory from the pool is ordered after the ghost, and
// nobody else is. Allocating anew at the same address makes the detector forget what was
// there.
//
// Only what is handed out is taken back. Where a pool itself reads what lies in it, to
// look for late writes, it reads so that the detector does not see it.
//
// The detector keeps clocks for some 250 goroutines and gives ended ones' to later ones.
// So a goroutine that gets memory may learn, once in 250 times, of another ghost too,
// and one mistake goes unseen; correct code is never accused.
//
// # A sync.Pool beneath
//
// A program that poolscope built has ghosts in sync.Pool itself, in whose race builds
// these functions are written again. There an object that Wrap or Sync passes on has two
// ghosts, one after the other: the first releases at the memory's second byte also, where
// the second acquires. Only these pools release there, so that a double Put of a plain
// sync.Pool remains one.
//
// # What is not seen
//
// What the same goroutine gets again is its own again. The runtime's own reads of
// strings (comparing, hashing, printing) are not looked at by the detector. Of an object
// the memory of its type is a ghost's, and the arrays of a slice, a bytes.Buffer, a
// bufio.Reader and a bufio.Writer, and of a map the map; not what its other fields point to, which may be
// anybody's, nor fields of packages sync and sync/atomic, whose last user may still be
// on the way out of Unlock or Done.
//
// # Cost
//
// A Put waits for its ghost, so there are never more of them than Puts under way, and at
// most [Most] at once: the next Put waits. The detector stops a program with more than
// 8,128 goroutines. A ghost keeps nothing alive, for it is gone when Put returns.
//
// Without -race all of it compiles to nothing.
package raceghost
