package pooltest

import (
	"math/rand/v2"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// subject is a pool of either kind.
type subject struct {
	pool any                           // asserted to the further interfaces
	take func(i int) (giveBack func()) // takes an object; i chooses its kind
	own  func(i int) (giveBack func()) // take, and a test that nobody else has the object until giveBack
}

// owned returns the subject with own in place of take.
func (s subject) owned() subject {
	s.take = s.own
	return s
}

// report fails the test, once: a pool that breaks a promise often breaks it again. It does not go by
// t.Failed, which a data race makes true that another owner of the object was found in.
func report(t *testing.T, reported *atomic.Bool, format string, args ...any) {
	t.Helper()
	if !reported.Swap(true) {
		t.Errorf(format, args...)
	}
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

// check is a claim about a pool, and what finds out whether it is true.
type check[P any] struct {
	claim string
	check func(*testing.T, P)
}

// run has a subtest for each check, on a pool of its own.
func run[P any](t *testing.T, newPool func(*testing.T) P, checks []check[P]) {
	for _, c := range checks {
		t.Run(c.claim, func(t *testing.T) { c.check(t, newPool(t)) })
	}
}

// subjectChecks are of the contracts common to both kinds of pools, and of those of the
// further interfaces that a pool implements.
var subjectChecks = []check[subject]{
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

// checkOwners takes and gives back at random.
func checkOwners(t *testing.T, s subject) {
	var held []func()
	r := rand.New(rand.NewPCG(1, 2))
	for i := 0; i < steps(3000) && !t.Failed(); i++ {
		if len(held) < r.IntN(200) {
			held = append(held, s.own(r.IntN(len(lengths))))
		} else if n := len(held); n > 0 {
			last := r.IntN(n)
			held[last]()
			held[last] = held[n-1]
			held = held[:n-1]
		}
		if i%1000 == 0 {
			runtime.GC()
		}
	}
	giveBack(held)
}

// checkConcurrent has goroutines own n objects each. It leaves out the two greatest lengths,
// which would take most of the time.
func checkConcurrent(s subject, n int) {
	s.take = func(i int) func() { return s.own(i % (len(lengths) - 2)) }
	s.storm(n, func() {})
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
	return func() { giveBack(held) }
}

func giveBack(held []func()) {
	for _, back := range held {
		back()
	}
}

// storm starts goroutines that take n objects each and give objects back, some
// of them another goroutine's. It calls watch before, during and after.
func (s subject) storm(n int, watch func()) {
	watch()
	stop := repeat(watch)
	passed := make(chan func(), 16)
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
		back := s.take(g*5 + i)
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
	var stopped atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		for !stopped.Load() {
			f()
			runtime.Gosched()
		}
	})
	return func() {
		stopped.Store(true)
		wg.Wait()
	}
}

const stormers = 8
