package poolz_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/poolz"
)

// viewer is a stream's client in a bubble, whose time passes at once.
type viewer struct {
	mu     sync.Mutex
	header http.Header
	body   bytes.Buffer
	status int
	gone   bool
	leave  context.CancelFunc
	idle   atomic.Bool // takes nothing: its frames are not acknowledged
	page   http.Handler
}

// acknowledge does what app.js does for every frame.
func acknowledge(page http.Handler, frame []byte) {
	if _, id, ok := strings.Cut(string(frame), "id: "); ok {
		id, _, _ = strings.Cut(id, "\n")
		page.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "http://localhost/?ack="+id, nil))
	}
}

func (v *viewer) Header() http.Header { return v.header }
func (v *viewer) WriteHeader(n int)   { v.status = n }
func (v *viewer) Flush()              {}

func (v *viewer) Write(p []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.gone {
		return 0, errors.New("the client has gone")
	}
	if !v.idle.Load() {
		acknowledge(v.page, p)
	}
	return v.body.Write(p)
}

// view opens a stream.
func view(t *testing.T, h http.Handler, query string) *viewer {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	v := &viewer{header: http.Header{}, leave: leave, page: h}
	t.Cleanup(leave)
	go h.ServeHTTP(v, httptest.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/?stream=1"+query, nil))
	return v
}

// points is what a stream sent for charts.
type points struct {
	Append, Replace map[string][][]float64
}

// events is the data of every event of a name so far.
func (v *viewer) events(name string) (all []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for event := range strings.SplitSeq(v.body.String(), "\n\n") {
		if strings.HasPrefix(event, "id: ") {
			_, event, _ = strings.Cut(event, "\n")
		}
		first, data, _ := strings.Cut(event, "\n")
		if first == "event: "+name {
			all = append(all, strings.ReplaceAll(strings.TrimPrefix(data, "data: "), "\ndata: ", "\n"))
		}
	}
	return all
}

func (v *viewer) points(t *testing.T) (all []points) {
	t.Helper()
	for _, data := range v.events("points") {
		var p points
		if err := json.Unmarshal([]byte(data), &p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func TestStreamFollowsThePoolsSecondBySecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, f := new(pool.Registry), newFake()
		publish(t, r, "a", f)
		v := view(t, pageOf(r), "")
		const n = 100
		for i := range n {
			f.set(func(s *pool.Stats) { s.Requests[pool.Hit] += uint64(i); s.InUse = int64(i) })
			time.Sleep(time.Second)
			synctest.Wait()
		}
		views, all := v.events("view"), v.points(t)
		if len(views) != n+1 || len(all) != n+1 {
			t.Fatalf("%d views and %d points in %d seconds", len(views), len(all), n)
		}
		if got := v.header.Get("Content-Type"); got != "text/event-stream" {
			t.Errorf("Content-Type %q", got)
		}
		var hits []float64
		for _, p := range all {
			if columns := p.Append["spark-"+poolz.Identify("a")]; columns != nil {
				hits = append(hits, columns[1]...)
			}
		}
		if len(hits) != n || hits[0] != 0 || hits[n-1] != n-1 {
			t.Errorf("the chart got %v", hits)
		}
		// 94.5, as people read it, is the mean of the last ten rates, 90 to 99.
		if last := views[n]; !strings.Contains(last, `<td class="num least">95</td>`) {
			t.Errorf("the last view has not the mean of the last ten rates: %s", last)
		}
	})
}

func TestNewRowsGetTheirHistoryAndOldOnesJustWhatIsNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := new(pool.Registry)
		publish(t, r, "a", newFake())
		h := pageOf(r)
		first := view(t, h, "")
		time.Sleep(30*time.Second + time.Millisecond)
		second := view(t, h, "&pool=a")
		synctest.Wait()
		if n := len(second.points(t)[0].Append["plot-requests"][0]); n != 30 {
			t.Errorf("the second viewer begins with %d points", n)
		}
		time.Sleep(200 * time.Second)
		for i, p := range first.points(t)[1:] {
			for id, columns := range p.Append {
				if len(columns[0]) != 1 {
					t.Fatalf("frame %d has %d points for %s", i, len(columns[0]), id)
				}
			}
		}
	})
}

func TestViewersShareOneReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, f := new(pool.Registry), newFake()
		publish(t, r, "a", f)
		h := pageOf(r)
		for range 10 {
			view(t, h, "")
			time.Sleep(70 * time.Millisecond)
		}
		before := f.reads.Load()
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := f.reads.Load() - before; n < 59 || n > 61 {
			t.Errorf("the pool was read %d times in a minute for ten viewers", n)
		}
	})
}

func TestUnwatchedCostsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, f := new(pool.Registry), newFake()
		publish(t, r, "a", f)
		h := pageOf(r)
		time.Sleep(time.Hour)
		if n := f.reads.Load(); n != 0 || poolz.HasPast(h) {
			t.Errorf("read %d times before anybody came", n)
		}
		v := view(t, h, "")
		time.Sleep(10 * time.Second)
		v.leave()
		synctest.Wait()
		reads := f.reads.Load()
		if poolz.Viewers(h) != 0 || !poolz.HasPast(h) {
			t.Errorf("%d viewers, past kept: %v", poolz.Viewers(h), poolz.HasPast(h))
		}
		time.Sleep(time.Hour)
		if n := f.reads.Load() - reads; n != 0 || poolz.HasPast(h) {
			t.Errorf("read %d times after the last viewer left, past kept: %v", n, poolz.HasPast(h))
		}
	})
}

func TestAGoneClientEndsItsStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := pageOf(new(pool.Registry))
		v := view(t, h, "")
		synctest.Wait()
		v.mu.Lock()
		v.gone = true
		v.mu.Unlock()
		time.Sleep(1100 * time.Millisecond)
		synctest.Wait()
		if n := poolz.Viewers(h); n != 0 {
			t.Errorf("%d viewers", n)
		}
	})
}

func TestTheManyethViewerIsTurnedAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := pageOf(new(pool.Registry))
		for range poolz.MaxViewers {
			view(t, h, "")
		}
		synctest.Wait()
		late := view(t, h, "")
		synctest.Wait()
		if late.status != http.StatusServiceUnavailable || late.header.Get("Retry-After") == "" ||
			!strings.Contains(late.body.String(), "32 viewers are being served, the most") {
			t.Errorf("status %d, %s", late.status, late.body.String())
		}
		if w := get(t, h, "?seconds=1"); w.Code != http.StatusServiceUnavailable {
			t.Errorf("seconds: status %d", w.Code)
		}
		if w := get(t, h, ""); w.Code != http.StatusOK {
			t.Errorf("a plain page: status %d", w.Code)
		}
	})
}

func TestAClosedPoolStaysAndAForgottenOneIsSaidToBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := new(pool.Registry)
		p := publish(t, r, "a", newFake())
		v := view(t, pageOf(r), "&pool=a")
		time.Sleep(2 * time.Second)
		p.Close()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if views := v.events("view"); !strings.Contains(views[len(views)-1], `<span class="mark closed">closed</span>`) {
			t.Errorf("after Close: %s", views[len(views)-1])
		}
		for i := range 1000 { // as many closed names as a registry keeps
			publish(t, r, fmt.Sprint(i), newFake()).Close()
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if views := v.events("view"); !strings.Contains(views[len(views)-1], "no longer has this pool") {
			t.Errorf("when forgotten: %.300s", views[len(views)-1])
		}
	})
}

// The past of a pool has a bound, and a thousand pools a thousand times that.
func TestMemoryIsBoundedHoweverLongSomebodyWatches(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds under the race detector: left to runs without -short")
	}
	synctest.Test(t, func(t *testing.T) {
		const pools, most = 200, 8 << 10
		r := new(pool.Registry)
		for i := range pools {
			publish(t, r, fmt.Sprint("pool-", i), newFake())
		}
		h := pageOf(r)
		before := heap()
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		go h.ServeHTTP(discard{http.Header{}, h}, httptest.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/?stream=1", nil))
		time.Sleep(130 * time.Second)
		synctest.Wait()
		full := heap()
		if used := full - before; used > pools*most {
			t.Errorf("%d bytes a pool after the history is full", used/pools)
		}
		time.Sleep(130 * time.Second)
		synctest.Wait()
		if grown := heap() - full; grown > 1<<20 {
			t.Errorf("%d bytes more after another two minutes", grown)
		}
	})
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// discard is a client that keeps nothing.
type discard struct {
	header http.Header
	page   http.Handler
}

func (d discard) Header() http.Header { return d.header }
func (discard) WriteHeader(int)       {}
func (d discard) Write(p []byte) (int, error) {
	if d.page != nil {
		acknowledge(d.page, p)
	}
	return len(p), nil
}
func (discard) Flush() {}
