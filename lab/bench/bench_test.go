package bench_test

import (
	"testing"

	"github.com/otelpool/pool/internal/benchcase"
)

//go:generate sh -c "go run github.com/otelpool/pool/internal/benchcase/loops -package bench_test loops.txt >loops_test.go"

// The cases are the same as in the root's bench_test.go, under the same names.

func BenchmarkGetPut(b *testing.B) { benchcase.GetPut(b, peers(), 64, 1<<10, 32<<10, 1<<20) }

func BenchmarkGetPutParallel(b *testing.B) { benchcase.GetPutParallel(b, peers(), 1<<10) }

func BenchmarkMixed(b *testing.B) { benchcase.Mixed(b, peers()) }

func BenchmarkMixedParallel(b *testing.B) { benchcase.MixedParallel(b, peers()) }

func BenchmarkHandoff(b *testing.B) { benchcase.Handoff(b, peers(), 1<<10) }

func BenchmarkBurst(b *testing.B) { benchcase.Burst(b, peers(), 1<<10) }

func BenchmarkBurstParallel(b *testing.B) { benchcase.BurstParallel(b, peers(), 1<<10) }

func BenchmarkManyPools(b *testing.B) { benchcase.GetPut(b, manyPeers(), 1<<10) }

func TestEveryPeerCanBeCompared(t *testing.T) {
	benchcase.Try(t, append(peers(), manyPeers()...), 1<<10)
}
