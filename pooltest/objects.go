package pooltest

import (
	"sync"
	"sync/atomic"
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
	run(t, newPool, []check[pool.Objects[T]]{
		{"Get returns an object", checkObject[T]},
		{"Put of nil is harmless", checkNilObject[T]},
		{"an object has one owner", func(t *testing.T, p pool.Objects[T]) { checkOwners(t, objectSubject(t, p)) }},
		{"goroutines share it", func(t *testing.T, p pool.Objects[T]) { checkConcurrent(objectSubject(t, p), steps(1500)) }},
	})
	run(t, func(t *testing.T) subject { return objectSubject(t, newPool(t)) }, subjectChecks)
}

func objectSubject[T any](t *testing.T, p pool.Objects[T]) subject {
	var inUse sync.Map
	var reported atomic.Bool
	return subject{
		pool: p,
		take: func(int) func() {
			x := p.Get()
			return func() { p.Put(x) }
		},
		own: func(int) func() {
			x := p.Get()
			if x == nil {
				report(t, &reported, "Get returned nil")
				return func() {}
			}
			if _, taken := inUse.LoadOrStore(x, true); taken {
				report(t, &reported, "Get returned an object that is in use")
			}
			touch(x, *x)
			return func() {
				touch(x, *x)
				inUse.Delete(x)
				p.Put(x)
			}
		},
	}
}

func checkObject[T any](t *testing.T, p pool.Objects[T]) {
	s := objectSubject(t, p)
	for range 3 {
		s.own(0)()
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

// touch writes to an object without changing it. If it were inlined, the compiler
// would remove the write and the race detector would see nothing.
//
//go:noinline
func touch[T any](x *T, v T) { *x = v }
