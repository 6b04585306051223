package strategies_test

import (
	"bytes"
	"errors"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/strategies"
)

// A proxy with fewer buffers than requests, whose backends and clients break off
// in the middle: every whole response is its own, and every buffer comes back.
func TestFixedServesAReverseProxyConcurrentSafe(t *testing.T) {
	t.Parallel()
	buffers, err := strategies.NewFixed(strategies.FixedConfig{Size: 4 << 10, Count: 3})
	if err != nil {
		t.Fatal(err)
	}
	backend := httptest.NewServer(http.HandlerFunc(seeded))
	front := httptest.NewServer(proxyTo(t, backend.URL, buffers))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 20 {
				fetch(t, front.URL, i*1000+j)
			}
		})
	}
	wg.Wait()
	front.Close() // waits for the handlers, and so for the last Put
	backend.Close()
	s := checkLaws(t, buffers)
	if s.InUse != 0 || s.Requests[pool.Hit] == 0 || s.Returns[pool.Double]+s.Returns[pool.Foreign] != 0 {
		t.Errorf("%d in use, %d hits, returns %v; want 0, some, none double or foreign",
			s.InUse, s.Requests[pool.Hit], s.Returns)
	}
}

func proxyTo(t *testing.T, backend string, buffers httputil.BufferPool) http.Handler {
	t.Helper()
	target, err := url.Parse(backend)
	if err != nil {
		t.Fatal(err)
	}
	return &httputil.ReverseProxy{
		Rewrite:    func(r *httputil.ProxyRequest) { r.SetURL(target) },
		BufferPool: buffers,
		ErrorLog:   log.New(io.Discard, "", 0), // broken responses are what is tested
	}
}

// body is what a seed stands for: up to 64 KiB that no other seed has.
func body(seed int) []byte {
	r := rand.New(rand.NewPCG(uint64(seed), 0))
	return bytes.Repeat([]byte(strconv.Itoa(seed)+" "), 1+r.IntN(10_000))
}

// seeded answers with the body of the path's seed; those of a seed that 5 divides
// break off.
func seeded(w http.ResponseWriter, r *http.Request) {
	seed, _ := strconv.Atoi(r.URL.Path[1:])
	b := body(seed)
	if seed%5 == 0 {
		w.Header().Set("Content-Length", strconv.Itoa(len(b)+1))
		w.Write(b)
		panic(http.ErrAbortHandler)
	}
	w.Write(b)
}

// fetch asks for a seed's body and checks it. Of a seed that 3 divides it leaves
// off after some bytes.
func fetch(t *testing.T, front string, seed int) {
	client := http.Client{Timeout: time.Minute}
	resp, err := client.Get(front + "/" + strconv.Itoa(seed))
	if err != nil {
		if seed%5 != 0 {
			t.Error(err)
		}
		return
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusBadGateway && seed%5 == 0 {
		return // broken off before the first byte
	}
	var from io.Reader = resp.Body
	want := body(seed)
	if seed%3 == 0 {
		from = io.LimitReader(resp.Body, 3)
		want = want[:min(3, len(want))]
	}
	got, err := io.ReadAll(from)
	switch {
	case err != nil && (seed%5 != 0 || !errors.Is(err, io.ErrUnexpectedEOF)):
		t.Errorf("seed %d: %v", seed, err)
	case !bytes.HasPrefix(want, got), err == nil && len(got) != len(want):
		t.Errorf("seed %d: %d bytes are not its own", seed, len(got))
	}
}
