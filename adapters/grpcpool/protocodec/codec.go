package protocodec

import (
	"bytes"
	"errors"
	"fmt"
	"sync/atomic"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adapters/grpcpool"
	"github.com/otelpool/pool/strategies"
)

// Config configures New. Buffers is required.
type Config struct {
	// Buffers is where memory comes from and goes back to. Its figures are the codec's
	// figures, and closing it is up to the caller.
	Buffers pool.Bytes
	// Chunk is the number of bytes above which a message is encoded in chunks of so many;
	// 0 is [strategies.DefaultChunk]. gRPC pools nothing of 1,024 bytes or less.
	Chunk int
}

// Codec is gRPC's codec for protobuf (an encoding.CodecV2) on a pool.Bytes. Its methods are
// safe for concurrent use if the pool's are.
type Codec struct {
	buffers pool.Bytes
	chunk   int
	pool    *grpcpool.Pool
}

// New returns a codec, or an error that names every mistake in the config.
func New(c Config) (*Codec, error) {
	if c.Chunk == 0 {
		c.Chunk = strategies.DefaultChunk
	}
	var mistakes []error
	if c.Buffers == nil {
		mistakes = append(mistakes, errors.New(
			"protocodec: Config.Buffers is nil: give the pool that memory comes from, such as a *strategies.SizeClasses"))
	}
	if mem.IsBelowBufferPoolingThreshold(c.Chunk) {
		mistakes = append(mistakes, fmt.Errorf("protocodec: Config.Chunk is %d: give more than 1024, or 0 for %d",
			c.Chunk, strategies.DefaultChunk))
	}
	if mistakes != nil {
		return nil, errors.Join(mistakes...)
	}
	p, err := grpcpool.New(grpcpool.Config{Buffers: c.Buffers, Dirty: true}) // all that is handed on is written first
	return &Codec{c.Buffers, c.Chunk, p}, err
}

// Name returns "proto": registered, the codec takes the place of gRPC's own.
func (c *Codec) Name() string { return "proto" }

// Marshal encodes a message. One of at most a chunk takes one buffer of its size; a larger
// one takes chunks, and is never in one piece. gRPC frees them when it has sent them.
func (c *Codec) Marshal(v any) (mem.BufferSlice, error) {
	m := messageOf(v)
	if m == nil {
		return nil, fmt.Errorf("protocodec: Marshal of a %T: it is no proto.Message", v)
	}
	size := proto.Size(m)
	switch {
	case mem.IsBelowBufferPoolingThreshold(size):
		b, err := proto.Marshal(m)
		return mem.BufferSlice{mem.SliceBuffer(b)}, err
	case size <= c.chunk:
		return c.whole(m, size)
	default:
		return c.chunked(m, size)
	}
}

func (c *Codec) whole(m proto.Message, size int) (mem.BufferSlice, error) {
	h := c.pool.Get(size)
	if _, err := (proto.MarshalOptions{UseCachedSize: true}).MarshalAppend((*h)[:0], m); err != nil {
		c.pool.Put(h)
		return nil, err
	}
	return mem.BufferSlice{mem.NewBuffer(h, c.pool)}, nil
}

func (c *Codec) chunked(m proto.Message, size int) (mem.BufferSlice, error) {
	if err := proto.CheckInitialized(m); err != nil {
		return nil, err
	}
	e := encoder{c.buffers, c.chunk, strategies.NewChunked(c.buffers, c.chunk)}
	defer e.to.Release()
	if err := e.message(m.ProtoReflect(), size); err != nil {
		return nil, err
	}
	return (&sending{Pool: c.pool, slice: e.to.Slice(0, e.to.Len())}).buffers(), nil
}

// sending is a message that gRPC has: the pool of its chunks, to which they come back.
type sending struct {
	*grpcpool.Pool
	slice *strategies.ChunkedSlice
	left  atomic.Int32 // of its chunks
}

// buffers are the message's chunks. gRPC does not give back what is 1,024 bytes or less, so
// a last part of that length is a copy.
func (s *sending) buffers() (all mem.BufferSlice) {
	parts := make([][]byte, 0, s.slice.Len()/1024)
	for part := range s.slice.All() {
		if mem.IsBelowBufferPoolingThreshold(cap(part)) {
			all = append(all, mem.SliceBuffer(bytes.Clone(part)))
			continue
		}
		parts = append(parts, part)
		s.left.Add(1)
		all = append(all, mem.NewBuffer(&parts[len(parts)-1], s))
	}
	return all
}

// Put takes back a chunk.
func (s *sending) Put(*[]byte) {
	if s.left.Add(-1) == 0 {
		s.slice.Free()
	}
}

// Unmarshal decodes a message. If it came in several parts it takes a buffer for all of it,
// since protobuf reads no others.
func (c *Codec) Unmarshal(data mem.BufferSlice, v any) error {
	m := messageOf(v)
	if m == nil {
		return fmt.Errorf("protocodec: Unmarshal into a %T: it is no proto.Message", v)
	}
	b := data.MaterializeToBuffer(c.pool)
	defer b.Free()
	return proto.Unmarshal(b.ReadOnlyData(), m)
}

func messageOf(v any) proto.Message {
	switch v := v.(type) {
	case proto.Message:
		return v
	case protoadapt.MessageV1:
		return protoadapt.MessageV2Of(v)
	}
	return nil
}
