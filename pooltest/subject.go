package pooltest

import (
	"runtime"
	"sync"
	"testing"
	"time"
)

// subject is a pool of either kind.
type subject struct {
	pool any                    // for what else it can do
	take func(i int) (b func()) // takes an object, of some i-th kind, and returns how to give it back
}

// testSubject checks what both kinds of pools promise, and what they promise if
// they can do more.
func testSubject(t *testing.T, newSubject func(*testing.T) subject) {
	for _, c := range []struct {
		claim string
		check func(*testing.T, subject)
	}{
		{"Get never waits", checkNeverWaits},
		{"Source counts every call", checkCounts},
		{"Source counts up while in use", checkCountsUp},
		{"Source overwrites what it is given", checkOverwrites},
		{"Resizable keeps its limit", checkLimit},
		{"Resizable trims what it says", checkTrim},
		{"Tunable tells what a window saw", checkDemand},
		{"Tunable lets go of what has grown old", checkIdleAge},
		{"Switchable works in every mode", checkModes},
		{"Close leaves a working pool", checkClose},
	} {
		t.Run(c.claim, func(t *testing.T) { c.check(t, newSubject(t)) })
	}
}

// waitLimit is how long a Get takes that waits for a Put which does not come.
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
		t.Fatalf("1,000 Gets without a Put have not returned in %v: a pool that has nothing allocates", waitLimit)
	}
}

// hold takes n objects and returns how to give them back.
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

// storm has goroutines take and give back, some of it to each other, n objects
// each, and calls watch before, meanwhile and after.
func (s subject) storm(n int, watch func()) {
	watch()
	done := make(chan struct{})
	var users, watcher sync.WaitGroup
	watcher.Go(func() {
		for {
			watch()
			select {
			case <-done:
				return
			default:
				runtime.Gosched()
			}
		}
	})
	passed := make(chan func(), 8)
	for g := range stormers {
		users.Go(func() {
			for i := range n {
				back := s.take(g*7 + i)
				select {
				case passed <- back:
				case other := <-passed:
					back()
					other()
				}
			}
		})
	}
	users.Wait()
	close(done)
	watcher.Wait()
	close(passed)
	for back := range passed {
		back()
	}
	watch()
}

const stormers = 6
