package magazine

import (
	"runtime"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

// alone makes the test's goroutine the only one on the only P, or in portable
// builds on the only shard.
func alone(t *testing.T) {
	procs := runtime.GOMAXPROCS(1)
	t.Cleanup(func() { runtime.GOMAXPROCS(procs) })
}

func TestTheTopsRoomIsChargedAfterUnusedRoomWasReleased(t *testing.T) {
	alone(t)
	p := newAged(t, Config{Sizes: []int64{64, 128}, Limit: 8 << 10})
	p.burst(0, 10)
	p.get(0) // the top is away, others are in the magazine
	for p.put(1, unsafe.Pointer(new([16]byte))) == pool.Pooled {
	} // the first refusal makes the P release room that it does not fill
	p.put(0, unsafe.Pointer(new([16]byte)))
	if _, bytes := p.Held(); bytes > p.Charged() {
		t.Errorf("%d bytes idle, %d charged", bytes, p.Charged())
	}
	p.flush()
	if _, bytes := p.Held(); bytes != p.Charged() || p.Charged() > p.Limit() {
		t.Errorf("flushed: %d bytes idle, %d charged, limit %d", bytes, p.Charged(), p.Limit())
	}
}

func TestAClosedPoolTakesNothingFromItsBudget(t *testing.T) {
	budget := pool.NewBudget(4 << 20)
	other := newAged(t, Config{Sizes: []int64{1 << 20}, Budget: budget})
	other.burst(0, 4)
	for range 3 {
		other.tick(time.Second)
	}
	p := newAged(t, Config{Sizes: []int64{1 << 20}, Budget: budget})
	p.Close()
	if r := p.put(0, unsafe.Pointer(new([16]byte))); r != pool.ReturnClosed || other.idle() != 4 {
		t.Errorf("a Put to a closed pool counts as %v, and %d of 4 objects of another are left", r, other.idle())
	}
}

// What a P used in the window that is not over is the youngest there is, also
// where another P left the shard alone before.
func TestWhatIsTakenFromAPInUseIsYoung(t *testing.T) {
	alone(t)
	p := newAged(t, Config{Sizes: []int64{64, 128}})
	p.burst(0, 5)
	for range 3 {
		p.tick(time.Second) // the shard is left alone and taken away
	}
	p.burst(0, 5)
	p.burst(1, 5)
	p.flush()
	if now := p.aging.now.Load(); p.depots[0].oldestStamp.Load() != now || p.depots[1].oldestStamp.Load() != now {
		t.Errorf("used last at %d and %d, it is %d", p.depots[0].oldestStamp.Load(), p.depots[1].oldestStamp.Load(), now)
	}
}

// within fails the test if f does not return.
func within(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal(what + " does not return")
	}
}

func TestALimitIsLoweredWhileAnObjectIsMade(t *testing.T) {
	p := New(Config{Sizes: []int64{1024}, Limit: 64 << 10})
	warmed := -1
	within(t, "Warm whose objects lower the limit", func() {
		warmed = p.Warm(0, 2, func() (unsafe.Pointer, int64) {
			p.SetLimit(0)
			return unsafe.Pointer(new([16]byte)), 0
		})
	})
	if warmed != 0 || p.Charged() != 0 {
		t.Errorf("%d objects kept, %d bytes charged with a limit of 0", warmed, p.Charged())
	}
	p.Close()
}

func TestDiscardMayUseThePool(t *testing.T) {
	var p *aged
	var demand control.Demand
	discarded := 0
	p = newAged(t, Config{Sizes: []int64{1024}, Discard: func(unsafe.Pointer) {
		discarded++
		p.Demand(p.now, &demand)
		p.Trim(1, pool.EvictPressure)
	}})
	p.SetIdleAge(0, time.Second)
	p.burst(0, 10)
	within(t, "Demand whose Discard uses the pool", func() {
		for range 3 {
			p.tick(time.Second)
		}
	})
	if discarded != 10 || p.Charged() != 0 {
		t.Errorf("%d of 10 discarded, %d bytes charged", discarded, p.Charged())
	}
}

// A snapshot that takes its time sees what is given back while it does, here on
// another P, and must have seen it handed out.
func TestInUseIsNotUnderstatedWhileObjectsCrossPs(t *testing.T) {
	sizes := make([]int64, MaxClasses) // so that it takes long
	for i := range sizes {
		sizes[i] = int64(64 + i)
	}
	p := newAged(t, Config{Sizes: sizes})
	p.install(0)
	p.install(1)
	c := [2]*Cell{&p.shards.of[0].cells[0], &p.shards.of[1].cells[0]}
	const objects = 50
	empty := p.depots[0].takeEmpty()
	for _, c := range c { // as Puts would leave them
		c.load(empty)
		c.quota = objects * 64
		p.account.charge(c.quota)
		c.fit(&p.depots[0])
		empty = p.depots[0].takeEmpty()
	}
	for range objects {
		c[0].Give(unsafe.Pointer(new([16]byte)))
	}
	out := int64(-objects) // nobody had got them
	stop := make(chan struct{})
	var moving sync.WaitGroup
	moving.Go(func() { // it alone uses the cells
		for from := 0; ; from = 1 - from {
			for range objects {
				c[from].lock.Lock()
				x := c[from].Take()
				c[from].Count(1)
				c[from].lock.Unlock()
				c[1-from].lock.Lock()
				c[1-from].Give(x)
				c[1-from].lock.Unlock()
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	var s pool.Stats
	least := int64(0)
	for deadline := time.Now().Add(100 * time.Millisecond); time.Now().Before(deadline); {
		p.Stats(&s)
		least = min(least, s.InUse-out)
	}
	close(stop)
	moving.Wait()
	if least < 0 {
		t.Errorf("%d in use, says a snapshot", least)
	}
}
