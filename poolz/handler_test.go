package poolz_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/poolz"
)

func TestServesThePageAtItsMountAndNothingBelow(t *testing.T) {
	t.Parallel()
	h := pageOf(new(pool.Registry))
	for _, c := range []struct {
		pattern, path string
		handler       http.Handler
		want          int
	}{
		{"/debug/pools/", "/debug/pools/", h, 200},
		{"/debug/pools/", "/debug/pools/x", h, 404},
		{"/debug/pools/", "/debug/pools/x/", h, 404},
		{"/debug/pools/", "/debug/pools/app.js", h, 404},
		{"GET /debug/pools/", "/debug/pools/", h, 200},
		{"/debug/pools", "/debug/pools", h, 200},
		{"example.com/pools/", "/pools/", h, 200},
		{"/{tenant}/pools/", "/acme/pools/", h, 200},
		{"/{tenant}/pools/", "/acme/pools/x", h, 404},
		{"/debug/pools/{rest...}", "/debug/pools/x", h, 404},
		{"/debug/pools/{$}", "/debug/pools/", h, 200},
		{"/debug/pools/", "/debug/pools/", http.StripPrefix("/debug/pools", h), 200},
		{"/debug/pools/", "/debug/pools/x", http.StripPrefix("/debug/pools", h), 404},
		{"/", "/", h, 200},
		{"/", "/favicon.ico", h, 404},
	} {
		mux := http.NewServeMux()
		mux.Handle(c.pattern, c.handler)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://example.com"+c.path, nil))
		if w.Code != c.want {
			t.Errorf("%s mounted at %q: status %d, want %d", c.path, c.pattern, w.Code, c.want)
		}
	}
}

func TestWithoutAPatternTheRouterDecides(t *testing.T) {
	t.Parallel()
	if w := get(t, pageOf(new(pool.Registry)), ""); w.Code != http.StatusOK {
		t.Errorf("status %d", w.Code)
	}
	r := httptest.NewRequest(http.MethodGet, "/debug/pools/x", nil)
	r.Pattern = "/debug/pools/*" // as chi writes it
	if rest := poolz.Below(r); rest != "x" {
		t.Errorf("below: %q", rest)
	}
}

func TestOnlyReads(t *testing.T) {
	t.Parallel()
	h := pageOf(new(pool.Registry))
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodConnect, "PURGE"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "/", nil))
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: status %d, Allow %q", method, w.Code, w.Header().Get("Allow"))
		}
	}
	for _, query := range []string{"/", "/?stream=1", "/?seconds=60&format=json"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodHead, query, nil))
		if w.Code != http.StatusOK {
			t.Errorf("HEAD %s: status %d", query, w.Code)
		}
	}
}

func TestEveryMistakeIsNamed(t *testing.T) {
	t.Parallel()
	h := pageOf(new(pool.Registry))
	for query, says := range map[string][]string{
		"?sort=size":                   {`sort "size": use one of attention, drops, evictions, held, hit, inuse, misses, name, requests`},
		"?order=up&limit=0":            {`limit "0": use a number from 1 to 1000`, `order "up": use asc or desc`},
		"?limit=many":                  {`limit "many": use a number`},
		"?offset=-1":                   {`offset "-1": use a number from 0`},
		"?seconds=3600":                {`seconds "3600": use a number from 1 to 120`},
		"?format=xml":                  {`format "xml": use one of html, text, json`},
		"?state=bad":                   {`state "bad": use one of closed, quiet, ok, off, hoarding`},
		"?view=all":                    {`view "all": use controller`},
		"?filter=a&filter=b":           {`parameter "filter" is there 2 times: use it once`},
		"?sotr=name":                   {`parameter "sotr": use filter, format`},
		"?x=" + strings.Repeat("y", 3): {`parameter "x"`},
	} {
		w := get(t, h, query)
		if w.Code != http.StatusBadRequest || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
			t.Errorf("%s: status %d, %s", query, w.Code, w.Header())
		}
		for _, s := range says {
			if !strings.Contains(w.Body.String(), "poolz: "+s) {
				t.Errorf("%s: %q, want %q", query, w.Body, s)
			}
		}
	}
	if w := get(t, h, "?pool=nobody"); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), `no pool has the name or id "nobody"`) {
		t.Errorf("an unknown pool: status %d, %q", w.Code, w.Body)
	}
}

