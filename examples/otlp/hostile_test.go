package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otelpool/pool/internal/testcost"
)

// accept is an upstream that reads everything and is content.
var accept = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.WriteHeader(http.StatusAccepted)
})

// dial sends the begin of a request on a connection of its own.
func (g *testGateway) dial(begin string) net.Conn {
	g.t.Helper()
	c, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(g.url, "http://"), "/ingest"))
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, begin); err != nil {
		g.t.Fatal(err)
	}
	return c
}

// wantHeld waits until the intake holds so many bytes.
func (g *testGateway) wantHeld(n int64) {
	g.t.Helper()
	testcost.Until(g.t, fmt.Sprintf("%d bytes are held", n), func() bool { return g.gateway.intake.held.Load() == n })
}

func TestBombsAndGiantsAreCountedAndTakeNoMoreThanTheirLimit(t *testing.T) {
	t.Parallel()
	g := newTestGateway(t, limits{body: 100 << 10, decoded: 1 << 20, held: 64 << 20}, accept, true)
	bomb := zipped(make([]byte, 50<<20)) // 50 KiB that are 50 MiB
	if len(bomb) > 100<<10 {
		t.Fatalf("a bomb of %d bytes would be refused for its size alone", len(bomb))
	}
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			if resp := g.post(bomb, "gzip"); resp.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("a bomb: %s", resp.Status)
			}
			if resp := g.post(make([]byte, 200<<10), ""); resp.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("a giant: %s", resp.Status)
			}
		})
	}
	clients.Wait()
	g.wantNothingInUse()
	g.wantHeld(0)
	if n := g.gateway.traffic.tooLarge.Load(); n != 16 {
		t.Errorf("%d refused as too large, want 16", n)
	}
	for _, s := range totals(g.registry) {
		if s.Name == "gateway.bodies" {
			for _, c := range s.Classes { // nothing near the 50 MiB was ever taken
				if c.Size > 2<<20 && c.Gets() > 0 {
					t.Errorf("%d buffers of %d bytes", c.Gets(), c.Size)
				}
			}
			if s.Requests[2] > 0 { // bypass
				t.Errorf("%d requests of buffers larger than any class", s.Requests[2])
			}
		}
	}
}

func TestManyRequestsTogetherTakeNoMoreThanTheGatewayHolds(t *testing.T) {
	t.Parallel()
	g := newTestGateway(t, limits{body: 1 << 20, decoded: 1 << 20, held: 100_000 * memoryPerByte}, accept, true)
	slow := g.dial("POST /ingest HTTP/1.1\r\nHost: x\r\nContent-Length: 90001\r\n\r\n" + strings.Repeat("{\"a\":1}\n", 11_250))
	g.wantHeld(90_000 * memoryPerByte)
	resp := g.post([]byte(strings.Repeat("{\"a\":1}\n", 2000)), "")
	text, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") != "1" ||
		!strings.Contains(string(text), "too many requests in progress") {
		t.Errorf("%s %q %q", resp.Status, resp.Header, text)
	}
	zip := zipped([]byte(strings.Repeat("{\"a\":1}\n", 2000)))
	if resp := g.post(zip, "gzip"); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("zipped: %s", resp.Status)
	}
	if n := g.gateway.traffic.busy.Load(); n != 2 {
		t.Errorf("%d refused for lack of room, want 2", n)
	}
	g.wantHeld(90_000 * memoryPerByte) // those who were refused hold nothing
	if resp := g.post([]byte("{}"), ""); resp.StatusCode != http.StatusAccepted {
		t.Errorf("a small request: %s", resp.Status)
	}
	if _, err := io.WriteString(slow, "\n"); err != nil {
		t.Fatal(err)
	}
	if resp, err := http.ReadResponse(bufio.NewReader(slow), nil); err != nil || resp.StatusCode != http.StatusAccepted {
		t.Errorf("the slow client: %v %v", resp, err)
	}
	g.wantHeld(0)
	g.wantNothingInUse()
}

func TestSlowClientsAreCutOffAndLeakNothing(t *testing.T) {
	t.Parallel()
	g := newTestGateway(t, defaultLimits, accept, true, func(s *http.Server) {
		for name, d := range map[string]time.Duration{
			"ReadHeader": s.ReadHeaderTimeout, "Read": s.ReadTimeout, "Write": s.WriteTimeout, "Idle": s.IdleTimeout,
		} {
			if d <= 0 || d > 5*time.Minute {
				t.Errorf("%sTimeout is %v", name, d)
			}
		}
		s.ReadHeaderTimeout, s.ReadTimeout = 50*time.Millisecond, 100*time.Millisecond
	})
	zip := zipped([]byte(strings.Repeat("{\"a\":1}\n", 2000)))
	for _, begin := range []string{
		"POST /ingest HT", // in the middle of the header
		"POST /ingest HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("{\"a\":1}\n", 5000),
		"POST /ingest HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"a\":1}\n\r\n",
		fmt.Sprintf("POST /ingest HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(zip),
			zip[:len(zip)/2]),
	} {
		c := g.dial(begin)
		if err := c.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, c); err != nil && strings.Contains(err.Error(), "timeout") {
			t.Errorf("%.60q…: still connected after a minute", begin)
		}
	}
	g.wantNothingInUse()
	g.wantHeld(0)
}

// What one client sent is in no answer and no batch of another's: the bytes of
// every request are its own, pools and reuse or not.
func TestClientsNeverGetEachOthersBytes(t *testing.T) {
	t.Parallel()
	var mixed sync.Map
	g := newTestGateway(t, defaultLimits, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lines, err := readBatches(r)
		if err != nil {
			mixed.Store(err.Error(), true)
		}
		owners := map[string]bool{}
		for _, l := range lines {
			for _, rec := range l.Records {
				owners[string(rec[:len(`{"owner":00,`)])] = true
			}
		}
		if len(owners) != 1 {
			mixed.Store(fmt.Sprint(owners), true)
		}
		for o := range owners {
			w.Header().Set("X-Owner", o)
		}
		w.WriteHeader(http.StatusAccepted)
	}), true)
	var clients sync.WaitGroup
	for i := range 8 {
		clients.Go(func() {
			owner := fmt.Sprintf(`{"owner":%02d,`, i+10)
			for k := range 20 {
				body := bytes.Repeat([]byte(owner+`"n":1}`+"\n"), 1+k*137%900)
				encoding := ""
				if k%2 == 0 {
					body, encoding = zipped(body), "gzip"
				}
				if resp := g.post(body, encoding); resp.StatusCode != http.StatusAccepted || resp.Header.Get("X-Owner") != owner {
					t.Errorf("client %d: %s, bytes of %s", i, resp.Status, resp.Header.Get("X-Owner"))
				}
			}
		})
	}
	clients.Wait()
	mixed.Range(func(k, _ any) bool { t.Errorf("upstream got %v", k); return true })
	g.wantNothingInUse()
}
