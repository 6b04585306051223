//go:build linux || darwin || windows || freebsd

package syncpools

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"sync"
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
	return nil
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
