package main

import (
	"bytes"
	"context"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

func TestSqueezeHasItsShape(t *testing.T) {
	t.Parallel()
	for at, want := range map[time.Duration]float64{
		0: 0, 4 * time.Second: 0, 10 * time.Second: 0.5, 15 * time.Second: 1, 22 * time.Second: 1, 23 * time.Second: 0,
		29 * time.Second: 0, 40 * time.Second: 0.5,
	} {
		if got := squeezed(at, 30*time.Second); math.Abs(got-want) > 1e-9 {
			t.Errorf("at %v it is %v, want %v", at, got, want)
		}
	}
}

func TestBallastGrowsAndShrinks(t *testing.T) {
	t.Parallel()
	var b ballast
	for _, blocks := range []int{3, 1, 2, 0} {
		b.resize(blocks*ballastBlock + 17)
		b.turn(blocks / 2)
		if len(b) != blocks || slices.ContainsFunc(b, func(block []byte) bool { return len(block) != ballastBlock }) {
			t.Errorf("%d blocks, want %d whole ones", len(b), blocks)
		}
		for _, dropped := range b[len(b):cap(b)] {
			if dropped != nil {
				t.Fatal("what was let go is still held")
			}
		}
	}
}

// squeezedRun is the squeeze scenario in short cycles, until memory ran short
// and the screen told of it.
func squeezedRun(t *testing.T) (stats *control.Stats, out string) {
	t.Helper()
	c, err := parseFlags([]string{"-scenario", "squeeze", "-calibrate", "0", "-debug", "off", "-duration", "1m"})
	if err != nil {
		t.Fatal(err)
	}
	c.cycle = 3 * time.Second
	var stdout, stderr bytes.Buffer
	stats = new(control.Stats)
	a := &app{config: c, registry: new(pool.Registry), screen: newScreen(&stdout), out: &stdout, err: &stderr}
	if err := a.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer a.pools.close()
	defer a.control.close()
	a.work(untilShort(t, a))
	if s := a.control.stats(); s != nil {
		stats = s
	}
	if err := a.finish(); err != nil || stderr.Len() > 0 {
		t.Errorf("%v, stderr %q", err, stderr.String())
	}
	return stats, stdout.String()
}

// untilShort ends a second and a half after memory ran short: the screen shows
// each second.
func untilShort(t *testing.T, a *app) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go func() {
		for ctx.Err() == nil {
			time.Sleep(50 * time.Millisecond)
			if timesShort(a.control.stats()) > 0 {
				time.Sleep(1500 * time.Millisecond)
				cancel()
			}
		}
	}()
	return ctx
}

// timesShort is how often the pressure rose to high or critical.
func timesShort(s *control.Stats) (n uint64) {
	for _, level := range []control.PressureLevel{control.PressureHigh, control.PressureCritical} {
		for _, of := range s.Transitions[level] {
			n += of
		}
	}
	return n
}

func TestUnderASqueezePoolsLetGo(t *testing.T) {
	s, out := squeezedRun(t)
	if timesShort(s) == 0 {
		t.Errorf("memory never ran short: %+v", s.Transitions)
	}
	if !strings.Contains(out, "| pressure ") || !strings.Contains(out, "\ncontroller: ") {
		t.Errorf("nothing is shown of it:\n%s", out)
	}
}

func TestWithoutControllerNothingControls(t *testing.T) {
	t.Parallel()
	c, err := parseFlags([]string{"-controller", "off", "-scenario", "none"})
	if err != nil {
		t.Fatal(err)
	}
	r := new(pool.Registry)
	a := &app{config: c, registry: r, out: new(bytes.Buffer), err: new(bytes.Buffer)}
	if err := a.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer a.pools.close()
	defer a.service.stop(t.Context())
	defer a.page.stop(t.Context())
	if a.control != nil || r.Controller() != nil {
		t.Error("there is a controller")
	}
	if got := controlLines(a.control.stats(), time.Now()); len(got) != 1 || got[0] != "controller: off" {
		t.Errorf("it shows %q", got)
	}
}

func TestADecisionIsToldInOneLine(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]control.Decision{
		"pressure none → high, limit 32.0 MiB → 4.0 MiB, 12.0 MiB dropped, collection asked for: heap 0.72 ≥ 0.70; live heap fell": {
			To: control.PressureHigh, Action: control.Shrink, LimitBefore: 32 << 20, Limit: 4 << 20, Freed: 12 << 20, ForcedGC: true,
			Reason: "heap 0.72 ≥ 0.70", Outcome: "live heap fell",
		},
		"limit any number of bytes → 4.0 MiB": {Action: control.Shrink, LimitBefore: pool.Unlimited, Limit: 4 << 20},
		"trim, 1.0 MiB dropped: full":         {Action: control.TrimIdle, Limit: 1, LimitBefore: 1, Freed: 1 << 20, Reason: "full"},
	} {
		if got := decisionText(&d); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