func TestFormatFollowsTheParameterThenTheAcceptHeader(t *testing.T) {
	t.Parallel()
	h := pageOf(new(pool.Registry))
	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	for _, c := range []struct{ query, accept, want string }{
		{"", browser, "text/html; charset=utf-8"},
		{"", "*/*", "text/plain; charset=utf-8"}, // curl
		{"", "", "text/plain; charset=utf-8"},
		{"", "application/json", "application/json"},
		{"", "text/plain", "text/plain; charset=utf-8"},
		{"?format=json", browser, "application/json"},
		{"?format=text", browser, "text/plain; charset=utf-8"},
		{"?format=html", "", "text/html; charset=utf-8"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/"+c.query, nil)
		r.Header.Set("Accept", c.accept)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Header().Get("Content-Type"); got != c.want || w.Code != http.StatusOK {
			t.Errorf("%q, Accept %q: status %d, %s, want %s", c.query, c.accept, w.Code, got, c.want)
		}
	}
}

func TestPolicyAllowsWhatThePageLoadsAndNoInlineCode(t *testing.T) {
	t.Parallel()
	r := busyRegistry(t)
	h := pageOf(r)
	inline := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|javascript:|<script>|<script [^>]*>[^<]|https?://`)
	for _, query := range []string{"?format=html", "?format=html&pool=a", "?format=html&view=controller"} {
		w := get(t, h, query)
		csp := w.Header().Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") {
			t.Errorf("%s: Content-Security-Policy %q", query, csp)
		}
		if found := inline.FindString(w.Body.String()); found != "" {
			t.Errorf("%s: the page has %q, which the policy forbids", query, found)
		}
	}
	body := get(t, h, "?format=html").Body.String()
	total := len(body)
	for _, m := range regexp.MustCompile(`(?:src|href)="(\?asset=[^"]+)"`).FindAllStringSubmatch(body, -1) {
		w := get(t, h, strings.ReplaceAll(m[1], "&amp;", "&"))
		if w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: status %d, %s", m[1], w.Code, w.Header())
		}
		total += w.Body.Len()
	}
	if total > 150_000 {
		t.Errorf("the page and all it loads are %d bytes, more than 150,000", total)
	}
	if w := get(t, h, "?asset=passwd"); w.Code != http.StatusNotFound {
		t.Errorf("an unknown asset: status %d", w.Code)
	}
}

