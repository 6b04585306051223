package adaptive_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/sim"
	"github.com/otelpool/pool/internal/testalloc"
)

// busy is a pool whose classes always have demand.
type busy struct {
	stub
	demands []control.ClassDemand
}

func newBusy(classes, offset int) *busy {
	b := &busy{demands: make([]control.ClassDemand, classes)}
	for i := range b.demands {
		d := &b.demands[i]
		*d = control.ClassDemand{
			Size:           1 << (i % 20),
			Gets:           1000,
			Misses:         3,
			Regrets:        2,
			Dropped:        4,
			Idle:           20,
			InUse:          int64(4 + i%7),
			IdleSeconds:    20,
			DroppedSeconds: 9,
		}
		for bin := 10 + (i+offset)%10; bin < 40; bin += 3 {
			d.Held[bin] = 2
		}
		d.Gone[35] = 2
	}
	return b
}

func (b *busy) Demand(_ time.Time, into *control.Demand) {
	into.Classes = append(into.Classes[:0], b.demands...)
}

func (b *busy) SetIdleAge(int, time.Duration) {}

func BenchmarkStep(b *testing.B) {
	for _, c := range []struct{ pools, classes int }{{1, 64}, {8, 8}, {1000, 1}} {
		b.Run(fmt.Sprintf("pools=%d/classes=%d", c.pools, c.classes), func(b *testing.B) {
			reg := new(pool.Registry)
			for i := range c.pools {
				if _, err := reg.Publish(fmt.Sprint(i), newBusy(c.classes, i), pool.Reject); err != nil {
					b.Fatal(err)
				}
			}
			ctl, err := adaptive.New(adaptive.Config{Registry: reg, Budget: sim.NewBudget(pool.Unlimited), Signals: sim.Calm{}})
			if err != nil {
				b.Fatal(err)
			}
			defer ctl.Close()
			now := sim.Start
			step := func() {
				now = now.Add(time.Second)
				ctl.Step(now)
			}
			for range 100 {
				step()
			}
			b.ReportAllocs()
			for b.Loop() {
				step()
			}
		})
	}
}

func TestStepDoesNotAllocate(t *testing.T) {
	reg := new(pool.Registry)
	for i := range 8 {
		if _, err := reg.Publish(fmt.Sprint(i), newBusy(8, i), pool.Reject); err != nil {
			t.Fatal(err)
		}
	}
	ctl, err := adaptive.New(adaptive.Config{Registry: reg, Budget: sim.NewBudget(pool.Unlimited)}) // with the process's signals
	if err != nil {
		t.Fatal(err)
	}
	defer ctl.Close()
	now := time.Now()
	var st control.Stats
	step := func() {
		now = now.Add(time.Second)
		ctl.Step(now)
		ctl.ControllerStats(&st)
	}
	for range 100 {
		step()
	}
	runtime.GC()
	if n := testalloc.PerRun(200, step); n != 0 {
		t.Errorf("%v allocations a step, want 0", n)
	}
}
