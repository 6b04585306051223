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

	"github.com/otelpool/pool/internal/raceflag"
)

// proofs is the number of comparisons, each with another number of objects: in
// one ring, in several, with and without private ones.
const proofs = 6

// prove verifies that look finds the objects that were put into pools.
func prove() error {
	if err := proveFields(reflect.TypeFor[sync.Pool]()); err != nil {
		return err
	}
	if err := proveCounts(lookAtPool); err != nil {
		return err
	}
	if runtime.GOMAXPROCS(0) > 1 {
		return proveStride(lookAtPool)
	}
	return nil
}

func lookAtPool(p *sync.Pool) content {
	c, _ := lookPinned(shapeOf(p))
	return c
}

// proveCounts verifies that looking counts the objects right.
func proveCounts(looking func(*sync.Pool) content) error {
	for i := range proofs {
		least, most, got := compare(7<<i, looking)
		if got < least || got > most {
			return fmt.Errorf("a sync.Pool with %d to %d objects was read as one with %d: package sync of %s has another layout",
				least, most, got, runtime.Version())
		}
	}
	return nil
}

// proveStride waits for up to strideTime to get on a P other than the first,
// and may find a wrong number of objects there strideTries times.
const (
	strideTime  = 5 * time.Second
	strideTries = 100
)

// proveStride uses a pool on a P other than the first: its objects are found
// only if the Ps' parts are as far apart as strideOfLocals. It tries until that
// works, because a race build drops Puts, two collections drop all objects, and
// in a busy program it takes a while to get on another P.
func proveStride(looking func(*sync.Pool) content) error {
	found, tries := -1, 0
	for end := time.Now().Add(strideTime); tries < strideTries && time.Now().Before(end); {
		var n atomic.Int64
		n.Store(-2)
		go func() { n.Store(int64(putAndLook(looking))) }()
		for spins := 0; n.Load() == -2; spins++ { // an idle P takes the goroutine while this one is busy
			if spins > 1e5 {
				runtime.Gosched()
			}
		}
		if n.Load() == 2 {
			return nil
		}
		if n.Load() >= 0 {
			found, tries = int(n.Load()), tries+1
		}
	}
	if found < 0 {
		return fmt.Errorf("no goroutine ran on a second P for %v: the layout of sync.Pool could not be proved for several", strideTime)
	}
	return fmt.Errorf("a sync.Pool to which another P gave 2 objects was read as one with %d: package sync of %s has another layout",
		found, runtime.Version())
}

// putAndLook puts two objects, a private one and one in the ring, and returns
// the number found; −1 if it did not run on one P, other than the first, all
// the time.
func putAndLook(looking func(*sync.Pool) content) int {
	p := sync.Pool{New: ours}
	at := pinnedP()
	p.Put(new(proof))
	p.Put(new(proof))
	c := looking(&p)
	if at == 0 || at != pinnedP() {
		return -1
	}
	return c.primary + c.victim
}

func pinnedP() int {
	p := pin()
	unpin()
	return p
}

// proveFields compares the parts of the layout that reflection knows.
func proveFields(t reflect.Type) error {
	var shape poolShape
	want := map[string]uintptr{
		"local": unsafe.Offsetof(shape.local), "localSize": unsafe.Offsetof(shape.localSize),
		"victim": unsafe.Offsetof(shape.victim), "victimSize": unsafe.Offsetof(shape.victimSize), "New": unsafe.Offsetof(shape.new),
	}
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

// ours is the New of the pools that Start uses, by which the census recognizes
// them.
func ours() any { return nil }

// proof is the type of objects in the pools of prove.
type proof struct{ _ uintptr }

// isProof compares words, because a word read from a wrong place must not
// become a reflect.Type.
func isProof(typ unsafe.Pointer) bool {
	var x any = (*proof)(nil)
	return typ == (*eface)(unsafe.Pointer(&x)).typ
}

// compare compares until it fits, a few times: collections may come between.
func compare(n int, looking func(*sync.Pool) content) (least, most, got int) {
	for range 10 {
		if least, most, got = compareOnce(n, looking); got >= least && got <= most {
			break
		}
	}
	return least, most, got
}

// compareOnce puts n objects from each of several goroutines and looks. The
// number of objects is known, with two exceptions: a race build drops some
// Puts, which shows when all objects are taken out again, except for the
// private ones of other Ps; and a collection that begins meanwhile drops
// objects that an earlier one has aged.
func compareOnce(n int, looking func(*sync.Pool) content) (least, most, got int) {
	const goroutines = 4
	p := sync.Pool{New: ours}
	object := new(proof)
	var puts sync.WaitGroup
	for range goroutines {
		puts.Go(func() {
			for range n {
				p.Put(object) //poollint:ignore counted only, and nobody uses what comes out
			}
		})
	}
	puts.Wait()
	c := looking(&p)
	for p.Get() != nil {
		least++
	}
	if most = least + runtime.GOMAXPROCS(0); most > goroutines*n || !raceflag.On {
		most = goroutines * n
	}
	if typ := c.sample.typ; typ != nil && (!isProof(typ) || c.sample.data != unsafe.Pointer(object)) {
		return least, most, -1
	}
	return least, most, c.primary + c.victim
}
