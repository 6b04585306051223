package poolz_test

import (
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/poolz"
)

// waits does not answer before it is told to, whatever it is asked.
type waits struct {
	*resizable
	until *atomic.Pointer[chan struct{}] // nil: it answers
	asked atomic.Int64
}

func newWaits() *waits {
	w := &waits{resizable: &resizable{fake: newFake()}, until: new(atomic.Pointer[chan struct{}])}
	w.until.Store(new(make(chan struct{})))
	return w
}

func (w *waits) wait() {
	if w.asked.Add(1); w.until.Load() != nil {
		<-*w.until.Load()
	}
}

func (w *waits) answers() { close(*w.until.Swap(nil)) }

func (w *waits) Stats(into *pool.Stats) { w.wait(); w.fake.Stats(into) }

// waitsInCurve answers what the table needs, and hangs on its own page.
type waitsInCurve struct{ *waits }

func (w waitsInCurve) Stats(into *pool.Stats) { w.fake.Stats(into) }
func (w waitsInCurve) Curve(*control.Curve)   { w.wait() }

type waitingController struct{ *waits }

func (w waitingController) ControllerStats(*control.Stats) { w.wait() }

// Others' rows go on, the one that hangs is named and asked once, and when it
// answers it is as any other.
func TestASourceThatHangsKeepsNoViewerFromTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, hangs, controller, good := new(pool.Registry), newWaits(), waitingController{newWaits()}, newFake()
		publish(t, r, "hangs", hangs)
		publish(t, r, "good", good)
		if _, err := r.AddController(controller); err != nil {
			t.Fatal(err)
		}
		h := pageOf(r)
		for range 3 {
			view(t, h, "")
		}
		view(t, h, "&pool=hangs")
		time.Sleep(2 * time.Second) // a first look at two that hang takes a second
		for range 5 {
			good.set(func(s *pool.Stats) { s.Requests[pool.Hit] += 100 })
			time.Sleep(time.Second)
			synctest.Wait()
			start := time.Now()
			got := getJSON(t, h, "?format=json&sort=name")
			if took := time.Since(start); took > time.Second {
				t.Errorf("an answer took %v", took)
			}
			if p := got.Pools[1]; p.State != "failed" || !strings.Contains(p.Marks[0].Why, "has not answered") {
				t.Errorf("the one that hangs: %+v", p)
			}
			if p := got.Pools[0]; p.State != "ok" || p.Rates == nil || p.Rates.Requests == 0 {
				t.Errorf("the other: %+v", p)
			}
			for _, format := range []string{"html", "text"} {
				body := get(t, h, "?format="+format).Body.String()
				if !strings.Contains(body, "does not answer") || !strings.Contains(body, "good") {
					t.Errorf("%s: %.300s", format, body)
				}
			}
		}
		if n := hangs.asked.Load(); n != 1 {
			t.Errorf("asked %d times", n)
		}
		hangs.answers()
		controller.answers()
		time.Sleep(2 * time.Second)
		if got := getJSON(t, h, "?format=json&sort=name"); got.Pools[1].State == "failed" || got.Controller == nil {
			t.Errorf("when it answers again: %+v", got)
		}
	})
}

func TestASourceThatHangsInItsCurveIsShownAsHungAndAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, hangs := new(pool.Registry), waitsInCurve{newWaits()}
		publish(t, r, "hangs", hangs)
		publish(t, r, "good", newFake())
		h := pageOf(r)
		for range 3 {
			view(t, h, "&pool=hangs")
		}
		for i := range 3 {
			time.Sleep(2 * time.Second)
			for _, query := range []string{"?pool=hangs&format=html", "?pool=hangs&format=text"} {
				if body := get(t, h, query).Body.String(); !strings.Contains(body, "it hangs: it was asked") {
					t.Errorf("look %d, %s: %s", i, query, body)
				}
			}
			if got := getJSON(t, h, "?format=json&sort=name"); got.Pools[0].State == "failed" || got.Pools[1].State != "failed" {
				t.Errorf("look %d: %+v", i, got.Pools)
			}
		}
		if n := hangs.asked.Load(); n != 1 {
			t.Errorf("asked %d times at once", n)
		}
		hangs.answers()
		time.Sleep(2 * time.Second)
		if body := get(t, h, "?pool=hangs&format=text").Body.String(); strings.Contains(body, "hangs: it") {
			t.Errorf("when it answers again: %s", body)
		}
	})
}

