package ask_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/otelpool/pool/internal/ask"
)

// asked is what a round yields, in order: −1 for those without an answer.
func asked(a *ask.Asker[int, int], keys []int, read func(int, *int)) (got []int) {
	a.Each(keys, read, func(i int, value *int, since time.Time) {
		switch {
		case i != len(got):
			panic("out of order")
		case value == nil:
			got = append(got, -1)
		default:
			got = append(got, *value)
		}
	})
	return got
}

func numbers(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func same(k int, into *int) { *into = k }

func TestEveryAnswerComesInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // whose clock stands still on a slow machine
		var a ask.Asker[int, int]
		for range 3 { // the later rounds with what the first one made
			if got := asked(&a, numbers(1000), same); !slices.Equal(got, numbers(1000)) {
				t.Fatal(got)
			}
		}
	})
}

func TestThoseThatHangKeepNobodyAndAreAskedAgainWhenTheyReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a ask.Asker[int, int]
		var calls atomic.Int64
		leave := make(chan struct{})
		hangs := func(k int, into *int) {
			if *into = k; k%100 == 50 {
				calls.Add(1)
				<-leave
			}
		}
		want := numbers(300)
		want[50], want[150], want[250] = -1, -1, -1
		for i, most := range []time.Duration{600 * time.Millisecond, 0, 0} {
			start := time.Now()
			if got := asked(&a, numbers(300), hangs); !slices.Equal(got, want) {
				t.Fatal(got)
			}
			if took := time.Since(start); took > most {
				t.Errorf("round %d took %v, at most %v", i, took, most)
			}
			time.Sleep(time.Second)
		}
		if n := calls.Load(); n != 3 {
			t.Errorf("asked %d times", n)
		}
		close(leave)
		synctest.Wait()
		if got := asked(&a, numbers(300), hangs); !slices.Equal(got, numbers(300)) {
			t.Error(got)
		}
	})
}

func TestThoseThatAreSlowKeepARoundNoLongerThanOneThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a ask.Asker[int, int]
		slow := func(k int, into *int) {
			time.Sleep(200 * time.Millisecond)
			*into = k
		}
		start := time.Now()
		if got := asked(&a, numbers(10), slow); !slices.Equal(got, []int{0, 1, -1, -1, -1, -1, -1, -1, -1, -1}) {
			t.Error(got)
		}
		if took := time.Since(start); took > 700*time.Millisecond {
			t.Errorf("the round took %v", took)
		}
		time.Sleep(time.Second) // all have returned
	})
}

// As where other programs have the CPUs.
func TestManyThatTakeAMomentLeaveOneThatIsSlowItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		read := func(k int, into *int) {
			took := 10 * time.Millisecond
			if k == 99 {
				took = 300 * time.Millisecond
			}
			time.Sleep(took)
			*into = k
		}
		if got := asked(new(ask.Asker[int, int]), numbers(100), read); !slices.Equal(got, numbers(100)) {
			t.Error(got)
		}
	})
}

func TestOneThatAsksForAllIsPassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a ask.Asker[int, int]
		var depth, deepest atomic.Int64
		var read func(k int, into *int)
		read = func(k int, into *int) {
			if *into = k; k == 1 {
				deepest.Store(max(deepest.Load(), depth.Add(1)))
				defer depth.Add(-1)
				asked(&a, numbers(3), read)
			}
		}
		if got := asked(&a, numbers(3), read); !slices.Equal(got, []int{0, -1, 2}) || deepest.Load() != 1 {
			t.Errorf("%v, %d deep", got, deepest.Load())
		}
	})
}

func TestRoundsAreConcurrentSafe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a ask.Asker[int, int]
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 20 {
					if got := asked(&a, numbers(200), same); !slices.Equal(got, numbers(200)) {
						t.Error(got)
					}
				}
			})
		}
		all.Wait()
	})
}

func TestAYieldThatPanicsLeavesNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which fails where one stays
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		new(ask.Asker[int, int]).Each(numbers(100), same, func(int, *int, time.Time) { panic("yield") })
	})
}

func BenchmarkEach(b *testing.B) {
	var a ask.Asker[int, int]
	keys := numbers(1000)
	b.ReportAllocs()
	for b.Loop() {
		a.Each(keys, same, func(int, *int, time.Time) {})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/key")
}
