//go:build linux || darwin || windows || freebsd

package syncpools

import (
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/otelpool/pool"
)

// foreign counts what another library's hooks were called.
var foreign int

func foreignAlone()    { foreign++; poolCleanup() } // as bytedance/gopkg's does
func foreignChaining() { foreign++; hook() }        // one that found the variable, as we do

func startHere(t *testing.T) *Census {
	t.Helper()
	s, err := Start(Config{Registry: new(pool.Registry)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Stop()
		registerPoolCleanup(poolCleanup)
	})
	return s
}

// until collects and reads until something holds.
func until(t *testing.T, s *Census, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !holds(); {
		if time.Now().After(end) {
			t.Fatalf("not in 10 s: %s", what)
		}
		runtime.GC()
		s.Read()
	}
}

func TestAHookOfBeforeIsCalledAndComesBack(t *testing.T) {
	registerPoolCleanup(foreignAlone)
	s := startHere(t)
	before, seen := foreign, epoch()
	runtime.GC()
	if foreign == before || epoch() == seen {
		t.Errorf("the other was called %d times, ours %d times", foreign-before, epoch()-seen)
	}
	if s.Displaced() != "" {
		t.Errorf("displaced by %s, which was there before", s.Displaced())
	}
	s.Stop()
	s.Stop()
	if wordAt(s.cleanupAt) != closure(foreignAlone) {
		t.Error("the hook of before is not back after Stop")
	}
}

func TestAHookThatDoesNotCallOursIsPutBehindIt(t *testing.T) {
	s := startHere(t)
	registerPoolCleanup(foreignAlone)
	until(t, s, "ours is in front again", func() bool { return wordAt(s.cleanupAt) == closure(hook) })
	before, seen := foreign, epoch()
	runtime.GC()
	if foreign == before || epoch() == seen {
		t.Errorf("the other was called %d times, ours %d times", foreign-before, epoch()-seen)
	}
	if !strings.HasSuffix(s.Displaced(), "syncpools.foreignAlone") {
		t.Errorf("displaced by %q", s.Displaced())
	}
	s.Stop()
	if wordAt(s.cleanupAt) != closure(foreignAlone) {
		t.Error("the other's hook is not back after Stop")
	}
}

func TestAHookThatCallsOursStaysInFront(t *testing.T) {
	s := startHere(t)
	registerPoolCleanup(foreignChaining)
	seen := epoch()
	until(t, s, "five collections are seen", func() bool { return epoch() > seen+5 })
	if wordAt(s.cleanupAt) != closure(foreignChaining) {
		t.Error("a hook that calls ours was put behind it")
	}
	s.Stop()
	runtime.GC() // ours passes on
	again := startHere(t)
	seen = epoch()
	until(t, again, "five collections are seen after a new Start", func() bool { return epoch() > seen+5 })
}

// Pools are aged whatever calls what: an object is gone after two collections.
func TestPoolsAreAgedWhoeverIsInFront(t *testing.T) {
	for name, register := range map[string]func(){
		"ours": func() {}, "alone": func() { registerPoolCleanup(foreignAlone) },
		"chaining": func() { registerPoolCleanup(foreignChaining) },
	} {
		t.Run(name, func(t *testing.T) {
			s := startHere(t)
			register()
			for range 4 {
				var p sync.Pool
				p.Put(new(int))
				runtime.GC()
				runtime.GC()
				s.Read()
				if p.Get() != nil {
					t.Fatal("an object is there after two collections")
				}
			}
		})
	}
}

func TestTheLayoutIsProvedAgainForMorePs(t *testing.T) {
	p := sync.Pool{New: func() any { return new(int) }}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	s := startHere(t)
	runtime.GOMAXPROCS(2)
	p.Put(p.New())
	s.Read()
	if s.Err() != nil || !s.several {
		t.Errorf("%v; proved for several Ps: %v", s.Err(), s.several)
	}
}

// The hook does the same for any number of pools.
func TestTheHookAddsNothingThatGrowsToAStop(t *testing.T) {
	for _, n := range []int{200, 10_000} {
		per := hookTime(n, 100)
		for range 50 { // the least: a pause in one of them is no cost of the hook
			per = min(per, hookTime(n, 100))
		}
		if per > 2*time.Microsecond {
			t.Errorf("%v added to a collection's stop with %d pools, at most 2 µs", per, n)
		} else {
			t.Logf("%v with %d pools", per, n)
		}
	}
}

// hookTime calls the hook itself, which is not registered, with a list of n pools.
func hookTime(n, times int) time.Duration {
	list := make([]*sync.Pool, n)
	before := collected
	defer func() { collected = before }()
	collected.allPools, collected.next = unsafe.Pointer(&list), func() {}
	begin := time.Now()
	for range times {
		hook()
	}
	per := time.Since(begin) / time.Duration(times)
	runtime.KeepAlive(&list)
	return per
}

func BenchmarkHook200Pools(b *testing.B)   { b.ReportMetric(float64(hookTime(200, b.N)), "ns/stop") }
func BenchmarkHook10000Pools(b *testing.B) { b.ReportMetric(float64(hookTime(10_000, b.N)), "ns/stop") }
