// Package arrowpool lets Arrow take its memory from any pool.Bytes. One line:
//
//	var allocator = strategies.Must(arrowpool.New(arrowpool.Config{Buffers: columns}))
//
// Give it to what takes a memory.Allocator: array.NewInt64Builder(allocator),
// ipc.WithAllocator(allocator), compute.WithAllocator(ctx, allocator),
// pqarrow.WithAllocator(allocator). Only what is released comes back: an array or a
// builder without its Release is the garbage collector's, and the pool shows it as in
// use for good. memory.NewCheckedAllocator(allocator) names those in tests.
//
// # Which classes
//
// Arrow wants memory that begins at a multiple of 64 bytes. Go's does in sizes that are
// powers of two from 64 on, so
//
//	var columns = strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{
//		Name:    "arrow",
//		Classes: strategies.PowersOfTwo(64, 64<<20),
//	}))
//
// wastes nothing on alignment, where Arrow's own allocator asks for 64 bytes more each
// time. Memory that a pool of other classes has at other addresses goes back at once,
// and Arrow gets some that is not pooled.
//
// The package does not import Arrow, which defines an allocator by its three methods;
// only its tests do.
package arrowpool
