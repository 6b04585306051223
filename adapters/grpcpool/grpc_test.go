package grpcpool_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/testcost"
	"github.com/otelpool/pool/strategies"
	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // registers the compressor
	pb "google.golang.org/grpc/interop/grpc_testing"
)

// A server and a client on one pool: what each client sends comes back as it was,
// and once both are gone nothing is left out.
func TestGRPCGivesBackEveryBuffer(t *testing.T) {
	t.Parallel()
	for _, compressor := range []string{"identity", "gzip"} {
		t.Run(compressor, func(t *testing.T) {
			t.Parallel()
			buffers := sizeClasses(strategies.SizeClassesConfig{Classes: strategies.PowersOfTwo(2<<10, 4<<20)})
			client, stop := serve(t, over(buffers))
			option := grpc.UseCompressor(compressor)
			var wg sync.WaitGroup
			for i := range 4 {
				wg.Go(func() { call(t, client, payloads(i), option) })
				wg.Go(func() { stream(t, client, payloads(i+10), option) })
			}
			wg.Wait()
			stop()
			s := settled(t, buffers)
			if s.Requests[pool.Hit] == 0 || s.Requests[pool.Bypass] != 0 {
				t.Errorf("%d hits, %d bypasses; want some, none", s.Requests[pool.Hit], s.Requests[pool.Bypass])
			}
		})
	}
}

// What a call that is cut off leaves unread, gRPC leaves to the garbage collector.
// It must not give a buffer back twice, or one that is still read.
func TestAbortedCallsGiveNothingBackTwice(t *testing.T) {
	t.Parallel()
	buffers := sizeClasses(strategies.SizeClassesConfig{Classes: strategies.PowersOfTwo(2<<10, 4<<20)})
	client, stop := serve(t, over(buffers))
	for i := range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		s, err := client.FullDuplexCall(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range payloads(i)[5:] {
			_ = s.Send(&pb.StreamingOutputCallRequest{Payload: &pb.Payload{Body: p}})
		}
		cancel()
		call(t, client, payloads(i)[5:7])
	}
	stop()
	s := stats(buffers)
	if s.Puts() == 0 || s.Puts() != s.Returns[pool.Pooled]+s.Returns[pool.Full] || s.InUse < 0 {
		t.Errorf("%d in use, returns %v; want pooled and full alone, and not more than handed out", s.InUse, s.Returns)
	}
}

func call(t *testing.T, client pb.TestServiceClient, payloads [][]byte, options ...grpc.CallOption) {
	for _, p := range payloads {
		reply, err := client.UnaryCall(t.Context(), &pb.SimpleRequest{Payload: &pb.Payload{Body: p}}, options...)
		if err != nil {
			t.Error(err)
			return
		}
		if !bytes.Equal(reply.GetPayload().GetBody(), p) {
			t.Errorf("%d bytes came back changed", len(p))
		}
	}
}

func stream(t *testing.T, client pb.TestServiceClient, payloads [][]byte, options ...grpc.CallOption) {
	s, err := client.FullDuplexCall(t.Context(), options...)
	if err != nil {
		t.Error(err)
		return
	}
	for _, p := range payloads {
		if err := s.Send(&pb.StreamingOutputCallRequest{Payload: &pb.Payload{Body: p}}); err != nil {
			t.Error(err)
			return
		}
		reply, err := s.Recv()
		if err != nil {
			t.Error(err)
			return
		}
		if !bytes.Equal(reply.GetPayload().GetBody(), p) {
			t.Errorf("%d bytes came back changed", len(p))
		}
	}
	_ = s.CloseSend()
}

// payloads are bodies of a few bytes to 3 MiB, nobody else's like them.
func payloads(seed int) (all [][]byte) {
	r := rand.New(rand.NewPCG(uint64(seed), 0))
	for _, n := range []int{10_000, 3 << 20, 10, 1024, 1025, 16 << 10, 70_000, 300_000} {
		line := []byte(strconv.Itoa(r.Int()) + "\n")
		all = append(all, bytes.Repeat(line, n/len(line)+1)[:n])
	}
	return all
}

// settled waits for gRPC's goroutines, which end some time after Close, to give
// back what they hold.
func settled(t *testing.T, p pool.Source) pool.Stats {
	t.Helper()
	testcost.Until(t, "all buffers are given back", func() bool { return stats(p).InUse == 0 })
	return stats(p)
}
