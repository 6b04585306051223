// Package magazine is the engine of the pools that hold what they are given:
// per-P magazines over a depot (Bonwick and Adams, "Magazines and Vmem", USENIX
// 2001), bounded in bytes. It moves pointers and knows nothing of what they
// point to; package strategies makes byte buffers and objects of them.
//
// # Shape
//
// A [Pool] has one or more classes. Each P has a shard with a [Cell] per class,
// and a cell has one object at hand, its top, and two magazines, loaded and
// previous: small stacks of free objects. Get takes the top or pops from the
// loaded magazine, Put does the reverse, on memory that belongs to the P. Only
// when both magazines are empty, or both full, is a whole one traded
// with the class's depot, under a lock: the price of crossing Ps is divided by
// the magazine's length. Two magazines, and not one, so that a goroutine that
// swings around a boundary does not trade at every turn.
//
// # Who may touch what
//
//   - A cell belongs to the P it is installed for: only a goroutine pinned to
//     that P (in portable builds: one that holds the cell's lock) touches it. The
//     counters in it are read by others with atomic loads.
//   - A flush takes a shard away by replacing the P's pointer to it with the
//     void, waits for a barrier, and then owns it: a pinned section that loaded
//     the pointer before has ended, one that began later found the void. In
//     portable builds late comers find the cell marked void under its lock.
//   - Depots have a mutex each, the pool one for installing and collecting
//     shards. Nobody waits for one while pinned, and no two are held together
//     but for the pool's, which is taken first. User code runs under none.
//
// # What is read without its lock
//
// Each of these may be out of date when it is used. Why that is right:
//
//   - A depot's idle, oldestStamp and hasGhosts say whether its lock is worth taking. Under the
//     lock the question is asked again. Who sees too little leaves an object for the next call,
//     which a call that overlaps with its Put could have missed as well.
//   - span and share change with the limit and with GOMAXPROCS. A Put that has read the old ones
//     fills a magazine, or charges room, as it could have a moment before; when they shrink, the
//     shards are taken away afterwards, and with them what was charged too much.
//   - closed is set before the shards are taken away. Who has not seen it finds the void then, or
//     a closed depot, and asks again under the lock.
//   - charged changes by exchange or addition, so no charge is lost. The limit may be lowered
//     between its reading and the exchange: who lowered it reads charged afterwards.
//   - The clock is read as it is. An object stamped late is taken to be a window older.
//   - A cell's n, low and owed are read and written by the end of a window, see Cell.seal. They
//     decide what ages, and not what Get and Put may touch: for that the owner has n, slots and
//     room to itself.
//   - Counters are read while they grow. Stats says in which order, so that what is derived from
//     two of them errs on the side that no bound forbids.
//
// The owner's own stores need no order among themselves. The next owner of a cell comes to it after
// an unpin and a pin on the same P, which the scheduler orders, or through shards.mu after a
// barrier; in the portable build, through the cell's lock.
//
// # The garbage collector
//
// Objects lie in slots and tops as pointers, and every store of one is an ordinary store, to which
// the compiler adds the write barrier: also where the address was computed, for its type is a
// pointer's. Nothing that keeps an object alive is a number. An object that is taken is cleared from
// its place, with the barrier again, so that it is found by a marking that has scanned the stack
// it goes to. The slots of a magazine are reached from a cell by a pointer into the array, which
// keeps all of it.
//
// Cells and arrays of places are reached by pointers into them too. A shard is never freed while
// its pool is reachable, and Get and Put keep the handle alive until they have left the cell: else
// a cleanup could drain a shard that they are in.
//
// # Limits
//
// Every byte that may become idle is charged to the pool's limit and to the
// shared budget before there is an object to fill it: a cell owns a quota of
// charged room and pushes only within it, and a magazine takes its part of the
// quota with it to the depot. So
//
//	idle bytes ≤ charged bytes ≤ limit
//
// at every moment, with no operation shared between Ps on the fast path. What is
// lost is room that one P has charged and does not use: at most 1/2 of the
// limit per class, since a cell's quota is at most limit/(2·Ps). A class whose
// buffers are too large for that has no quotas; it uses its depot directly.
//
// Counters live in the shards and are never reset or moved: a shard that was
// taken from a P keeps its counts and waits in a list for a P that needs one. So
// a snapshot is a sum over shards that needs no lock, and can only grow.
package magazine
