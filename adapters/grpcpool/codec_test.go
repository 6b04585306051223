package grpcpool_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adapters/grpcpool/protocodec"
	"github.com/otelpool/pool/strategies"
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

var _ encoding.CodecV2 = (*protocodec.Codec)(nil)

func codecOver(buffers pool.Bytes, chunk int) *protocodec.Codec {
	return strategies.Must(protocodec.New(protocodec.Config{Buffers: buffers, Chunk: chunk}))
}

func TestEveryMistakeInACodecsConfigIsNamed(t *testing.T) {
	t.Parallel()
	_, err := protocodec.New(protocodec.Config{Chunk: 1024})
	for _, want := range []string{"Config.Buffers is nil: give", "Config.Chunk is 1024: give more"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %s", err, want)
		}
	}
}

// Client and server encode and decode by the codec, on a strict pool, which would overwrite
// what went back too early. Its Gets are its Puts.
func TestGRPCWithTheCodecGivesBackEveryBuffer(t *testing.T) {
	t.Parallel()
	buffers := sizeClasses(strategies.SizeClassesConfig{
		Classes: strategies.PowersOfTwo(1<<10, 4<<20), Safety: strategies.SafetyStrict,
	})
	codec := codecOver(buffers, 4096)
	client, stop := serve(t, over(buffers), grpc.ForceServerCodecV2(codec))
	var wg sync.WaitGroup
	wg.Go(func() { call(t, client, payloads(1), grpc.ForceCodecV2(codec)) })
	wg.Go(func() { stream(t, client, payloads(2), grpc.ForceCodecV2(codec)) })
	wg.Wait()
	stop()
	if s := settled(t, buffers); s.Gets() != s.Puts() || s.Misuse != [pool.NumMisuseKinds]uint64{} {
		t.Errorf("%d Gets, %d Puts, misuse %v", s.Gets(), s.Puts(), s.Misuse)
	}
}

func TestWhatTheCodecEncodesIsTheMessage(t *testing.T) {
	t.Parallel()
	for name, m := range messages(t) {
		for _, chunk := range []int{1025, 3000, 32 << 10, 1 << 20} {
			buffers := sizeClasses(strategies.SizeClassesConfig{Safety: strategies.SafetyStrict})
			codec := codecOver(buffers, chunk)
			data, err := codec.Marshal(m)
			if err != nil {
				t.Fatal(name, err)
			}
			if size := proto.Size(m); data.Len() != size || size > chunk && len(data) != (size+chunk-1)/chunk {
				t.Errorf("%s: %d bytes in %d parts of %d; want %d bytes", name, data.Len(), len(data), chunk, size)
			}
			got := m.ProtoReflect().New().Interface()
			if err := codec.Unmarshal(data, got); err != nil || !proto.Equal(got, m) {
				t.Errorf("%s in chunks of %d: %v, or it differs", name, chunk, err)
			}
			data.Free()
			if s := stats(buffers); s.InUse != 0 || s.Misuse != [pool.NumMisuseKinds]uint64{} {
				t.Errorf("%s in chunks of %d: %d in use, misuse %v", name, chunk, s.InUse, s.Misuse)
			}
		}
	}
}

// messages have fields of every kind: nested, repeated, packed, maps, extensions, unknown.
func messages(t *testing.T) map[string]proto.Message {
	file := protodesc.ToFileDescriptorProto(descriptorpb.File_google_protobuf_descriptor_proto)
	for i := range int32(2000) {
		file.PublicDependency = append(file.PublicDependency, i)
	}
	file.SourceCodeInfo = &descriptorpb.SourceCodeInfo{Location: []*descriptorpb.SourceCodeInfo_Location{
		{Path: file.GetPublicDependency(), LeadingComments: new(strings.Repeat("a comment ", 300))},
	}}
	all := make(map[string]any)
	for _, f := range file.GetMessageType() {
		all[f.GetName()] = []any{strings.Repeat(f.GetName(), 200), float64(len(f.GetField())), map[string]any{"nested": true}}
	}
	object, err := structpb.NewStruct(all)
	if err != nil {
		t.Fatal(err)
	}
	encoded, _ := proto.Marshal(file)
	unknown := new(emptypb.Empty)
	if err := proto.Unmarshal(encoded, unknown); err != nil {
		t.Fatal(err)
	}
	return map[string]proto.Message{
		"empty": new(emptypb.Empty), "file": file, "object": object, "unknown": unknown,
		"bytes": &pb.Payload{Body: make([]byte, 100_000)},
	}
}

func TestTheCodecNamesWhatItCannotEncode(t *testing.T) {
	t.Parallel()
	buffers := sizeClasses(strategies.SizeClassesConfig{})
	codec := codecOver(buffers, 0)
	if _, err := codec.Marshal(7); err == nil || !strings.Contains(err.Error(), "of a int") {
		t.Errorf("Marshal of an int: %v", err)
	}
	if err := codec.Unmarshal(mem.BufferSlice{}, 7); err == nil || !strings.Contains(err.Error(), "into a int") {
		t.Errorf("Unmarshal into an int: %v", err)
	}
	for _, n := range []int{10, 5000, 100_000} {
		name := "\xff" + strings.Repeat("x", n)
		if _, err := codec.Marshal(structpb.NewStringValue(name)); err == nil {
			t.Errorf("a string of %d bytes that is not UTF-8 is encoded", n)
		}
	}
	if s := stats(buffers); s.InUse != 0 {
		t.Errorf("%d buffers in use after errors", s.InUse)
	}
}
