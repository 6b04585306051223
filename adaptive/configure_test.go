package adaptive_test

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adaptive"
)

func TestConfigureTakesEffectAtTheNextRun(t *testing.T) {
	t.Parallel()
	l := newLab(t, adaptive.Config{MaxIdleBytes: 64 << 20}, 1<<10)
	l.run(time.Second)
	if got := l.stats().Limit; got != 64<<20 {
		t.Fatalf("limit %d", got)
	}
	if err := l.ctl.Configure(adaptive.Config{MaxIdleBytes: 8 << 20}); err != nil {
		t.Fatal(err)
	}
	l.run(time.Second)
	if got := l.stats().Limit; got != 8<<20 {
		t.Errorf("limit %d after Configure", got)
	}
}

func TestConfigureWithAMistakeChangesNothing(t *testing.T) {
	t.Parallel()
	l := newLab(t, adaptive.Config{MaxIdleBytes: 64 << 20}, 1<<10)
	l.run(time.Second)
	bad := adaptive.Config{MaxIdleBytes: 8 << 20, Clamp: 2}
	const want = "adaptive: Config.Clamp is 2: use more than 0 and at most 1, or 0 for 0.05"
	if err := bad.Validate(); err == nil || err.Error() != want {
		t.Error(err)
	}
	if err := l.ctl.Configure(bad); err == nil || err.Error() != want {
		t.Error(err)
	}
	l.run(time.Second)
	if got := l.stats().Limit; got != 64<<20 {
		t.Errorf("limit %d", got)
	}
}

func TestReplayFollowsConfigure(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 1))
	var recording bytes.Buffer
	l := newLab(t, adaptive.Config{Recorder: adaptive.NewRecorder(&recording), MemoryLimit: limit}, 1<<10, 64<<10, mib)
	l.ctl.SetCalls(func() { l.reading.Heap.Cycles++ }, nil)
	for i := range 300 {
		if i%50 == 25 {
			err := l.ctl.Configure(adaptive.Config{
				MemoryLimit: limit, MaxIdleBytes: int64(1+i) << 18, BreakEven: time.Duration(1+i%7) * time.Second,
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		stir(l, rng)
		l.step()
	}
	replayed, err := adaptive.Replay(&recording)
	if err != nil {
		t.Fatal(err)
	}
	live := l.stats().Decisions
	if n := len(replayed) - len(live); n > 0 {
		replayed = replayed[n:]
	}
	if !reflect.DeepEqual(live, replayed) {
		t.Errorf("live     %+v\nreplayed %+v", live, replayed)
	}
}

func TestConfigureWhileItRunsConcurrentSafe(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	ctl, err := adaptive.New(adaptive.Config{Registry: r, Interval: 10 * time.Millisecond, PressureInterval: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer ctl.Close()
	var runs sync.WaitGroup
	runs.Go(func() {
		for range 200 {
			ctl.Step(time.Now())
		}
	})
	for i := range 200 {
		err := ctl.Configure(adaptive.Config{
			BreakEven: time.Duration(1+i) * time.Second, Reserved: map[string]int64{"a": int64(i)},
		})
		if err != nil {
			t.Error(err)
		}
	}
	runs.Wait()
}
