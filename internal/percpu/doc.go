// Package percpu gives code exclusive use of a piece of memory per P, the
// scheduler's unit of parallelism, without atomic operations.
//
// A goroutine that is pinned to its P cannot be preempted. So no other
// goroutine runs on that P, and the pinned one owns everything that belongs to
// the P until it unpins. sync.Pool works in this way; other packages can pin
// only by linkname, and the runtime keeps the name for them
// (go.dev/issue/67401).
//
// The package has two builds. The pinned one is for 64-bit platforms. The
// portable one, for race builds (the detector does not know pinning), 32-bit
// platforms and -tags otelpool_nolinkname, puts a lock on each shard and picks
// shards by goroutine. The same code uses either:
//
//	pid := percpu.Pin()       // portable: some shard's number
//	... lock what belongs to pid with a [Lock], a no-op when pinned
//	percpu.Unpin()            // portable: nothing
//
// While pinned, never wait, allocate or call other packages' code. A pinned goroutine
// that spins on a lock whose holder has lost its P hangs the process. An allocation may
// take long, to sweep spans or to get memory from the system, and whoever stops the world
// waits for it meanwhile. Others' code may do either, and if it panics, the goroutine
// stays pinned.
//
// [Tree] is here too, because it also needs the runtime by linkname.
package percpu
