// Package grpcpool gives gRPC its buffers from any pool.Bytes, so that its reads,
// writes and the proto codec show in the same metrics, under the same limit, as
// the program's other pools:
//
//	var buffers = strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{
//		Name:    "grpc",
//		Classes: strategies.PowersOfTwo(2<<10, 4<<20),
//	}))
//	var grpcBuffers = strategies.Must(grpcpool.New(grpcpool.Config{Buffers: buffers}))
//
//	func init() { experimental.SetDefaultBufferPool(grpcBuffers) }
//
// That is the only way to the proto codec. For one connection or server there are
// experimental.WithBufferPool(grpcBuffers) and experimental.BufferPool(grpcBuffers).
//
// # Which classes
//
// gRPC does not pool what is not larger than 1 KiB. It asks for a frame, up to
// 16 KiB, for 32 KiB to read what it decompresses, and for a whole message where
// it must be in one piece: up to 4 MiB unless the program allows more. A pool
// whose largest class is smaller allocates those anew each time, and counts them
// as bypass.
//
// # What is in use
//
// gRPC gives back what is read. When a stream is cut off, it leaves the messages
// that nobody has read yet to the garbage collector, and the pool shows their
// buffers as in use for good: a slow drift of that figure in a service whose calls
// are often cancelled is gRPC's and harmless.
//
// The package does not import gRPC, which knows a buffer pool by its two methods;
// its tests do.
package grpcpool
