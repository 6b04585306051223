package ask_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/otelpool/pool/internal/ask"
	"github.com/otelpool/pool/internal/testalloc"
)

func TestACallerMakesEveryCall(t *testing.T) {
	synctest.Test(t, func(*testing.T) {
		var c ask.Caller
		for range 3 {
			var got []int
			c.Do(100, func(i int) { got = append(got, i) }, nil)
			if !slices.Equal(got, numbers(100)) {
				t.Error(got)
			}
		}
		c.Do(0, func(int) { t.Error("called") }, nil)
	})
}

func TestACallerPassesOverWhatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c ask.Caller
		leave, back := make(chan struct{}), []<-chan struct{}{}
		start, called := time.Now(), make([]bool, 50)
		call := func(i int) {
			if i%20 == 10 {
				<-leave
				return
			}
			called[i] = true
		}
		c.Do(50, call, func(_ int, b <-chan struct{}) func(int) {
			back = append(back, b)
			return call
		})
		if took := time.Since(start); took > 900*time.Millisecond {
			t.Errorf("took %v", took)
		}
		for i := range called {
			if called[i] == (i%20 == 10) {
				t.Errorf("call %d: %v", i, called[i])
			}
		}
		close(leave)
		for _, b := range back {
			<-b // hangs, and the bubble says so, where nobody closes it
		}
		if len(back) != 2 {
			t.Errorf("%d were passed over", len(back))
		}
	})
}

func TestACallerWaitsForThoseThatAreSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := ask.Caller{Patience: 40 * time.Millisecond}, 0
		c.Do(20, func(i int) {
			time.Sleep(time.Duration(i) * 2 * time.Millisecond)
			n++
		}, func(i int, _ <-chan struct{}) func(int) {
			t.Errorf("passed over %d", i)
			return func(int) {}
		})
		if n != 20 {
			t.Errorf("%d calls", n)
		}
	})
}

func TestACallerAllocatesNothing(t *testing.T) {
	var c ask.Caller
	n := 0
	call := func(int) { n++ }
	if got := testalloc.PerRun(100, func() { c.Do(10, call, nil) }); got != 0 {
		t.Errorf("%v allocations a round", got)
	}
}

func BenchmarkCaller(b *testing.B) {
	var c ask.Caller
	call := func(int) {}
	b.ReportAllocs()
	for b.Loop() {
		c.Do(1000, call, nil)
	}
}
