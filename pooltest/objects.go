package pooltest

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"unsafe"

	"github.com/otelpool/pool"
)

// TestObjects checks that the pools that newPool makes keep the promises of
// pool.Objects, as [TestBytes] does for byte pools. It identifies objects by
// their addresses, so T must not have size 0, and copies them onto themselves,
// so that the race detector sees two owners.
//
// The state of the objects that Get returns is the pool's own promise: check it
// in the pool's own tests.
func TestObjects[T any](t *testing.T, newPool func(*testing.T) pool.Objects[T]) {
	if unsafe.Sizeof(*new(T)) == 0 {
		t.Fatalf("pooltest: objects of type %T have size 0 and therefore no identity: use another type", *new(T))
	}
	run := func(claim string, check func(*testing.T, pool.Objects[T])) {
		t.Run(claim, func(t *testing.T) { check(t, newPool(t)) })
	}
	run("Get returns an object", checkObject)
	run("Put of nil is harmless", checkNilObject)
	run("an object has one owner", checkObjectOwners)
	run("goroutines share it", checkObjectsConcurrent)
	testSubject(t, func(t *testing.T) subject { return objectSubject(newPool(t)) })
}

func objectSubject[T any](p pool.Objects[T]) subject {
	return subject{pool: p, take: func(int) func() {
		x := p.Get()
		return func() { p.Put(x) }
	}}
}

func checkObject[T any](t *testing.T, p pool.Objects[T]) {
	for range 3 {
		p.Put(mustGet(t, p))
	}
}

func mustGet[T any](t *testing.T, p pool.Objects[T]) *T {
	t.Helper()
	x := p.Get()
	if x == nil {
		t.Fatal("Get returned nil")
	}
	return x
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
	for i := 0; i < steps(3000) && !t.Failed(); i++ {
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
	}
}

func checkObjectsConcurrent[T any](t *testing.T, p pool.Objects[T]) {
	var owned owners[T]
	passed := make(chan *T, 16)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { owned.takeAndPass(t, p, passed) })
	}
	wg.Wait()
	close(passed)
	for x := range passed {
		owned.giveBack(p, x)
	}
}

// owners is the set of objects in use.
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

// takeAndPass is one goroutine of checkObjectsConcurrent.
func (o *owners[T]) takeAndPass(t *testing.T, p pool.Objects[T], passed chan *T) {
	for range steps(1500) {
		x := o.take(t, p)
		if t.Failed() {
			return
		}
		passOn(x, passed, func(x *T) { o.giveBack(p, x) })
	}
}

func (o *owners[T]) giveBack(p pool.Objects[T], x *T) {
	touch(x, *x)
	o.m.Delete(x)
	p.Put(x)
}

// touch writes to an object without changing it. If it were inlined, the compiler
// would remove the write and the race detector would see nothing.
//
//go:noinline
func touch[T any](x *T, v T) { *x = v }
