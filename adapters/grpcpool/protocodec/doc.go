// Package protocodec is gRPC's protobuf codec on any pool.Bytes. It encodes large messages
// into chunks of one size class, where gRPC's own needs a buffer as large as the message:
//
//	var codec = strategies.Must(protocodec.New(protocodec.Config{Buffers: buffers}))
//
//	func init() { encoding.RegisterCodecV2(codec) }
//
// A single server takes grpc.ForceServerCodecV2(codec), a call grpc.ForceCodecV2(codec). What
// arrives is in the buffers of gRPC's pool, package grpcpool's Pool, for instance; a message
// in several parts is copied into one buffer of the codec's pool to be decoded.
//
// A string, a map and a list of numbers are in one piece, whatever their length, and in a
// buffer of their size while they are encoded: bytes and messages are not.
package protocodec
