package magazine

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/percpu"
)

// request is a Get and Put of class 0, and reports whether it is to be sampled.
func (p *Pool) request(x unsafe.Pointer) (sample bool) {
	c := p.At(percpu.Pin(), 0)
	if y := c.Take(); y != nil {
		sample = !c.Count(3)
		c.Give(y)
		c.Leave()
		return sample
	}
	c.Leave()
	y, sample := p.Get(0, 3) // on another P
	if y == nil {
		y = x
	}
	p.Put(0, y, 0)
	return sample
}

// The clock is synctest's here: it stands still but where the test sleeps.
func TestSamplesTakeTheirShareOfTheTimeAndCountsStayExact(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // each P samples for its own time
	for _, interval := range []time.Duration{5 * time.Nanosecond, time.Microsecond, 50 * time.Microsecond, 10 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			const every, least = 200 * time.Microsecond, 4
			p := New(Config{Sizes: []int64{64}, Limit: 1 << 20, Sampling: Sampling{Every: every, Least: least, First: 128}})
			defer p.Close()
			x := unsafe.Pointer(new([64]byte))
			p.Put(0, x, 0)
			const burst = 20
			ask := func(requests int) (samples int) {
				for range requests / burst {
					time.Sleep(burst * interval)
					for range burst {
						if p.request(x) {
							samples++
						}
					}
				}
				return samples
			}
			ask(40_000) // the first, which come sooner
			p.Passed(0)
			requests := 100_000
			if interval < time.Microsecond {
				requests *= 20
			}
			samples, took := ask(requests), time.Duration(requests)*interval
			want := min(int(took/every), requests/least)
			if samples < want*3/4 || samples > want*4/3 {
				t.Errorf("every %v: %d samples of %d requests, want about %d", interval, samples, requests, want)
			}
			if n, spent := p.Passed(0); float64(n) < .9*float64(requests) || float64(n) > 1.2*float64(requests) ||
				spent < took*9/10 || spent > took*6/5 {
				t.Errorf("every %v: %d requests in %v passed, want about %d in %v", interval, n, spent, requests, took)
			}
			var stats pool.Stats
			if p.Stats(&stats); stats.Gets() != uint64(requests+40_000) || stats.RequestedBytes != 3*stats.Gets() {
				t.Errorf("%d requests of %d bytes counted, want %d", stats.Gets(), stats.RequestedBytes, requests+40_000)
			}
		})
	}
}

func TestAClassThatIsUsedRarelyAfterATightLoopIsSampledAsSuch(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // each P has a leg to end
	synctest.Test(t, func(t *testing.T) {
		p := New(Config{Sizes: []int64{64}, Limit: 1 << 20, Sampling: Sampling{Every: 200 * time.Microsecond, Least: 4, First: 128}})
		defer p.Close()
		x := unsafe.Pointer(new([64]byte))
		for range 1_000_000 / 500 {
			time.Sleep(5 * 500 * time.Nanosecond)
			for range 500 {
				p.request(x)
			}
		}
		samples := 0
		for range 5000 {
			time.Sleep(50 * time.Microsecond)
			if p.request(x) {
				samples++
			}
		}
		if samples < 100 {
			t.Errorf("%d samples of 5,000, want hundreds after the first %d", samples, maxLeg)
		}
	})
}

func TestMissesAreSampledToo(t *testing.T) { // alone: other tests' samples would spread these
	p := New(Config{Sizes: []int64{64, 1 << 40}, Limit: 1 << 20, Sampling: Sampling{Every: 1, Least: 10}}) // one with cells, one without
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

func TestAPoolWithoutSamplingSamplesNothing(t *testing.T) {
	t.Parallel()
	p := New(Config{Sizes: []int64{64}, Limit: 1 << 20})
	x := unsafe.Pointer(new([64]byte))
	for range 100_000 {
		if p.request(x) {
			t.Fatal("sampled")
		}
	}
}

func TestAPoolThatSamplesEverythingMissesNothing(t *testing.T) {
	t.Parallel()
	p := New(Config{Sizes: []int64{64, 1 << 40}, Limit: 1 << 50, Sampling: Sampling{Least: 1}})
	x := unsafe.Pointer(new([64]byte))
	for i := range 10_000 {
		if !p.request(x) {
			t.Fatalf("request %d is not", i)
		}
		if _, sample := p.Get(1, 1); !sample {
			t.Fatalf("miss %d is not", i)
		}
	}
	for range 100 {
		p.Put(1, x, 0)
		if y, sample := p.Get(1, 1); y == nil || !sample {
			t.Fatal("a hit of a class without cells is not")
		}
	}
}

// What samples may cost is a share of the P's time, and not of each pool's.
func TestManyPoolsShareThePsTimeForSamples(t *testing.T) {
	alone(t)
	synctest.Test(t, func(t *testing.T) {
		const every, pools, rounds = 200 * time.Microsecond, 64, 4000
		var of [pools]*Pool
		var sampled [pools]int
		for i := range of {
			of[i] = New(Config{Sizes: []int64{64}, Limit: 1 << 20, Sampling: Sampling{Every: every, Least: 4, First: 128}})
			defer of[i].Close()
		}
		x, began := unsafe.Pointer(new([64]byte)), time.Now()
		for range rounds {
			for i, p := range of {
				if p.request(x) {
					sampled[i]++
				}
			}
			time.Sleep(pools * time.Microsecond)
		}
		all := 0
		for i, n := range sampled {
			if n < 5 {
				t.Errorf("pool %d had %d samples", i, n)
			}
			all += n
		}
		if most := 2 * crowd * int(time.Since(began)/every); all > most {
			t.Errorf("%d samples of %d pools, want at most %d", all, pools, most)
		}
	})
}
