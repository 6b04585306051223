package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/testcost"
)

// batchLine is what upstream gets, line by line.
type batchLine struct {
	Batch   int               `json:"batch"`
	Records []json.RawMessage `json:"records"`
}

// recorder is an upstream that keeps what it got.
type recorder struct {
	mu   sync.Mutex
	got  [][]batchLine
	errs []error
}

func (u *recorder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	lines, err := readBatches(r)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.got = append(u.got, lines)
	if err != nil {
		u.errs = append(u.errs, err)
	}
	w.WriteHeader(http.StatusAccepted)
}

func readBatches(r *http.Request) (lines []batchLine, err error) {
	if e := r.Header.Get("Content-Encoding"); e != "gzip" {
		return nil, fmt.Errorf("Content-Encoding %q", e)
	}
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		return nil, err
	}
	for d := json.NewDecoder(z); ; {
		var line batchLine
		if err := d.Decode(&line); err == io.EOF {
			return lines, nil
		} else if err != nil {
			return lines, err
		}
		lines = append(lines, line)
	}
}

// testGateway is a gateway on a port, before the given upstream.
type testGateway struct {
	t        *testing.T
	url      string
	registry *pool.Registry
	gateway  *gateway
}

func newTestGateway(t *testing.T, l limits, h http.Handler, withPools bool, options ...func(*http.Server)) *testGateway {
	t.Helper()
	up := httptest.NewServer(h)
	t.Cleanup(up.Close)
	r := new(pool.Registry)
	open := func(r *pool.Registry) (*pools, error) { return pooled(r, nil) }
	if !withPools {
		open = func(r *pool.Registry) (*pools, error) { return unpooled("gateway.bodies", r) }
	}
	p, err := open(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	target, err := url.Parse(up.URL)
	if err != nil {
		t.Fatal(err)
	}
	gateway := newGateway(p, l, target, 0)
	g := httptest.NewUnstartedServer(nil)
	g.Config = newServer(gateway.handler())
	for _, o := range options {
		o(g.Config)
	}
	g.Start()
	t.Cleanup(g.Close)
	return &testGateway{t: t, url: g.URL + "/ingest", registry: r, gateway: gateway}
}

func (g *testGateway) post(body []byte, encoding string) *http.Response {
	g.t.Helper()
	req, _ := http.NewRequest(http.MethodPost, g.url, bytes.NewReader(body))
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	text, _ := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(bytes.NewReader(text))
	return resp
}

// wantNothingInUse waits for handlers that are still ending.
func (g *testGateway) wantNothingInUse() {
	g.t.Helper()
	testcost.Until(g.t, "nothing of any pool is in use", func() bool {
		return !slices.ContainsFunc(totals(g.registry), func(s pool.Stats) bool { return s.InUse != 0 })
	})
}

func TestUpstreamGetsEveryRecordInBatches(t *testing.T) {
	t.Parallel()
	const n = 1234
	var text bytes.Buffer
	for i := range n {
		fmt.Fprintf(&text, "{\"n\":%d}\r\n\n", i)
	}
	for _, withPools := range []bool{true, false} {
		up := &recorder{}
		g := newTestGateway(t, defaultLimits, up, withPools)
		for i, post := range []struct {
			body     []byte
			encoding string
		}{{text.Bytes(), ""}, {zipped(text.Bytes()), "gzip"}, {zipped(text.Bytes()), "gzip"}, {text.Bytes(), "identity"}} {
			resp := g.post(post.body, post.encoding)
			if resp.StatusCode != http.StatusAccepted || resp.Header.Get("X-Ingest-Records") != strconv.Itoa(n) {
				t.Fatalf("%s, %s records", resp.Status, resp.Header.Get("X-Ingest-Records"))
			}
			if len(up.errs) > 0 {
				t.Fatal(up.errs)
			}
			next := 0
			for b, line := range up.got[i] {
				if line.Batch != b+1 || len(line.Records) > batchRecords {
					t.Fatalf("batch %d has number %d and %d records", b+1, line.Batch, len(line.Records))
				}
				for _, r := range line.Records {
					if want := fmt.Sprintf(`{"n":%d}`, next); string(r) != want {
						t.Fatalf("record %s, want %s", r, want)
					}
					next++
				}
			}
			if next != n {
				t.Errorf("%d records, want %d", next, n)
			}
		}
		g.wantNothingInUse()
	}
}

func TestLinesOfAnyKindBecomeRecords(t *testing.T) {
	t.Parallel()
	up := &recorder{}
	g := newTestGateway(t, defaultLimits, up, true)
	g.post([]byte("plain \"text\"\t\\ é \x01\xff\n{\"broken\": \n[1,2]\n{\"ok\":true}"), "")
	g.wantNothingInUse()
	if len(up.errs) > 0 || len(up.got) != 1 {
		t.Fatal(up.errs, len(up.got))
	}
	var messages []string
	for _, r := range up.got[0][0].Records {
		var m struct {
			Message string `json:"message"`
			OK      bool   `json:"ok"`
		}
		if err := json.Unmarshal(r, &m); err != nil {
			t.Fatalf("%s: %v", r, err)
		}
		messages = append(messages, fmt.Sprint(m.Message, m.OK))
	}
	want := []string{"plain \"text\"\t\\ é \x01\ufffdfalse", "{\"broken\":false", "[1,2]false", "true"}
	if !slices.Equal(messages, want) {
		t.Errorf("got %q, want %q", messages, want)
	}
}

func TestBadRequestsAreRefusedAndLeakNothing(t *testing.T) {
	t.Parallel()
	bomb := zipped(make([]byte, 10<<20))
	whole := zipped([]byte(strings.Repeat("{\"a\":1}\n", 10_000)))
	up := &recorder{}
	g := newTestGateway(t, limits{body: 100 << 10, decoded: 1 << 20, held: 8 << 20}, up, true)
	for _, c := range []struct {
		name, encoding string
		body           []byte
		status         int
		says           string
	}{
		{"bomb", "gzip", bomb, 413, "larger than 1048576 bytes when decompressed"},
		{"oversize", "", make([]byte, 200<<10), 413, "larger than 102400 bytes"},
		{"no gzip", "gzip", []byte("{\"a\":1}"), 400, "not valid gzip"},
		{"cut gzip", "gzip", whole[:len(whole)/2], 400, "not valid gzip"},
		{"spoilt gzip", "gzip", append(bytes.Clone(whole[:len(whole)/2]), make([]byte, 100)...), 400, "not valid gzip"},
		{"other encoding", "br", []byte("x"), 415, "send gzip or none"},
		{"empty", "", nil, 400, "no records"},
		{"empty gzip", "gzip", nil, 400, "not valid gzip"},
		{"blank", "gzip", zipped([]byte("\n\r\n  \n")), 400, "no records"},
	} {
		resp := g.post(c.body, c.encoding)
		text, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != c.status || !strings.Contains(string(text), c.says) {
			t.Errorf("%s: %s %q, want %d %q", c.name, resp.Status, text, c.status, c.says)
		}
	}
	g.wantNothingInUse()
	if len(up.got) != 0 {
		t.Errorf("upstream got %d requests", len(up.got))
	}
	if resp := g.post(whole, "gzip"); resp.StatusCode != http.StatusAccepted {
		t.Errorf("a good request after the bad: %s", resp.Status)
	}
}

func TestAbortedClientsLeakNothing(t *testing.T) {
	t.Parallel()
	reached, release := make(chan struct{}, 100), make(chan struct{})
	g := newTestGateway(t, defaultLimits, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached <- struct{}{}
		<-release
	}), true)
	addr := strings.TrimSuffix(strings.TrimPrefix(g.url, "http://"), "/ingest")
	for range 20 { // gone in the middle of the body
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "POST /ingest HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n%s", strings.Repeat("{\"a\":1}\n", 1000))
		c.Close()
	}
	body := []byte(strings.Repeat("{\"a\":1}\n", 20_000))
	for range 10 { // gone while upstream is at work
		ctx, cancel := context.WithCancel(t.Context())
		req, _ := http.NewRequestWithContext(ctx, http.MethodPost, g.url, bytes.NewReader(body))
		go func() { <-reached; cancel() }()
		if resp, err := http.DefaultClient.Do(req); err == nil {
			t.Errorf("answered %s", resp.Status)
		}
	}
	g.wantNothingInUse()
	close(release)
}

