// Package grpcpool lets gRPC take its buffers from any pool.Bytes, so that its
// reads, writes and the proto codec appear in the same metrics, and under the same
// limit, as the program's other pools:
//
//	var buffers = strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{
//		Name:    "grpc",
//		Classes: strategies.PowersOfTwo(2<<10, 4<<20),
//	}))
//	var grpcBuffers = strategies.Must(grpcpool.New(grpcpool.Config{Buffers: buffers}))
//
//	func init() { experimental.SetDefaultBufferPool(grpcBuffers) }
//
// Only this default reaches the proto codec. A single connection or server takes
// experimental.WithBufferPool(grpcBuffers) or experimental.BufferPool(grpcBuffers).
//
// # Which classes
//
// gRPC does not pool buffers of 1 KiB and less. It asks for a frame, up to 16 KiB;
// for 32 KiB to read decompressed data; and for a whole message where that must be
// contiguous: up to 4 MiB unless the program allows more. A pool with a smaller
// largest class allocates those anew each time, and counts them as bypass.
//
// # Objects in use
//
// gRPC gives back the buffers of messages that the program read. When a stream is
// cut off, it leaves unread messages to the garbage collector, and the pool shows
// their buffers as in use for good: a slow drift of that figure in a service whose
// calls are often cancelled comes from gRPC and is harmless.
//
// The package does not import gRPC, which defines a buffer pool by its two methods;
// only its tests do.
package grpcpool
