package bench_test

import (
	"testing"

	gobufferpool "github.com/libp2p/go-buffer-pool"
	"github.com/oxtoacart/bpool"
	"github.com/panjf2000/gnet/v2/pkg/pool/byteslice"
	prompool "github.com/prometheus/prometheus/util/pool"
	"github.com/prometheus/prometheus/util/zeropool"
	"github.com/valyala/bytebufferpool"
	"google.golang.org/grpc/mem"

	"github.com/otelpool/pool/internal/benchcase"
	"github.com/otelpool/pool/strategies"
)

// The classes of the pools that let us choose: powers of two, as SizeClasses has
// them unless told otherwise.
const (
	smallestClass = 8 // exponent
	largestClass  = 20
)

// peers is the pools that we compare with. grpc-mem clears each buffer that it
// hands out again, and no public option turns that off: to be compared with
// sizeclasses-zero, which does the same. zeropool and bpool have one size.
func peers() []benchcase.Entry {
	return []benchcase.Entry{
		{Name: "bytebufferpool", Open: func(testing.TB, int) benchcase.Pool { return byteBufferPool{new(bytebufferpool.Pool)} }},
		{Name: "bufpool", Open: func(testing.TB, int) benchcase.Pool { return bufPool{} }},
		{Name: "grpc-mem", Open: newGRPCMem},
		{Name: "go-buffer-pool", Open: func(testing.TB, int) benchcase.Pool { return goBufferPool{new(gobufferpool.BufferPool)} }},
		{Name: "mcache", Open: func(testing.TB, int) benchcase.Pool { return mCache{} }},
		{Name: "prometheus-pool", Open: func(testing.TB, int) benchcase.Pool {
			return promPool{prompool.New(1<<smallestClass, 1<<largestClass, 2, func(n int) any { return make([]byte, n) })}
		}},
		{Name: "zeropool", OneSize: true, Open: func(_ testing.TB, size int) benchcase.Pool {
			p := zeropool.New(func() []byte { return make([]byte, size) })
			return zeroPool{&p}
		}},
		{Name: "bpool", OneSize: true, Open: func(_ testing.TB, size int) benchcase.Pool {
			return bytePool{bpool.NewBytePool(1024, size)} // the size of a burst
		}},
		{Name: "gnet-byteslice", Open: func(testing.TB, int) benchcase.Pool { return gnetSlice{new(byteslice.Pool)} }},
		{Name: "sizeclasses-zero", Open: newClearing},
	}
}

func newGRPCMem(tb testing.TB, _ int) benchcase.Pool {
	var exponents []uint8
	for e := uint8(smallestClass); e <= largestClass; e++ {
		exponents = append(exponents, e)
	}
	p, err := mem.NewBinaryTieredBufferPool(exponents...)
	if err != nil {
		tb.Fatal(err)
	}
	return grpcMem{p}
}

// newClearing is our pool with the one thing more that grpc's does.
func newClearing(tb testing.TB, _ int) benchcase.Pool {
	p, err := strategies.NewSizeClasses(strategies.SizeClassesConfig{Zero: strategies.ZeroOnGet})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(p.Close)
	return sizeClasses{p}
}

// The loops of these are in loops_test.go.
type (
	byteBufferPool struct{ *bytebufferpool.Pool }
	bufPool        struct{}
	grpcMem        struct{ mem.BufferPool } // an interface is all that grpc gives
	goBufferPool   struct{ *gobufferpool.BufferPool }
	mCache         struct{}
	promPool       struct{ *prompool.Pool }
	zeroPool       struct{ *zeropool.Pool[[]byte] }
	bytePool       struct{ *bpool.BytePool }
	gnetSlice      struct{ *byteslice.Pool }
	sizeClasses    struct{ *strategies.SizeClasses }
)

// extended makes a buffer n bytes long.
func extended(b *bytebufferpool.ByteBuffer, n int) *bytebufferpool.ByteBuffer {
	if cap(b.B) < n {
		b.B = make([]byte, n)
	}
	b.B = b.B[:n]
	return b
}

const many = 1 << 10

type (
	manyByteBufferPools [many]*bytebufferpool.Pool
	manyGoBufferPools   [many]*gobufferpool.BufferPool
)

// manyPeers has the pools that can be made in any number.
func manyPeers() []benchcase.Entry {
	return []benchcase.Entry{
		{Name: "bytebufferpool", Open: func(testing.TB, int) benchcase.Pool {
			var p manyByteBufferPools
			for i := range p {
				p[i] = new(bytebufferpool.Pool)
			}
			return &p
		}},
		{Name: "go-buffer-pool", Open: func(testing.TB, int) benchcase.Pool {
			var p manyGoBufferPools
			for i := range p {
				p[i] = new(gobufferpool.BufferPool)
			}
			return &p
		}},
	}
}
