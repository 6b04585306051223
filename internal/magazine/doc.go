// Package magazine is the engine of the pools that keep their objects through
// collections: per-P magazines over a depot (Bonwick and Adams, "Magazines and Vmem",
// USENIX 2001), bounded in bytes. It moves pointers and does not know what they point
// to; package strategies makes pools of byte buffers and objects of it.
//
// # Shape
//
// A [Pool] has one or more classes. Each P has a shard with a [Cell] per class, and a
// cell has one object at hand, its top, and two magazines, loaded and previous: small
// stacks of free objects. Get takes the top or pops from the loaded magazine, Put does
// the reverse, on memory that belongs to the P. Only when both magazines are empty, or
// both full, is a whole one traded with the class's depot, under a lock: the price of
// crossing Ps is divided by the magazine's length. There are two magazines so that a
// goroutine that alternates around a boundary does not trade at every turn.
//
// # Who may touch what
//
//   - A cell belongs to the P it is installed for: only a goroutine pinned to
//     that P (in portable builds: one that holds the cell's lock) touches it. The
//     counters in it are read by others with atomic loads.
//   - A flush takes a shard away by replacing the P's pointer to it with the
//     void, waits for a barrier, and then owns it: a pinned section that loaded
//     the pointer before has ended, and one that began later found the void. In
//     portable builds latecomers find the cell not live, under its lock.
//   - Each depot has a mutex. The pool has four, taken in this order: aging.mu,
//     account.dividing, shards.draining and shards.mu; a depot's comes last. Nobody
//     waits for a mutex while pinned. User code runs under none.
//
// # What is read without its lock
//
// Each of these may be out of date when it is used. Why that is right:
//
//   - A depot's idle, oldestStamp and hasGhosts say whether its lock is worth taking. The caller
//     checks again under the lock. One that reads too low a value leaves an object for the next
//     call, and a call that overlaps with the object's Put could have missed it as well.
//   - span and share change with the limit and with GOMAXPROCS. A Put that has read the old values
//     fills a magazine, or charges room, as it could have a moment before; when they shrink, the
//     shards are taken away afterwards, and with them the excess charge.
//   - closed is set before the shards are taken away. A caller that has not seen it finds the void,
//     or a closed depot, and checks again under the lock.
//   - charged changes by exchange or addition, so no charge is lost. The limit may be lowered
//     between its reading and the exchange: SetLimit reads charged afterwards.
//   - The clock is read without a lock. An object stamped late counts as a window older.
//   - The end of a window reads and writes a cell's n, low and owed, see Cell.seal. They decide
//     which objects age, and not which memory Get and Put may touch: n, slots and room decide
//     that, and only the owner writes them.
//   - Counters are read while they grow. Stats reads them in an order that makes a value derived
//     from two of them err on the harmless side.
//
// The owner's own stores need no order among themselves. The next owner of a cell comes
// to it after an unpin and a pin on the same P, which the scheduler orders, or through
// shards.mu after a barrier; in the portable build, through the cell's lock.
//
// # The garbage collector
//
// Objects lie in slots and tops as pointers, and every store of one is an ordinary
// store, to which the compiler adds the write barrier, also where the address was
// computed, because its type is a pointer's. No number keeps an object alive. Taking an
// object clears its place, with the barrier again, so that a marking that has already
// scanned the taker's stack still finds the object. A cell reaches the slots of a
// magazine by a pointer into the array, which keeps all of it.
//
// Cells and arrays of places are also reached by pointers into them. A shard is never
// freed while its pool is reachable, and Get and Put keep the handle alive until they
// have left the cell: otherwise a cleanup could drain a shard that they are in.
//
// # Limits
//
// Every byte that may become idle is charged to the pool's limit and to the shared
// budget before there is an object to fill it: a cell owns a quota of charged room and
// pushes only within it, and a magazine takes its part of the quota with it to the
// depot. So
//
//	idle bytes ≤ charged bytes ≤ limit
//
// at every moment, and the fast path shares nothing between Ps. The price is room that
// a P has charged and does not use: at most 1/2 of the limit per class, because a
// cell's quota is at most limit/(2·Ps). A class whose buffers are too large for that
// has no quotas; it uses its depot directly.
//
// Counters live in the shards and are never reset or moved: a shard that was taken from
// a P keeps its counts and waits in a list for a P that needs one. So a snapshot is a
// sum over shards that needs no lock, and can only grow.
package magazine
