package magazine

import (
	"runtime"
	"testing"
	"unsafe"

	"github.com/otelpool/pool"
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
