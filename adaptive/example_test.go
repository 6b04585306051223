package adaptive_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/sim"
	"github.com/otelpool/pool/strategies"
)

func Example() {
	registry := new(pool.Registry) // or pool.Default, which needs no name anywhere
	bodies := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "http.body", Registry: registry}))
	defer bodies.Close()

	ctl, err := adaptive.New(adaptive.Config{
		Registry: registry,
		Logger:   slog.New(slog.NewTextHandler(os.Stderr, nil)),
		Reserved: map[string]int64{"http.body": 1 << 20}, // kept whatever happens
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ctl.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond) // a program's life
	defer cancel()
	fmt.Println(ctl.Run(ctx))

	var st control.Stats
	ctl.ControllerStats(&st)
	fmt.Println(st.Classes[0].Pool, len(st.Decisions) > 0)
	// Output:
	// <nil>
	// http.body true
}

// A controller that was recorded can be asked later why it decided as it did,
// and what it decided is found again from what it was told.
func ExampleReplay() {
	f, err := os.CreateTemp("", "controller-*.jsonl")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.Remove(f.Name())
	ctl, err := adaptive.New(adaptive.Config{
		Registry: new(pool.Registry), Recorder: adaptive.NewRecorder(f), MaxIdleBytes: 1 << 20,
		Signals: sim.Calm{}, // or nil, for those of the process
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctl.Step(time.Now())
	ctl.Close()

	if _, err := f.Seek(0, 0); err != nil {
		fmt.Println(err)
		return
	}
	decisions, err := adaptive.Replay(f)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, d := range decisions {
		fmt.Println(d.Seq, d.Reason, d.Limit)
	}
	// Output: 1 first run 1048576
}

// For those who have a clock of their own.
func ExampleController_Step() {
	ctl, err := adaptive.New(adaptive.Config{
		Registry: new(pool.Registry), MaxIdleBytes: 64 << 20,
		Signals: sim.Calm{}, // or nil, for those of the process
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ctl.Close()
	d := ctl.Step(time.Now())
	fmt.Println(d.Reason, d.Limit)
	// Output: first run 67108864
}
