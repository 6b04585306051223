package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/raceflag"
)

// echo is an upstream that answers with what it was sent, decompressed: so the
// gateway's answer is a function of the request alone, byte for byte.
type echo struct{ broken atomic.Uint64 } // bodies that arrived whole and are not what the gateway makes

func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // its client, and so the gateway's handler, has gone
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err == nil {
		body, err = io.ReadAll(z)
	}
	if err != nil {
		e.broken.Add(1)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusAccepted)
	_, _ = w.Write(body)
}

// witnesses are clients that send what only they know and hold every byte of every
// answer against it.
type witnesses struct {
	url      string
	verified atomic.Uint64 // answers that were right to the last byte
	lost     atomic.Uint64 // requests that were not answered, or not to the end

	mu    sync.Mutex
	wrong []string // answers that were not right
}

// start lets clients work until the returned function is called.
func (w *witnesses) start(n int) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var working sync.WaitGroup
	for id := range n {
		working.Go(func() {
			client := &http.Client{Transport: &http.Transport{}, Timeout: time.Minute}
			defer client.CloseIdleConnections()
			r := rand.New(rand.NewPCG(uint64(id), rand.Uint64()))
			for request := 0; ctx.Err() == nil; request++ {
				w.ask(client, r, id, request)
			}
		})
	}
	return func() { cancel(); working.Wait() }
}

// ask makes one request and judges its answer.
func (w *witnesses) ask(client *http.Client, r *rand.Rand, id, request int) {
	body, want := secret(r, id, request)
	n := bytes.Count(body, []byte("\n"))
	req, _ := http.NewRequest(http.MethodPost, w.url, nil)
	if request%2 == 1 {
		body = zipped(body)
		req.Header.Set("Content-Encoding", "gzip")
	}
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	resp, err := client.Do(req)
	if err != nil {
		w.lost.Add(1)
		return
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	switch {
	case resp.StatusCode != http.StatusAccepted:
		w.blame("client %d, request %d: %s: %.200q", id, request, resp.Status, got)
	case resp.Header.Get("X-Ingest-Records") != strconv.Itoa(n):
		w.blame("client %d, request %d: %s records, sent %d", id, request, resp.Header.Get("X-Ingest-Records"), n)
	case err != nil && bytes.HasPrefix(want, got):
		w.lost.Add(1)
	case !bytes.Equal(got, want):
		w.blame("client %d, request %d: byte %d of %d differs", id, request, firstDifference(got, want), len(want))
	default:
		w.verified.Add(1)
	}
}

func (w *witnesses) blame(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
}

// faults is what was wrong so far.
func (w *witnesses) faults() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.wrong
}

// await waits until so many more answers were verified.
func (w *witnesses) await(t *testing.T, more uint64) {
	t.Helper()
	until := w.verified.Load() + more
	for deadline := time.Now().Add(2 * time.Minute); w.verified.Load() < until; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after 2 minutes %d answers are verified, want %d: the gateway stands still", w.verified.Load(), until)
		}
	}
}

// secret is a request's body and what the answer to it must be. Every line has
// the client, the request and a hash that nobody else has.
func secret(r *rand.Rand, id, request int) (body, want []byte) {
	n := 1 + int(1200*r.Float64()*r.Float64()*r.Float64())
	salt := r.Uint64()
	for line := range n {
		own := fmt.Appendf(nil, `{"client":%d,"request":%d,"line":%d,`, id, request, line)
		own = fmt.Appendf(own, `"secret":"%x"}`, sha256.Sum256(fmt.Appendf(own, "%d", salt)))
		body = append(append(body, own...), '\n')
		switch {
		case line%batchRecords > 0:
			want = append(want, ',')
		case line > 0:
			want = append(want, "]}\n"...)
			fallthrough
		default:
			want = fmt.Appendf(want, `{"batch":%d,"records":[`, 1+line/batchRecords)
		}
		want = append(want, own...)
	}
	return body, append(want, "]}\n"...)
}

func firstDifference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// twice hands one buffer in a few to two owners: the defect that the witnesses
// are there for.
type twice struct {
	pool.Bytes
	mu   sync.Mutex
	gets int
	last []byte
}

func (p *twice) Get(n int) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gets++; p.gets%4 == 0 && cap(p.last) >= n {
		return p.last[:n]
	}
	p.last = p.Bytes.Get(n)
	return p.last
}

// Put keeps nothing, so that handing out twice is all that is wrong.
func (*twice) Put([]byte) {}

// twiceProxy is the same for the proxy's buffers.
type twiceProxy struct{ from *twice }

func (p twiceProxy) Get() []byte { return p.from.Get(proxyBufferSize) }
func (twiceProxy) Put([]byte)    {}

// keptWriters leaves a gzip.Writer in two hands.
type keptWriters struct {
	gets atomic.Uint64
	last atomic.Pointer[gzip.Writer]
}

func (p *keptWriters) get(to io.Writer) io.WriteCloser {
	if last := p.last.Load(); last != nil && p.gets.Add(1)%4 == 0 {
		last.Reset(to)
		return last
	}
	z := newWriter(to)
	p.last.Store(z)
	return z
}

// A pool that mixes up requests does not get past the witnesses.
func TestWitnessesNoticeABufferInTwoHands(t *testing.T) {
	if raceflag.On {
		t.Skip("two owners of a buffer are a data race, which is what the race detector would say")
	}
	for name, spoil := range map[string]func(p *pools){
		"bodies":  func(p *pools) { p.bodies = &twice{Bytes: p.bodies} },
		"proxy":   func(p *pools) { p.proxy = twiceProxy{&twice{Bytes: p.bodies}} },
		"writers": func(p *pools) { p.writers = new(keptWriters).get },
		"none":    func(*pools) {},
	} {
		t.Run(name, func(t *testing.T) {
			var up echo
			p, err := pooled(new(pool.Registry), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer p.close()
			spoil(p)
			server, addr, err := listenAndServe("127.0.0.1:0", &up)
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			s, err := serve("127.0.0.1:0", "http://"+addr+"/", p, defaultLimits, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer s.stop(context.Background())
			w := &witnesses{url: s.url + "/ingest"}
			stop := w.start(8)
			defer stop()
			if name == "none" {
				w.await(t, 200)
				if wrong := w.faults(); len(wrong) > 0 || w.lost.Load() > 0 {
					t.Errorf("%d lost, wrong: %q", w.lost.Load(), wrong)
				}
				return
			}
			for deadline := time.Now().Add(time.Minute); len(w.faults()) == 0; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("after a minute and %d answers nobody has noticed", w.verified.Load())
				}
			}
			t.Logf("noticed after %d right answers: %s", w.verified.Load(), w.faults()[0])
		})
	}
}
