package grpcpool_test

import (
	"context"
	"fmt"
	"net"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adapters/grpcpool"
	"github.com/otelpool/pool/strategies"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/experimental"
	pb "google.golang.org/grpc/interop/grpc_testing"
)

// A server and a client share a pool, whose figures tell what they do with it.
func Example() {
	buffers := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{
		Name:    "grpc",
		Classes: strategies.PowersOfTwo(2<<10, 4<<20),
	}))
	defer buffers.Close()
	p := strategies.Must(grpcpool.New(grpcpool.Config{Buffers: buffers}))

	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	server := grpc.NewServer(experimental.BufferPool(p))
	defer server.Stop()
	pb.RegisterTestServiceServer(server, echo{})
	go server.Serve(l)

	conn, err := grpc.NewClient(l.Addr().String(), experimental.WithBufferPool(p),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	request := &pb.SimpleRequest{Payload: &pb.Payload{Body: make([]byte, 100_000)}}
	reply, err := pb.NewTestServiceClient(conn).UnaryCall(context.Background(), request)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(reply.GetPayload().GetBody()), "bytes came back")

	var s pool.Stats
	buffers.Stats(&s)
	fmt.Println("through the pool:", s.Gets() > 0)
	// Output:
	// 100000 bytes came back
	// through the pool: true
}
