package pooltest

import (
	"reflect"
	"runtime"
	"sync"
	"testing"
	"time"
)

// subject is a pool of either kind.
type subject struct {
	pool any                           // asserted to the further interfaces
	take func(i int) (giveBack func()) // takes an object; i chooses its kind
}

// as returns the pool as a T. It skips the test if the pool is none.
func as[T any](t *testing.T, s subject) T {
	t.Helper()
	p, ok := s.pool.(T)
	if !ok {
		t.Skipf("the pool is no %v", reflect.TypeFor[T]())
	}
	return p
}

// testSubject checks the contracts common to both kinds of pools, and those of the
// further interfaces that a pool implements.
func testSubject(t *testing.T, newSubject func(*testing.T) subject) {
	for _, c := range subjectChecks {
		t.Run(c.claim, func(t *testing.T) { c.check(t, newSubject(t)) })
	}
}

var subjectChecks = []struct {
	claim string
	check func(*testing.T, subject)
}{
	{"Get never waits", checkNeverWaits},
	{"Source counts every call", checkCounts},
	{"Source counts up while in use", checkCountsUp},
	{"Source overwrites what it is given", checkOverwrites},
	{"Resizable keeps its limit", checkLimit},
	{"Resizable trims what it says", checkTrim},
	{"Tunable reports the demand of a window", checkDemand},
	{"Tunable evicts what has grown old", checkIdleAge},
	{"Switchable works in every mode", checkModes},
	{"Close leaves a working pool", checkClose},
}

// waitLimit is the time after which a Get counts as waiting for a Put.
const waitLimit = 5 * time.Second

func checkNeverWaits(t *testing.T, s subject) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.hold(1000)()
	}()
	select {
	case <-done:
	case <-time.After(waitLimit):
		t.Fatalf("1,000 Gets without a Put have not returned in %v: an empty pool has to allocate", waitLimit)
	}
}

// hold takes n objects and returns the function that gives them back.
func (s subject) hold(n int) (back func()) {
	held := make([]func(), n)
	for i := range held {
		held[i] = s.take(i)
	}
	return func() {
		for _, back := range held {
			back()
		}
	}
}

// storm starts goroutines that take n objects each and give objects back, some
// of them another goroutine's. It calls watch before, during and after.
func (s subject) storm(n int, watch func()) {
	watch()
	stop := repeat(watch)
	passed := make(chan func(), 8)
	var users sync.WaitGroup
	for g := range stormers {
		users.Go(func() { s.rage(g, n, passed) })
	}
	users.Wait()
	stop()
	close(passed)
	for back := range passed {
		back()
	}
	watch()
}

// rage is one goroutine of a storm.
func (s subject) rage(g, n int, passed chan func()) {
	for i := range n {
		back := s.take(g*7 + i)
		select {
		case passed <- back:
		case other := <-passed:
			back()
			other()
		}
	}
}

// repeat calls f over and over in a goroutine; stop ends it and waits for it.
func repeat(f func()) (stop func()) {
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			f()
			select {
			case <-done:
				return
			default:
				runtime.Gosched()
			}
		}
	})
	return func() {
		close(done)
		wg.Wait()
	}
}

const stormers = 6
