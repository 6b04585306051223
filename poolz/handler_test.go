package poolz_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
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
		{"localhost/pools/", "/pools/", h, 200},
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
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost"+c.path, nil))
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
	if !poolz.Below(r) {
		t.Errorf("%s is not below %s", r.URL.Path, r.Pattern)
	}
}

func TestOnlyReads(t *testing.T) {
	t.Parallel()
	h := pageOf(new(pool.Registry))
	for _, method := range []string{
		http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodConnect, "PURGE",
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "http://localhost/", nil))
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: status %d, Allow %q", method, w.Code, w.Header().Get("Allow"))
		}
	}
	for _, query := range []string{"/", "/?stream=1", "/?seconds=60&format=json"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodHead, "http://localhost"+query, nil))
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
		"?order=up&limit=0":            {`limit "0": use a number from 1 to 1000`, `order "up": use one of asc, desc`},
		"?limit=many":                  {`limit "many": use a number`},
		"?offset=-1":                   {`offset "-1": use a number from 0`},
		"?seconds=3600":                {`seconds "3600": use a number from 1 to 120`},
		"?format=xml":                  {`format "xml": use one of html, text, json`},
		"?state=bad":                   {`state "bad": use one of closed, quiet, ok, off, hoarding`},
		"?view=all":                    {`view "all": use one of controller, config`},
		"?filter=a&filter=b":           {`parameter "filter" is given 2 times: use it once`},
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
	if w := get(t, h, "?pool=nobody"); w.Code != http.StatusNotFound ||
		!strings.Contains(w.Body.String(), `no pool has the name or id "nobody"`) {
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
		r := httptest.NewRequest(http.MethodGet, "http://localhost/"+c.query, nil)
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
	h := poolz.Handler(poolz.WithRegistry(r), poolz.WithConfig(func() string { return "<script>" }))
	inline := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|javascript:|<script>|<script [^>]*>[^<]|https?://`)
	for _, query := range []string{"?format=html", "?format=html&pool=a", "?format=html&view=controller", "?format=html&view=config"} {
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
		if rates := answer.Pools[0].Rates; answer.Seconds != 5 || rates == nil || rates.Requests < 75 || rates.Requests > 82 ||
			rates.Hits < 65 {
			t.Errorf("%+v, %+v", answer, answer.Pools[0].Rates)
		}
		if poolz.Viewers(h) != 0 {
			t.Error("the measurement goes on")
		}
	})
}
