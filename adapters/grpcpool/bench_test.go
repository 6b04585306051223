package grpcpool_test

import (
	"fmt"
	"testing"

	"github.com/otelpool/pool/adapters/grpcpool"
	"github.com/otelpool/pool/strategies"
	"google.golang.org/grpc/mem"
)

// BenchmarkGetPut compares with gRPC's own pool of the same classes; both clear
// what they hand out.
func BenchmarkGetPut(b *testing.B) {
	theirs, err := mem.NewBinaryTieredBufferPool(8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20)
	if err != nil {
		b.Fatal(err)
	}
	ours := strategies.Must(grpcpool.New(grpcpool.Config{Buffers: sizeClasses(strategies.SizeClassesConfig{})}))
	for _, size := range []int{2 << 10, 16 << 10} {
		for _, p := range []struct {
			name string
			mem.BufferPool
		}{{"grpc", theirs}, {"ours", ours}} {
			b.Run(fmt.Sprintf("pool=%s/size=%d", p.name, size), func(b *testing.B) {
				b.ReportAllocs()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						p.Put(p.Get(size))
					}
				})
			})
		}
	}
}
