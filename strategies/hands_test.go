package strategies_test

import (
	"runtime"
	"sync"
	"testing"

	"github.com/otelpool/pool"
)

// stamp writes all over a buffer, lets others run, and looks whether one of them
// wrote there too.
func stamp(t *testing.T, b []byte, id byte) {
	t.Helper()
	for i := range b {
		b[i] = id
	}
	runtime.Gosched()
	for i, v := range b {
		if v != id {
			t.Errorf("byte %d belongs to %d and to %d", i, id, v)
			return
		}
	}
}

// handAround has goroutines take buffers of up to largest bytes, stamp them, and
// give them back or pass them on, while Ps come and go, memory is collected and
// something else happens to the pool.
func handAround(t *testing.T, p pool.Bytes, largest int, meanwhile func()) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	handoff := make(chan []byte, 16)
	var wg sync.WaitGroup
	for id := range byte(6) {
		wg.Go(func() {
			for i := range 3000 {
				b := p.Get(1 + i*977%largest)
				stamp(t, b, id)
				select {
				case handoff <- b:
				default:
					p.Put(b)
				}
				select {
				case b := <-handoff:
					p.Put(b)
				default:
				}
			}
		})
	}
	for n := range 20 {
		runtime.GOMAXPROCS(1 + n%4)
		meanwhile()
		runtime.GC()
	}
	wg.Wait()
	close(handoff)
	for b := range handoff {
		p.Put(b)
	}
}
