package strategies_test

import (
	"strconv"
	"testing"

	"github.com/otelpool/pool/strategies"
)

// BenchmarkSafety is Get and Put with each level, in the long run: what sampling
// costs at first is spent before.
//
//	go test -run '^$' -bench Safety -cpu 1,2 -count 10 ./strategies
func BenchmarkSafety(b *testing.B) {
	for _, safety := range []strategies.Safety{strategies.SafetyOff, strategies.SafetySampled, strategies.SafetyStrict} {
		for _, size := range []int{1 << 10, 64 << 10, 1 << 20} {
			b.Run("size="+strconv.Itoa(size)+"/safety="+safety.String(), func(b *testing.B) {
				p := newSizeClasses(b, strategies.SizeClassesConfig{Safety: safety})
				defer p.Close()
				b.ReportAllocs()
				for i := -warmUp(safety); i < b.N; i++ {
					if i == 0 {
						b.ResetTimer()
					}
					p.Put(p.Get(size))
				}
			})
		}
		b.Run("objects/safety="+safety.String(), func(b *testing.B) {
			p := strategies.Must(
				strategies.NewBounded(
					strategies.BoundedConfig[[256]byte]{Safety: safety, New: func() *[256]byte { return new([256]byte) }},
				),
			)
			defer p.Close()
			b.ReportAllocs()
			for i := -warmUp(safety); i < b.N; i++ {
				if i == 0 {
					b.ResetTimer()
				}
				p.Put(p.Get())
			}
		})
	}
}

// warmUp is how many requests it takes until samples cost what they do in the long
// run. They come from the place that is measured: a new one would be sampled at once.
func warmUp(safety strategies.Safety) int {
	if safety == strategies.SafetySampled {
		return 1_000_000
	}
	return 100
}
