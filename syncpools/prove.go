//go:build linux || darwin || windows || freebsd

package syncpools

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// proofs is how often the layout is compared, each time with another number of
// objects: of one ring, of several, with and without private ones.
const proofs = 6

// prove compares what look finds in pools with what was put there.
func prove() error {
	if err := proveFields(); err != nil {
		return err
	}
	for i := range proofs {
		least, most, got := compareOnce(7 << i)
		if got < least || got > most {
			return fmt.Errorf("a sync.Pool with %d to %d objects was read as one with %d: package sync of %s has another layout",
				least, most, got, runtime.Version())
		}
	}
	if runtime.GOMAXPROCS(0) > 1 {
		return proveStride()
	}
	return nil
}

// strideTime is how long proveStride waits for two goroutines that run at once.
const strideTime = time.Second

// proveStride has two Ps put objects, which only all being found shows that their
// parts of a pool are as far apart as they are taken to be. It goes on until it works:
// the two may run one after the other, a race build drops puts, and two collections drop
// all.
func proveStride() error {
	found := 0
	for end := time.Now().Add(strideTime); time.Now().Before(end); {
		apart, n := putOnTwoPs()
		if apart && n == 4 {
			return nil
		}
		if apart {
			found = n
		}
	}
	return fmt.Errorf("a sync.Pool to which two Ps gave 2 objects each was read as one with %d, or no two ran at once for %v: "+
		"package sync of %s may have another layout", found, strideTime, runtime.Version())
}

// putOnTwoPs puts two objects from each of two goroutines, a private one and one in
// the ring. It tells whether that was on different Ps, and how many are found.
func putOnTwoPs() (apart bool, found int) {
	var p sync.Pool
	var at [2]int
	var arrived atomic.Int32
	var puts sync.WaitGroup
	for i := range at {
		puts.Go(func() {
			arrived.Add(1)
			for spins := 0; arrived.Load() < 2 && spins < 1e5; spins++ { // both run from here on
			}
			at[i] = pinnedP()
			p.Put(new(proof))
			p.Put(new(proof))
		})
	}
	puts.Wait()
	c := lookPinned(shapeOf(&p))
	return at[0] != at[1], c.primary + c.victim
}

func pinnedP() int {
	p := pin()
	unpin()
	return p
}

// proveFields compares the parts of the layout that reflection knows.
func proveFields() error {
	var shape poolShape
	want := map[string]uintptr{
		"local": unsafe.Offsetof(shape.local), "localSize": unsafe.Offsetof(shape.localSize),
		"victim": unsafe.Offsetof(shape.victim), "victimSize": unsafe.Offsetof(shape.victimSize), "New": unsafe.Offsetof(shape.new),
	}
	t := reflect.TypeFor[sync.Pool]()
	for name, offset := range want {
		if f, ok := t.FieldByName(name); !ok || f.Offset != offset {
			return errors.New("sync.Pool of " + runtime.Version() + " has no field " + name + " where it was")
		}
	}
	if t.Size() != unsafe.Sizeof(shape) {
		return errors.New("sync.Pool of " + runtime.Version() + " has other fields")
	}
	return nil
}

// proof is what the pools of prove hold, by which the census knows them.
type proof struct{ _ uintptr }

func isProof(typ unsafe.Pointer) bool { return typ != nil && typeOf(typ) == reflect.TypeFor[*proof]() }

// compareOnce puts n objects from each of several goroutines and looks. How many
// there are is known, but for two things: a race build drops some puts, which shows
// when all are taken out again, except for what lies apart on other Ps; and a
// collection that begins between drops what one before has aged.
func compareOnce(n int) (least, most, got int) {
	const goroutines = 4
	var p sync.Pool
	object := new(proof)
	var puts sync.WaitGroup
	for range goroutines {
		puts.Go(func() {
			for range n {
				p.Put(object)
			}
		})
	}
	puts.Wait()
	c := lookPinned(shapeOf(&p))
	for p.Get() != nil {
		least++
	}
	if most = least + runtime.GOMAXPROCS(0); most > goroutines*n || !raceBuild {
		most = goroutines * n
	}
	if typ := c.sample.typ; typ != nil && (!isProof(typ) || c.sample.data != unsafe.Pointer(object)) {
		return least, most, -1
	}
	return least, most, c.primary + c.victim
}