// asksThePage is a Source that looks at the page that asks it.
type asksThePage struct {
	*fake
	page http.Handler
	t    *testing.T
}

func (a *asksThePage) Stats(into *pool.Stats) {
	get(a.t, a.page, "?format=json")
	a.fake.Stats(into)
}

func TestASourceThatAsksThePageKeepsNoViewerFromTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := new(pool.Registry)
		h := pageOf(r)
		asks := &asksThePage{newFake(), h, t}
		publish(t, r, "asks", asks)
		publish(t, r, "good", newFake())
		check := func() {
			start := time.Now()
			got := getJSON(t, h, "?format=json&sort=name")
			took := time.Since(start)
			if took > time.Second || len(got.Pools) != 2 || got.Pools[1].Name != "good" || got.Pools[1].State == "failed" {
				t.Errorf("after %v: %+v", took, got)
			}
		}
		check()
		view(t, h, "")
		for range 3 {
			time.Sleep(time.Second)
			check()
		}
		if n := asks.reads.Load(); n == 0 || n > 10 {
			t.Errorf("it was asked %d times", n)
		}
	})
}

func TestAConfigThatHangsOrPanicsIsToldOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, hangs := new(pool.Registry), newWaits()
		defer hangs.answers()
		page := poolz.Handler(poolz.WithRegistry(r), poolz.WithConfig(func() string { hangs.wait(); return "" }))
		panics := poolz.Handler(poolz.WithRegistry(r), poolz.WithConfig(func() string { panic("no config") }))
		for _, format := range []string{"html", "text", "json"} {
			if body := get(t, page, "?view=config&format="+format).Body.String(); !strings.Contains(body, "does not return") {
				t.Errorf("%s: %s", format, body)
			}
			if w := get(t, panics, "?view=config&format="+format); w.Code != http.StatusOK {
				t.Errorf("%s: status %d", format, w.Code)
			}
		}
		if n, last := r.Panics(); n != 3 || !strings.Contains(last, "no config") {
			t.Errorf("%d panics, %s", n, last)
		}
	})
}

// knowsNothing is a program's own Source that leaves Knows as it is.
type knowsNothing struct{}

func (knowsNothing) Stats(into *pool.Stats) { into.Reset(); into.Strategy = "own" }

func TestWhatAPoolDoesNotKnowIsNeverZero(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := new(pool.Registry)
		publish(t, r, "own", knowsNothing{})
		h := pageOf(r)
		for _, watched := range []bool{false, true} {
			for _, query := range []string{"?format=text", "?format=text&pool=own"} {
				body := get(t, h, query).Body.String()
				if regexp.MustCompile(`\b0`).MatchString(body) || strings.Contains(body, "quiet") {
					t.Errorf("watched %v, %s:\n%s", watched, query, body)
				}
			}
			body := get(t, h, "?format=json&pool=own").Body.String()
			for _, absent := range []string{"allocations", "prewarmed", "idle", "in_use", `"held_bytes`, "hits", "drops", "hit_ratio"} {
				if strings.Contains(body, `"`+strings.TrimPrefix(absent, `"`)) {
					t.Errorf("watched %v: JSON has %s:\n%s", watched, absent, body)
				}
			}
			_, row, _ := strings.Cut(get(t, h, "?format=html").Body.String(), "<tr id=\"row-")
			if row, _, _ = strings.Cut(row, "</tr>"); strings.Contains(row, ">0") || strings.Count(row, "–") < 8 {
				t.Errorf("watched %v: %s", watched, row)
			}
			v := view(t, h, "")
			time.Sleep(10500 * time.Millisecond)
			for _, p := range v.points(t) {
				if len(p.Append) != 0 {
					t.Errorf("a chart got %v", p.Append)
				}
			}
		}
	})
}
