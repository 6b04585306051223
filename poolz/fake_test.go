package poolz_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/poolz"
)

// fake is a Source that says what it is told to.
type fake struct {
	mu    sync.Mutex
	stats pool.Stats
	reads atomic.Int64 // times it was asked
}

func (f *fake) Stats(into *pool.Stats) {
	f.reads.Add(1)
	f.mu.Lock()
	defer f.mu.Unlock()
	classes := append(into.Classes[:0], f.stats.Classes...)
	*into = f.stats
	into.Classes = classes
}

func (f *fake) set(edit func(s *pool.Stats)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	edit(&f.stats)
}

// newFake is a fake that knows everything.
func newFake() *fake {
	f := &fake{stats: pool.Stats{Strategy: "fake"}}
	f.stats.Knows.Rows = 1<<12 - 1
	f.stats.Knows.Requests = 1<<pool.NumRequestResults - 1
	f.stats.Knows.Returns = 1<<pool.NumReturnResults - 1
	f.stats.Knows.Evictions = 1<<pool.NumEvictionReasons - 1
	f.stats.Knows.Misuse = 1<<pool.NumMisuseKinds - 1
	return f
}

// resizable is a fake whose memory can be taken back, and which says what another
// size would have done.
type resizable struct {
	*fake
	curve control.Curve
}

func (*resizable) Limit() int64                { return 0 }
func (*resizable) SetLimit(int64) int64        { return 0 }
func (*resizable) Trim(int64) int64            { return 0 }
func (r *resizable) Curve(into *control.Curve) { *into = r.curve }

var (
	_ control.Resizable = (*resizable)(nil)
	_ control.Curved    = (*resizable)(nil)
)

// switched is a fake in a mode.
type switched struct {
	*fake
	mode atomic.Uint32
}

func (s *switched) Mode() control.Mode     { return control.Mode(s.mode.Load()) }
func (s *switched) SetMode(m control.Mode) { s.mode.Store(uint32(m)) }

func newSwitched(m control.Mode) *switched {
	s := &switched{fake: newFake()}
	s.SetMode(m)
	return s
}

// fakeController says what it is told to.
type fakeController struct{ stats control.Stats }

func (c fakeController) ControllerStats(into *control.Stats) { *into = c.stats }

func publish(tb testing.TB, r *pool.Registry, name string, src pool.Source) *pool.Publication {
	tb.Helper()
	p, err := r.Publish(name, src, pool.Reject)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func pageOf(r *pool.Registry) http.Handler { return poolz.Handler(poolz.WithRegistry(r)) }

// get asks a page for a query such as "?format=json".
func get(tb testing.TB, h http.Handler, query string) *httptest.ResponseRecorder {
	tb.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(tb.Context(), http.MethodGet, "http://localhost/debug/pools/"+query, nil))
	return w
}

// report is what tests read of the JSON.
type report struct {
	Seconds    float64
	Matched    int
	Next       string
	Controller *struct{ Level string }
	Pools      []struct {
		ID, Name, State string
		Marks           []struct{ State, Why string }
		Rates           *struct{ Requests, Hits float64 }
	}
}

func getJSON(tb testing.TB, h http.Handler, query string) (r report) {
	tb.Helper()
	w := get(tb, h, query)
	if w.Code != http.StatusOK {
		tb.Fatalf("%s: status %d, %s", query, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil {
		tb.Fatalf("%s: %v\n%s", query, err, w.Body)
	}
	return r
}