// An upstream that answers and does not read leaves the transport reading a
// body whose buffer goes back to the pool: the race detector watches.
func TestUpstreamThatDoesNotReadLeaksNothing(t *testing.T) {
	t.Parallel()
	g := newTestGateway(t, defaultLimits, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusServiceUnavailable)
	}), true)
	body := zipped(records(rand.New(rand.NewPCG(1, 1)), 2000))
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for range 5 {
				req, _ := http.NewRequest(http.MethodPost, g.url, bytes.NewReader(body))
				req.Header.Set("Content-Encoding", "gzip")
				if resp, err := http.DefaultClient.Do(req); err == nil {
					resp.Body.Close()
				}
			}
		})
	}
	clients.Wait()
	g.wantNothingInUse()
}

func TestUnreachableUpstreamIsABadGateway(t *testing.T) {
	t.Parallel()
	g := newTestGateway(t, defaultLimits, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), true)
	if resp := g.post([]byte("{}"), ""); resp.StatusCode != http.StatusBadGateway {
		t.Error(resp.Status)
	}
	g.wantNothingInUse()
}

func TestLeakScenarioLosesOneBufferInN(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	p, err := pooled(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := serve("127.0.0.1:0", "", p, defaultLimits, 3)
	if err != nil {
		t.Fatal(err)
	}
	for range 9 {
		resp, err := http.Post(s.url+"/ingest", "", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	s.stop(t.Context())
	if inUse := totals(r)[0].InUse; inUse != 3 {
		t.Errorf("%d in use, want 3", inUse)
	}
}
