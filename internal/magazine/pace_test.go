package magazine

import (
	"testing"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/percpu"
)

// Samples come as often as they should, hits are counted exactly at each step, and
// the pace can change.
func TestSamplesComeAtThePaceAndCountsStayExact(t *testing.T) {
	t.Parallel()
	for _, mean := range []uint32{1, 2, 128, 50_000, 200_000} {
		p := New(Config{Sizes: []int64{64}, Limit: 1 << 20, Pace: 7})
		p.Pace(0, mean)
		x := unsafe.Pointer(new([64]byte))
		p.Put(0, x, 0)
		requests, samples := min(uint64(mean)*300, 3_000_000), uint64(0)
		var stats pool.Stats
		for i := range requests {
			c := p.At(percpu.Pin(), 0)
			y := c.Take()
			sample := y != nil && !c.Count(3)
			if y != nil {
				c.Give(y)
			}
			c.Leave()
			if y == nil { // on another P
				y, sample = p.Get(0, 3)
				if y == nil {
					y = x
				}
				p.Put(0, y, 0)
			}
			if sample {
				samples++
			}
			if i%9973 == 0 {
				if p.Stats(&stats); stats.Gets() != i+1 || stats.RequestedBytes != 3*(i+1) {
					t.Fatalf("pace %d: %d requests of %d bytes counted, want %d of %d", mean, stats.Gets(), stats.RequestedBytes, i+1, 3*(i+1))
				}
			}
		}
		want := requests / uint64(mean)
		if samples < want*2/3-3 || samples > want*3/2+10 {
			t.Errorf("pace %d: %d samples of %d requests, want about %d", mean, samples, requests, want)
		}
		p.Close()
	}
}

func TestMissesAreSampledToo(t *testing.T) {
	t.Parallel()
	p := New(Config{Sizes: []int64{64, 1 << 40}, Limit: 1 << 20, Pace: 10}) // one with cells, one without
	for class := range 2 {
		samples := 0
		for range 10_000 {
			if _, sample := p.Get(class, 1); sample {
				samples++
			}
		}
		if samples < 800 || samples > 1200 {
			t.Errorf("class %d: %d of 10,000 misses sampled, want about 1,000", class, samples)
		}
	}
}

func TestAPoolWithoutAPaceSamplesNothing(t *testing.T) {
	t.Parallel()
	p := New(Config{Sizes: []int64{64}, Limit: 1 << 20})
	p.Put(0, unsafe.Pointer(new([64]byte)), 0)
	for range 100_000 {
		x, sample := p.Get(0, 1)
		if sample {
			t.Fatal("sampled")
		}
		if x != nil {
			p.Put(0, x, 0)
		}
	}
}
