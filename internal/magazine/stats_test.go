package magazine

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/otelpool/pool"
)

// Idle errs on the low side in every snapshot, whatever goes on meanwhile: what fills
// a limit to the brim shows it.
func TestNoSnapshotShowsMoreIdleThanTheLimit(t *testing.T) {
	for name, c := range map[string]Config{
		"cells":  {Sizes: []int64{64, 1 << 10}, Limit: 1 << 20},
		"direct": {Sizes: []int64{16 << 10}, Limit: 64 << 10},
		"sized":  {Sizes: []int64{0}, Limit: 64 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			s := &storm{config: c, pool: New(c)}
			stop := make(chan struct{})
			var all sync.WaitGroup
			for id := range uint64(4) {
				all.Go(func() { s.fill(rand.New(rand.NewPCG(id, 3)), stop) })
			}
			var stats pool.Stats
			for deadline := time.Now().Add(*stormTime); time.Now().Before(deadline); runtime.Gosched() {
				if s.pool.Stats(&stats); stats.IdleBytes > c.Limit {
					t.Errorf("a snapshot shows %d idle bytes with a limit of %d", stats.IdleBytes, c.Limit)
					break
				}
			}
			close(stop)
			all.Wait()
		})
	}
}

// fill keeps the pool as full as it may be: it warms, gets and puts at once, and
// trims.
func (s *storm) fill(r *rand.Rand, stop chan struct{}) {
	sizes := s.config.Sizes
	for {
		select {
		case <-stop:
			return
		default:
		}
		class := r.IntN(len(sizes))
		switch r.IntN(8) {
		case 0:
			s.pool.Warm(class, 1<<12, func() (unsafe.Pointer, int64) { return unsafe.Pointer(new(object)), 512 })
		case 1:
			s.pool.Trim(r.Int64N(s.config.Limit), pool.EvictPressure)
		default:
			for range 100 {
				x := (*object)(s.get(class))
				if x == nil {
					x = &object{class: class}
				}
				if x.size == 0 && sizes[0] == 0 {
					x.size = 512
				}
				s.put(x)
			}
		}
	}
}

func TestWarmDiscardsWhatItCannotKeep(t *testing.T) {
	discarded := 0
	p := New(Config{Sizes: []int64{0}, Limit: 1 << 20, Discard: func(unsafe.Pointer) { discarded++ }})
	if n := p.Warm(0, 3, func() (unsafe.Pointer, int64) { return nil, 1 }); n != 0 || p.Charged() != 0 {
		t.Errorf("%d nils are kept, %d bytes charged", n, p.Charged())
	}
}
