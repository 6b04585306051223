package pooltest

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"unsafe"

	"github.com/otelpool/pool"
)

// TestObjects checks that pools which newPool makes do what pool.Objects promises,
// as [TestBytes] does for byte pools. Objects are told apart by their addresses,
// so T must not be of size 0, and they are copied onto themselves, so that the
// race detector sees who has them.
//
// In which state Get returns an object is for the pool to promise and for its
// own tests to check.
func TestObjects[T any](t *testing.T, newPool func(*testing.T) pool.Objects[T]) {
	if unsafe.Sizeof(*new(T)) == 0 {
		t.Fatalf("pooltest: objects of type %T have size 0, and so no identity: use another type", *new(T))
	}
	for _, c := range []struct {
		claim string
		check func(*testing.T, pool.Objects[T])
	}{
		{"Get returns an object", checkObject[T]},
		{"Put of nil is harmless", checkNilObject[T]},
		{"an object has one owner", checkObjectOwners[T]},
		{"goroutines share it", checkObjectsConcurrent[T]},
	} {
		t.Run(c.claim, func(t *testing.T) { c.check(t, newPool(t)) })
	}
	testSubject(t, func(t *testing.T) subject {
		p := newPool(t)
		return subject{pool: p, take: func(int) func() {
			x := p.Get()
			return func() { p.Put(x) }
		}}
	})
}

func checkObject[T any](t *testing.T, p pool.Objects[T]) {
	for range 3 {
		x := p.Get()
		if x == nil {
			t.Fatal("Get returned nil")
		}
		p.Put(x)
	}
}

func checkNilObject[T any](t *testing.T, p pool.Objects[T]) {
	for range 10 {
		mustNotPanic(t, "Put(nil)", func() { p.Put(nil) })
	}
	for range 20 {
		if p.Get() == nil {
			t.Fatal("Get returned the nil that was put")
		}
	}
}

func checkObjectOwners[T any](t *testing.T, p pool.Objects[T]) {
	var owned owners[T]
	var held []*T
	r := rand.New(rand.NewPCG(1, 2))
	for i := range steps(3000) {
		if len(held) < r.IntN(200) {
			held = append(held, owned.take(t, p))
		} else if n := len(held); n > 0 {
			last := r.IntN(n)
			owned.giveBack(p, held[last])
			held[last] = held[n-1]
			held = held[:n-1]
		}
		if i%1000 == 0 {
			runtime.GC()
		}
		if t.Failed() {
			return
		}
	}
}

func checkObjectsConcurrent[T any](t *testing.T, p pool.Objects[T]) {
	var owned owners[T]
	passed := make(chan *T, 16)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range steps(1500) {
				x := owned.take(t, p)
				if t.Failed() {
					return
				}
				select {
				case passed <- x:
					continue
				case other := <-passed:
					owned.giveBack(p, other)
				default:
					runtime.Gosched()
				}
				owned.giveBack(p, x)
			}
		})
	}
	wg.Wait()
	close(passed)
	for x := range passed {
		owned.giveBack(p, x)
	}
}

// owners are the objects that somebody has.
type owners[T any] struct{ m sync.Map }

// take fails the test if somebody has what Get returns.
func (o *owners[T]) take(t *testing.T, p pool.Objects[T]) *T {
	x := p.Get()
	if x == nil {
		t.Error("Get returned nil")
		return nil
	}
	if _, taken := o.m.LoadOrStore(x, true); taken {
		t.Error("Get returned an object that is in use")
	}
	touch(x, *x)
	return x
}

func (o *owners[T]) giveBack(p pool.Objects[T], x *T) {
	touch(x, *x)
	o.m.Delete(x)
	p.Put(x)
}

// touch writes to an object without changing it. Inlined, it would be optimized
// away, and the race detector would see nothing.
//
//go:noinline
func touch[T any](x *T, v T) { *x = v }
