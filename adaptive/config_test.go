package adaptive_test

import (
	"strings"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adaptive"
)

func TestZeroConfigIsGood(t *testing.T) {
	t.Parallel()
	ctl, err := adaptive.New(adaptive.Config{Registry: new(pool.Registry)})
	if err != nil {
		t.Fatal(err)
	}
	ctl.Close()
}

func TestConfigErrorsNameFieldValueAndRemedy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		config adaptive.Config
		want   []string
	}{
		{adaptive.Config{BreakEven: -time.Second}, []string{"Config.BreakEven is -1s: use 100ms or more, or 0 for 10s"}},
		{adaptive.Config{BreakEven: time.Millisecond}, []string{"Config.BreakEven is 1ms"}},
		{adaptive.Config{Clamp: -0.1}, []string{"Config.Clamp is -0.1: use more than 0 and at most 1"}},
		{adaptive.Config{Clamp: 2}, []string{"Config.Clamp is 2"}},
		{adaptive.Config{HalfLife: -1}, []string{"Config.HalfLife is -1ns: use 1s or more"}},
		{adaptive.Config{Interval: -time.Second}, []string{
			"Config.Interval is -1s: use 10ms or more", "Config.PressureInterval is 250ms: longer than Interval",
		}},
		{adaptive.Config{PressureInterval: time.Hour, Interval: time.Minute}, []string{
			"Config.PressureInterval is 1h0m0s: longer than Interval, 1m0s: use at most that",
		}},
		{adaptive.Config{MaxIdleBytes: -1}, []string{"Config.MaxIdleBytes is -1: use more than 0"}},
		{adaptive.Config{MemoryLimit: -5}, []string{"Config.MemoryLimit is -5"}},
		{adaptive.Config{Dwell: -1}, []string{"Config.Dwell is -1ns"}},
		{adaptive.Config{ForceGC: 9}, []string{"Config.ForceGC is 9: use ForceGCAuto"}},
		{
			adaptive.Config{Levels: adaptive.Levels{High: adaptive.Band{Enter: 0.4, Exit: 0.5}}},
			[]string{
				"Config.Levels.High.Exit is 0.5: not below Enter, 0.4",
				"Config.Levels.High.Enter is 0.4: not above Levels.Elevated.Enter, 0.5: raise it",
			},
		},
		{adaptive.Config{Levels: adaptive.Levels{Critical: adaptive.Band{Enter: 0.9}}}, []string{
			"Config.Levels.Critical.Exit is 0: use more than 0",
		}},
		{
			adaptive.Config{MaxIdleBytes: 100, Reserved: map[string]int64{"a": 80, "b": 30}},
			[]string{"Config.Reserved is 110: in all more than MaxIdleBytes, 100: reserve less, or raise it"},
		},
		{adaptive.Config{Reserved: map[string]int64{"a": -1}}, []string{`Config.Reserved["a"] is -1: use 0 or more`}},
		{
			adaptive.Config{MemoryLimit: 800, Reserved: map[string]int64{"a": 500}},
			[]string{
				"Config.Reserved is 500: in all more than the budget that follows from the memory limit, 400 B: reserve less, " +
					"or set MaxIdleBytes",
			},
		},
	} {
		c.config.Registry = new(pool.Registry)
		_, err := adaptive.New(c.config)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v:\n got %v\nwant %s", c.config, err, want)
			}
		}
		if c.config.Registry.Controller() != nil {
			t.Errorf("%+v: refused, and published", c.config)
		}
	}
}

func TestARegistryHasOneController(t *testing.T) {
	t.Parallel()
	reg := new(pool.Registry)
	first, err := adaptive.New(adaptive.Config{Registry: reg})
	if err != nil {
		t.Fatal(err)
	}
	_, err = adaptive.New(adaptive.Config{Registry: reg, Clamp: 7})
	for _, want := range []string{"the registry has a controller already", "Config.Clamp is 7"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("second controller: got %v, want %s", err, want)
		}
	}
	first.Close()
	second, err := adaptive.New(adaptive.Config{Registry: reg})
	if err != nil {
		t.Fatal("after Close:", err)
	}
	second.Close()
}
