// Package arrowpool lets Arrow take its memory from any pool.Bytes. One line:
//
//	var allocator = strategies.Must(arrowpool.New(arrowpool.Config{Buffers: columns}))
//
// Give it to what takes a memory.Allocator: array.NewInt64Builder(allocator),
// ipc.WithAllocator(allocator), compute.WithAllocator(ctx, allocator),
// pqarrow.WithAllocator(allocator). Only released memory comes back: if an
// array or a builder is not released, the garbage collector takes it, and the
// pool shows it as in use for good. In tests,
// memory.NewCheckedAllocator(allocator) names those.
//
// # Which classes
//
// Arrow needs memory that begins at a multiple of 64 bytes. Go's allocator
// returns such memory for sizes that are powers of two, from 64 on. So
//
//	var columns = strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{
//		Name:    "arrow",
//		Classes: strategies.PowersOfTwo(64, 64<<20),
//	}))
//
// wastes nothing on alignment, while Arrow's own allocator asks for 64 bytes
// more each time. If a pool with other classes returns memory at another
// address, that goes back at once, and Arrow gets memory that is not pooled.
//
// The package does not import Arrow, which defines an allocator by its three methods;
// only its tests do.
package arrowpool
