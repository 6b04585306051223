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

// proveCounts proves that looking finds as many objects as there are.
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

// strideTime is how long proveStride waits to get on a P that is not the first, and
// strideTries how often it may find another number of objects there.
const (
	strideTime  = 5 * time.Second
	strideTries = 100
)

// proveStride uses a pool on a P that is not the first, whose part of it is found
// only where the parts are as far apart as they are taken to be. It goes on until
// that works: a race build drops puts, two collections drop all, and in a busy program it takes
// a while to get on another P.
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

// putAndLook puts two objects, a private one and one in the ring, and returns how
// many are found; -1 if it does not run on one P, other than the first, all the time.
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

// ours is the New of the pools that Start uses, by which the census knows them.
func ours() any { return nil }

// proof is what the pools of prove hold.
type proof struct{ _ uintptr }

// isProof compares words: a word that was read where no type is may not become a reflect.Type.
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

// compareOnce puts n objects from each of several goroutines and looks. How many
// there are is known, but for two things: a race build drops some puts, which shows
// when all are taken out again, except for what lies apart on other Ps; and a
// collection that begins between drops what one before has aged.
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
	if most = least + runtime.GOMAXPROCS(0); most > goroutines*n || !raceBuild {
		most = goroutines * n
	}
	if typ := c.sample.typ; typ != nil && (!isProof(typ) || c.sample.data != unsafe.Pointer(object)) {
		return least, most, -1
	}
	return least, most, c.primary + c.victim
}
