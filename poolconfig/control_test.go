package poolconfig_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/poolconfig"
)

// calm is signals of a process that has all the memory it wants.
type calm struct{}

func (calm) Read(_ time.Time, into *adaptive.Reading) { *into = adaptive.Reading{MemTotal: 64 << 30} }

func (calm) Watch(ctx context.Context, _ func(control.Trigger)) error {
	<-ctx.Done()
	return nil
}

// limitNow is what a controller allows all pools after a run.
func limitNow(ctl *adaptive.Controller) int64 {
	ctl.Step(time.Now())
	var s control.Stats
	ctl.ControllerStats(&s)
	return s.Limit
}

func TestAControllerGoesByTheConfigurationAndFollowsIt(t *testing.T) {
	t.Parallel()
	c, _ := loaded(t, "budget: 64MiB\ncontroller:\n  break_even: 20s\n  high: {enter: 0.8, exit: 0.75}\n", "OTELPOOL_CONTROLLER_DWELL=3s")
	ctl, err := poolconfig.NewController(c, adaptive.Config{Signals: calm{}, Interval: time.Minute, MaxIdleBytes: 1 << 20})
	must(t, err)
	defer ctl.Close()
	want(t, "limit", limitNow(ctl), 64<<20)
	effective := `controller:
  break_even: 20s # pools.yaml:3
  interval: 1m0s # code
  dwell: 3s # OTELPOOL_CONTROLLER_DWELL
  high: {enter: 0.8, exit: 0.75} # pools.yaml:4
`
	want(t, "effective", c.Effective(), "budget: 64MiB # pools.yaml:1\n"+effective)
	if !conforms(t, c.Effective().String()) {
		t.Error("the schema refuses it")
	}
	again, _ := loaded(t, c.Effective().String())
	other, err := poolconfig.NewController(again, adaptive.Config{})
	must(t, err)
	defer other.Close()
	want(t, "read again", len(again.Effective().Settings), len(c.Effective().Settings))

	reload(t, c, "budget: 16MiB\n")
	want(t, "limit after a reload", limitNow(ctl), 16<<20)
	reload(t, c, "{}")
	want(t, "limit in code", limitNow(ctl), 1<<20)
	want(
		t,
		"effective",
		c.Effective(),
		"budget: 1MiB # code\ncontroller:\n  interval: 1m0s # code\n  dwell: 3s # OTELPOOL_CONTROLLER_DWELL\n",
	)
}

func TestKnobsThatAControllerRefusesChangeNothing(t *testing.T) {
	t.Parallel()
	c, _ := loaded(t, "budget: 64MiB\n")
	a := bodies(t, c, "a")
	ctl, err := poolconfig.NewController(c, adaptive.Config{Signals: calm{}, Reserved: map[string]int64{"a": 8 << 20}})
	must(t, err)
	defer ctl.Close()
	write(t, c, "budget: 4MiB\ncontroller: {break_even: 30s}\npools: {a: {limit: 32MiB}}\n")
	want(
		t,
		"reload",
		c.Reload(),
		"poolconfig: pools.yaml:1: budget: adaptive: Config.Reserved is 8388608: in all more than MaxIdleBytes, 4194304: "+
			"reserve less, or raise it",
	)
	want(t, "limits", fmt.Sprint(a.Limit(), limitNow(ctl)), fmt.Sprint(64<<20, 64<<20))

	wrong, _ := loaded(t, "controller:\n  pressure_interval: 3s\n", "OTELPOOL_CONTROLLER_INTERVAL=5s")
	high := adaptive.Levels{High: adaptive.Band{Enter: 0.2, Exit: 0.1}}
	if _, err := poolconfig.NewController(wrong, adaptive.Config{Levels: high}); err == nil ||
		!strings.HasPrefix(err.Error(), "adaptive: Config.Levels.High.Enter is 0.2: ") {
		t.Error(err) // the code's own mistake
	}
	write(t, wrong, "controller:\n  pressure_interval: 7s\n")
	want(
		t,
		"intervals",
		wrong.Reload(),
		"poolconfig: pools.yaml:2: controller.pressure_interval: adaptive: Config.PressureInterval is 7s: longer than "+
			"Interval, 5s: use at most that",
	)
}

func TestWhetherTheControllerManagesTheMemoryLimitIsSetWhenItIsMade(t *testing.T) {
	t.Parallel()
	c, _ := loaded(t, "controller:\n  manage_memory_limit: on\n")
	ctl, err := poolconfig.NewController(c, adaptive.Config{Signals: calm{}})
	must(t, err)
	defer ctl.Close()
	want(t, "in force", setting(c, "", "controller.manage_memory_limit"), "true from pools.yaml:2")
	write(t, c, "controller:\n  manage_memory_limit: off\n")
	want(
		t,
		"reload",
		c.Reload(),
		"poolconfig: pools.yaml:2: controller.manage_memory_limit is false: it is set when the controller is made, and is "+
			"true now: restart the program, or put true back",
	)
	reload(t, c, "controller: {manage_memory_limit: true, dwell: 5s}\n")
}

func TestABudgetThatAnotherControllerSetsIsRefused(t *testing.T) {
	t.Parallel()
	c, r := loaded(t, "{}")
	ctl, err := adaptive.New(adaptive.Config{Registry: r})
	must(t, err)
	write(t, c, "budget: 1MiB\n")
	want(
		t,
		"reload",
		c.Reload(),
		"poolconfig: pools.yaml:1: budget is 1MiB: a controller sets it: make that with poolconfig.NewController, or leave the budget out",
	)
	ctl.Close()
	must(t, c.Reload())
	want(t, "budget", r.Budget().Limit(), 1<<20)
}

func TestReservesOutliveTheControllersFirstRun(t *testing.T) {
	t.Parallel()
	c, r := loaded(t, "pools:\n  a: {reserve: 1MiB}\n")
	a := newTunable(t, r, "a")
	must(t, c.Apply())
	ctl, err := poolconfig.NewController(c, adaptive.Config{Signals: calm{}})
	must(t, err)
	defer ctl.Close()
	ctl.Step(time.Now())
	want(t, "reserve", a.reserve.Load(), 1<<20)
}

func TestANilConfigurationMakesTheCodesController(t *testing.T) {
	t.Parallel()
	ctl, err := poolconfig.NewController(nil, adaptive.Config{Signals: calm{}, Registry: new(pool.Registry), MaxIdleBytes: 1 << 20})
	must(t, err)
	defer ctl.Close()
	want(t, "limit", limitNow(ctl), 1<<20)
}
