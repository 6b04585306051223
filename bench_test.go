package pool_test

import (
	"testing"

	"github.com/otelpool/pool/internal/benchcase"
)

// The comparison of the pools of this module with make and sync.Pool. The names
// are Benchmark<Case>/pool=<pool>/size=<size>, so that
//
//	go test -run '^$' -bench 'GetPut|Mixed' -count 10 . | benchstat -col /pool -
//
// puts the pools side by side; `make bench` does that with other libraries' too,
// round by round, and writes BENCHMARKS.md. What a case does is in
// internal/benchcase, what a pool does in it in bench_pools_test.go and
// bench_reference_test.go. A pool's name ends in -otel if otelpool is started
// and a reader collects every second.

func BenchmarkGetPut(b *testing.B) {
	benchcase.GetPut(b, bytePools(b), 64, 1<<10, 32<<10, 1<<20)
}

func BenchmarkGetPutParallel(b *testing.B) { benchcase.GetPutParallel(b, bytePools(b), 1<<10) }

func BenchmarkMixed(b *testing.B) { benchcase.Mixed(b, mixedPools(b)) }

func BenchmarkMixedParallel(b *testing.B) { benchcase.MixedParallel(b, mixedPools(b)) }

func BenchmarkHandoff(b *testing.B) { benchcase.Handoff(b, bytePools(b), 1<<10) }

func BenchmarkBurst(b *testing.B) { benchcase.Burst(b, bytePools(b), 1<<10) }

func BenchmarkBurstParallel(b *testing.B) { benchcase.BurstParallel(b, bytePools(b), 1<<10) }

func BenchmarkStarved(b *testing.B) { benchcase.Starved(b, bytePools(b), 1<<10) }

// BenchmarkManyPools goes round 1,024 pools.
func BenchmarkManyPools(b *testing.B) { benchcase.GetPut(b, manyPools(b), 1<<10) }

// BenchmarkObjects gets and puts a pointer to 256 bytes.
func BenchmarkObjects(b *testing.B) { benchcase.GetPut(b, objectPools(b), objectSize) }

func BenchmarkObjectsParallel(b *testing.B) { benchcase.GetPutParallel(b, objectPools(b), objectSize) }

func TestEveryPoolCanBeCompared(t *testing.T) {
	benchcase.Try(t, mixedPools(t), 1<<10)
	benchcase.Try(t, manyPools(t), 1<<10)
	benchcase.Try(t, objectPools(t), objectSize)
}