// busyRegistry has pools in all states that a first look shows, classes, a curve
// and a controller.
func busyRegistry(tb testing.TB) *pool.Registry {
	tb.Helper()
	r := new(pool.Registry)
	a := &resizable{newFake(), pool.Curve{Classes: []pool.ClassCurve{{Size: 1024, Hits: 90, Misses: 10}, {Size: 4096}}}}
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
		s.Lost = 3
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
	publish(tb, r, "switched", &switched{newFake(), pool.ModeOff})
	r.Budget().SetLimit(1 << 20)
	r.Budget().Charge(64 << 10)
	at := time.Now().Add(-90 * time.Second) // in a bubble, always the same
	if _, err := r.AddController(fakeController{pool.ControllerStats{
		Level: pool.PressureHigh, Since: at, Cause: pool.CausePSI, LastRun: at.Add(time.Minute),
		Signals: []pool.Signal{{Name: "heap", Value: 0.72, Age: time.Second}, {Name: "psi", Err: "not\npermitted"}},
		Limit:   1 << 20, Idle: 20 << 10, ForcedGCs: 1, Regrets: 7, Efficiency: 0.9,
		Runs:    [pool.NumActions]uint64{10, 2, 1, 1},
		Classes: []pool.ClassControl{{Pool: "a", Size: 1024, IdleAge: 1500 * time.Millisecond, Idle: 10 << 10, Regrets: 7}},
		Decisions: []pool.Decision{
			{Seq: 1, Time: at, Trigger: pool.TriggerPSI, To: pool.PressureHigh, Cause: pool.CausePSI, Reason: "some avg10 12 > 10", Action: pool.Shrink,
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
	for i := range pool.Action(pool.NumActions) {
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

func TestThousandPoolsArePagedByTheServer(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	for i := range 1000 {
		f := newFake()
		f.set(func(s *pool.Stats) { s.IdleBytes = int64(i*7919%1000) << 10 })
		publish(t, r, fmt.Sprintf("pool-%03d", i), f)
	}
	h := pageOf(r)
	seen := map[string]bool{}
	pages := 0
	for query := "?sort=held"; query != ""; pages++ {
		answer := getJSON(t, h, query+"&format=json")
		if len(answer.Pools) != poolz.PageSize || answer.Matched != 1000 {
			t.Fatalf("%s: %d pools of %d", query, len(answer.Pools), answer.Matched)
		}
		if pages == 0 && answer.Pools[0].Name != "pool-321" { // 321 × 7919 ≡ 999
			t.Errorf("the first is %s", answer.Pools[0].Name)
		}
		for _, p := range answer.Pools {
			seen[p.Name] = true
		}
		query = answer.Next
	}
	if pages != 20 || len(seen) != 1000 {
		t.Errorf("%d pages with %d pools", pages, len(seen))
	}
	if body := get(t, h, "?format=html&filter=POOL-99").Body.String(); strings.Count(body, `<tr id="row-`) != 10 {
		t.Errorf("the filter leaves %d rows", strings.Count(body, `<tr id="row-`))
	}
	if body := get(t, h, "?format=html&offset=50").Body.String(); strings.Count(body, `<tr id="row-`) != 50 || !strings.Contains(body, `rel="prev"`) || !strings.Contains(body, `rel="next"`) {
		t.Error("the second page has not 50 rows and both links")
	}
	if len(get(t, h, "?format=html").Body.String()) > 100_000 {
		t.Error("a page of 50 rows is more than 100,000 bytes")
	}
}

func TestEveryOrderSorts(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	few, many := newFake(), newFake()
	few.set(func(s *pool.Stats) { s.Requests[pool.Hit] = 5 })
	many.set(func(s *pool.Stats) {
		s.Requests[pool.Hit], s.Requests[pool.Miss] = 50, 50
		s.Returns[pool.Full], s.Evictions[pool.EvictIdle], s.IdleBytes, s.InUse, s.Lost = 9, 9, 9, 9, 1
	})
	publish(t, r, "a-few", few)
	publish(t, r, "many", many)
	h := pageOf(r)
	for sort, first := range map[string]string{
		"attention": "many", "name": "a-few", "requests": "many", "hit": "many", "misses": "many",
		"inuse": "many", "held": "many", "drops": "many", "evictions": "many",
	} {
		other := "a-few"
		if first == other {
			other = "many"
		}
		natural := getJSON(t, h, "?format=json&sort="+sort)
		if got := natural.Pools[0].Name; got != first {
			t.Errorf("sort=%s: %s comes first, want %s", sort, got, first)
		}
		reverse := "asc"
		if sort == "name" || sort == "hit" {
			reverse = "desc"
		}
		if got := getJSON(t, h, "?format=json&order="+reverse+"&sort="+sort).Pools[0].Name; got != other {
			t.Errorf("sort=%s&order=%s: %s comes first, want %s", sort, reverse, got, other)
		}
		body := get(t, h, "?format=html&sort="+sort).Body.String()
		if n := strings.Count(body, `aria-sort="ascending"`) + strings.Count(body, `aria-sort="descending"`); n != 1 {
			t.Errorf("sort=%s: %d columns are said to be sorted", sort, n)
		}
	}
}

func TestSecondsMeasuresRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, f := new(pool.Registry), newFake()
		publish(t, r, "a", f)
		h := pageOf(r)
		if answer := getJSON(t, h, "?format=json"); answer.Seconds != 0 || answer.Pools[0].Rates != nil {
			t.Errorf("rates without watching: %+v", answer)
		}
		go func() {
			for range 50 {
				time.Sleep(100 * time.Millisecond)
				f.set(func(s *pool.Stats) { s.Requests[pool.Hit] += 7; s.Requests[pool.Miss]++ })
			}
		}()
		answer := getJSON(t, h, "?format=json&seconds=5")
		if rates := answer.Pools[0].Rates; answer.Seconds != 5 || rates == nil || rates.Requests < 75 || rates.Requests > 82 || rates.Hits < 65 {
			t.Errorf("%+v, %+v", answer, answer.Pools[0].Rates)
		}
		if poolz.Viewers(h) != 0 {
			t.Error("the measurement goes on")
		}
	})
}
