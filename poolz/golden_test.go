package poolz_test

import (
	"math"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/poolz"
)

// busyRegistry has pools in all states that a first look shows, classes, a curve
// and a controller.
func busyRegistry(tb testing.TB) *pool.Registry {
	tb.Helper()
	r := new(pool.Registry)
	a := &resizable{newFake(), control.Curve{Classes: []control.ClassCurve{{Size: 1024, Hits: 90, Misses: 10}, {Size: 4096}}}}
	a.curve.Classes[0].Saved[3], a.curve.Classes[0].Lost[1] = 6, 30
	a.set(func(s *pool.Stats) {
		for i := range s.Requests {
			s.Requests[i] = uint64(100 >> i)
		}
		for i := range s.Returns {
			s.Returns[i] = uint64(50 >> i)
		}
		for i := range s.Evictions {
			s.Evictions[i], s.EvictedBytes[i] = uint64(i), uint64(i)<<10
		}
		s.Allocations, s.AllocatedBytes, s.RequestedBytes, s.Prewarmed = 30, 30<<10, 25_000, 3
		s.Idle, s.IdleBytes, s.InUse, s.InUseBytes = 17, 20<<10, 5, 5<<10
		s.Limit, s.ObjectLimit, s.Grown, s.Shrunk, s.Pending = 1<<20, 100, 2, 1, 0
		s.Classes = []pool.Class{{Size: 1024, Counts: s.Counts}, {Size: 4096}}
	})
	publish(tb, r, "a", a)
	lost := newFake()
	lost.set(func(s *pool.Stats) {
		s.Misuse[pool.MisuseLost] = 3
		s.Requests[pool.Hit] = 10
		s.Limit = pool.Unlimited
		s.Knows.Rows &^= pool.KnowsLimit
	})
	publish(tb, r, "lost", lost)
	simple := newFake()
	simple.set(func(s *pool.Stats) {
		s.Knows = pool.Knowledge{Requests: pool.SetOf(pool.Bypass), Rows: pool.KnowsInUse}
	})
	publish(tb, r, "nop", simple)
	publish(tb, r, "gone", newFake()).Close()
	publish(tb, r, "switched", newSwitched(control.ModeOff))
	r.Budget().SetLimit(1 << 20)
	r.Budget().Charge(64 << 10)
	at := time.Now().Add(-90 * time.Second) // in a bubble, always the same
	if _, err := r.AddController(fakeController{control.Stats{
		Level: control.PressureHigh, Since: at, Cause: control.CausePSI, LastRun: at.Add(time.Minute),
		Signals: []control.Signal{{Name: "heap", Value: 0.72, Age: time.Second}, {Name: "psi", Err: "not\npermitted"}},
		Limit:   1 << 20, Idle: 20 << 10, ForcedGCs: 1, Regrets: 7, Efficiency: 0.9,
		Runs:    [control.NumActions]uint64{10, 2, 1, 1},
		Classes: []control.ClassControl{{Pool: "a", Size: 1024, IdleAge: 1500 * time.Millisecond, Idle: 10 << 10, Regrets: 7}},
		Decisions: []control.Decision{
			{Seq: 1, Time: at, Trigger: control.TriggerPSI, To: control.PressureHigh, Cause: control.CausePSI,
				Reason: "some avg10 12 > 10", Action: control.Shrink,
				LimitBefore: pool.Unlimited, Limit: 1 << 20, Freed: 4096, ForcedGC: true, Keep: 10, Drop: 5.5, Outcome: "enough"},
		},
	}}); err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestJSONIsAsDocumented(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := pageOf(busyRegistry(t))
		for file, query := range map[string]string{"report.json": "?format=json", "pool.json": "?format=json&pool=a"} {
			got := get(t, h, query).Body.String() + "\n"
			compareGolden(t, "testdata/"+file, got)
		}
	})
}

func TestTextIsReadable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := pageOf(busyRegistry(t))
		compareGolden(t, "testdata/report.txt", get(t, h, "?format=text").Body.String())
		compareGolden(t, "testdata/pool.txt", get(t, h, "?format=text&pool=a").Body.String())
	})
}

func compareGolden(t *testing.T, file, got string) {
	t.Helper()
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (UPDATE=1 go test writes it anew):\n%s", file, got)
	}
}

// Each field of the golden files is in the package comment's list, so that the
// two cannot part.
func TestEveryJSONFieldIsDocumented(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, schema, _ := strings.Cut(string(doc), "# JSON")
	for _, file := range []string{"testdata/report.json", "testdata/pool.json"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`"([a-z_]+)":`).FindAllStringSubmatch(string(text), -1) {
			if values := valueNames(); !slices.Contains(values, m[1]) && !regexp.MustCompile(`\b`+m[1]+`\b`).MatchString(schema) {
				t.Errorf("%s: field %q is not in the package comment", file, m[1])
			}
		}
	}
}

// valueNames are the keys that are values: results, reasons, actions, states.
func valueNames() (names []string) {
	for i := range pool.RequestResult(pool.NumRequestResults) {
		names = append(names, i.String())
	}
	for i := range pool.ReturnResult(pool.NumReturnResults) {
		names = append(names, i.String())
	}
	for i := range pool.EvictionReason(pool.NumEvictionReasons) {
		names = append(names, i.String())
	}
	for i := range control.Action(control.NumActions) {
		names = append(names, i.String())
	}
	for i := range pool.MisuseKind(pool.NumMisuseKinds) {
		names = append(names, i.String())
	}
	return append(names, poolz.StateNames[:]...)
}

func TestEmptyRegistrySaysHowToFillIt(t *testing.T) {
	t.Parallel()
	h := pageOf(new(pool.Registry))
	for query, says := range map[string]string{
		"?format=html": "No pools yet. A pool is shown once it has a name",
		"?format=text": "no pools yet: a pool is here once it has a name in its config",
		"?format=json": `"pools": []`,
	} {
		if body := get(t, h, query).Body.String(); !strings.Contains(body, says) {
			t.Errorf("%s: no %q in %s", query, says, body)
		}
	}
}

// Whatever a controller or a signal says, the JSON is JSON.
func TestFiguresOutOfAllBoundsAreShown(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	if _, err := r.AddController(fakeController{control.Stats{
		Level: 200, Cause: 200, Limit: pool.Unlimited, Efficiency: math.NaN(),
		Signals:   []control.Signal{{Name: "cgroup", Value: math.Inf(1)}, {Name: "<b>", Value: math.NaN()}},
		Decisions: []control.Decision{{To: 99, Action: 99, Keep: math.Inf(1), Drop: math.NaN()}},
	}}); err != nil {
		t.Fatal(err)
	}
	h := pageOf(r)
	if c := getJSON(t, h, "?format=json").Controller; c == nil || c.Level != "unknown" {
		t.Errorf("%+v", c)
	}
	for _, query := range []string{"?format=html", "?format=text", "?format=html&view=controller", "?format=text&view=controller"} {
		if w := get(t, h, query); w.Code != http.StatusOK || strings.Contains(w.Body.String(), "<b></") {
			t.Errorf("%s: status %d, %s", query, w.Code, w.Body)
		}
	}
}
