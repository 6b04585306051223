package grpcpool_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/experimental"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/mem"
)

// echo is the server of gRPC's own test service, as far as the tests need it: it
// sends back what it gets.
type echo struct {
	pb.UnimplementedTestServiceServer
}

func (echo) UnaryCall(_ context.Context, r *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	return &pb.SimpleResponse{Payload: r.GetPayload()}, nil
}

func (echo) FullDuplexCall(stream pb.TestService_FullDuplexCallServer) error {
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(&pb.StreamingOutputCallResponse{Payload: r.GetPayload()}); err != nil {
			return err
		}
	}
}

// serve starts an echo server and a client, both on the pool; stop ends both.
func serve(t *testing.T, p mem.BufferPool, options ...grpc.ServerOption) (client pb.TestServiceClient, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(append(options, experimental.BufferPool(p))...)
	pb.RegisterTestServiceServer(server, echo{})
	go server.Serve(l)
	conn, err := grpc.NewClient(l.Addr().String(), experimental.WithBufferPool(p),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	return pb.NewTestServiceClient(conn), func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		server.GracefulStop()
	}
}
