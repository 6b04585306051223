package poolz_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/testcost"
	"github.com/otelpool/pool/poolz"
)

// bad is a pool that panics whatever it is asked.
type bad struct{ control.Tunable }

func (bad) Stats(*pool.Stats)                 { panic("bad stats") }
func (bad) Curve(*control.Curve)              { panic("bad curve") }
func (bad) Samples(func(control.Sample) bool) { panic("bad samples") }
func (bad) Mode() control.Mode                { panic("bad mode") }
func (bad) SetMode(control.Mode)              {}

type badController struct{}

func (badController) ControllerStats(*control.Stats) { panic("bad controller") }

func TestAPoolThatPanicsIsNamedAndTheOthersAreShown(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	publish(t, r, "bad", bad{})
	publish(t, r, "good", newFake())
	if _, err := r.AddController(badController{}); err != nil {
		t.Fatal(err)
	}
	h := pageOf(r)
	for _, format := range []string{"html", "text", "json"} {
		for _, query := range []string{"", "&pool=bad", "&pool=good", "&view=controller", "&seconds=1"} {
			w := get(t, h, "?format="+format+query)
			if w.Code != http.StatusOK || query == "" && (!strings.Contains(w.Body.String(), "it panics when it is asked") ||
				!strings.Contains(w.Body.String(), "good")) {
				t.Errorf("%s%s: status %d, %.300s", format, query, w.Code, w.Body)
			}
		}
	}
	answer := getJSON(t, h, "?format=json&sort=name")
	if answer.Pools[0].State != "failed" || answer.Pools[0].Rates != nil && answer.Pools[0].Rates.Requests != 0 ||
		answer.Pools[1].State != "quiet" {
		t.Errorf("%+v", answer.Pools)
	}
}

func TestAnswersToLoopbackNamesAndThoseItIsGiven(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	plain, given := pageOf(r), poolz.Handler(poolz.WithRegistry(r), poolz.WithHosts("Pools.example.com:8081", "10.0.0.7"))
	anything := poolz.Handler(poolz.WithRegistry(r), poolz.WithHosts("*"))
	for host, want := range map[string][3]int{
		"localhost": {200, 200, 200}, "localhost:6060": {200, 200, 200}, "LOCALHOST.": {200, 200, 200}, "x.localhost:1": {200, 200, 200},
		"127.0.0.1:6060": {200, 200, 200}, "127.1.2.3": {200, 200, 200}, "[::1]:6060": {200, 200, 200}, "[::1]": {200, 200, 200},
		"pools.example.com": {403, 200, 200}, "10.0.0.7:80": {403, 200, 200},
		"evil.example:6060": {403, 403, 200}, "localhost.evil.example": {403, 403, 200},
		"127.0.0.1.evil.example": {403, 403, 200}, "": {403, 403, 200},
	} {
		for i, h := range []http.Handler{plain, given, anything} {
			for _, query := range []string{"", "?asset=app.js", "?format=json"} {
				request := httptest.NewRequest(http.MethodGet, "/"+query, nil)
				request.Host = host
				w := httptest.NewRecorder()
				h.ServeHTTP(w, request)
				if w.Code != want[i] {
					t.Errorf("Host %q, page %d, %s: status %d, want %d", host, i, query, w.Code, want[i])
				}
				if name, _, _ := strings.Cut(host, ":"); w.Code == 403 &&
					!strings.Contains(w.Body.String(), fmt.Sprintf("poolz.WithHosts(%q)", name)) {
					t.Errorf("Host %q is refused with %q", host, w.Body)
				}
			}
		}
	}
}

func TestAViewerThatTakesNothingIsCutOffWithinSixSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := new(pool.Registry)
		publish(t, r, "a", newFake())
		h := pageOf(r)
		view(t, h, "")
		idle := view(t, h, "")
		time.Sleep(10 * time.Second)
		if n := poolz.Viewers(h); n != 2 {
			t.Fatalf("%d viewers", n)
		}
		idle.idle.Store(true)
		time.Sleep(7 * time.Second) // its last frame was taken within the first of these
		synctest.Wait()
		if n := poolz.Viewers(h); n != 1 {
			t.Errorf("%d viewers, want the one that reads", n)
		}
	})
}

// On real connections, whose buffers take what nobody reads; the test above has
// the six seconds.
func TestManyViewersThatReadNothingKeepNobodyOut(t *testing.T) {
	t.Parallel()
	h := pageOf(new(pool.Registry))
	server := httptest.NewServer(h)
	defer server.Close()
	for range poolz.MaxViewers + 1 {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprint(c, "GET /?stream=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
	}
	testcost.Until(t, "all are there", func() bool { return poolz.Viewers(h) == poolz.MaxViewers })
	answer, err := http.Get(server.URL + "/?stream=1")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("the next viewer gets %s", answer.Status)
	}
	one := make([]byte, 1)
	if _, err := io.ReadFull(answer.Body, one); err != nil {
		t.Error(err)
	}
	testcost.Until(t, "those that read nothing are cut off", func() bool { return poolz.Viewers(h) == 0 })
}
