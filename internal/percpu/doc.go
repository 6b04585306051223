// Package percpu gives code exclusive use of a piece of memory per P, the
// scheduler's unit of parallelism, without atomic operations.
//
// A goroutine that is pinned to its P cannot be preempted, so no other
// goroutine runs on that P and whatever belongs to the P belongs to it until it
// unpins. That is how sync.Pool works; the runtime offers it to others by
// linkname only, and keeps that name for them (go.dev/issue/67401).
//
// There are two builds of the package. The pinned one is for 64-bit platforms.
// The portable one, for race builds (the detector knows nothing of pinning),
// 32-bit platforms and -tags otelpool_nolinkname, puts a lock on each shard and
// picks shards by goroutine. Code that uses the package is written once:
//
//	pid := percpu.Pin()       // portable: some shard's number
//	... lock what belongs to pid with a [Lock], a no-op when pinned
//	percpu.Unpin()            // portable: nothing
//
// While pinned, never wait, allocate or call code of others: a goroutine that
// spins while pinned on a lock whose holder lost its P hangs the process.
//
// It also has the other thing that the runtime gives by linkname only: [Tree].
package percpu
