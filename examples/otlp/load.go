package main

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otelpool/pool/strategies"
)

// load drives a gateway over HTTP, as clients do: requests arrive when the
// scenario says, not when the one before is done. When all clients are busy a
// request is skipped, and counted: an overload shows as that, not as a queue in
// the client.
type load struct {
	url    string
	client *http.Client
	traffic
}

// traffic is what became of requests, as one side of them sees it.
type traffic struct {
	latency  latencies // of the answered
	answered atomic.Uint64
	failed   atomic.Uint64 // refused, or lost on the way
	skipped  atomic.Uint64 // never sent
	tooLarge atomic.Uint64 // of the failed: 413
	busy     atomic.Uint64 // of the failed: 503
}

func (t *traffic) countRefusal(status int) {
	switch status {
	case http.StatusRequestEntityTooLarge:
		t.tooLarge.Add(1)
	case http.StatusServiceUnavailable:
		t.busy.Add(1)
	}
}

const loadClients = 32

func newLoad(url string) *load {
	buffers := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{})) // without a name: the load's own
	return &load{url: url + "/ingest", client: &http.Client{Transport: newTransport(buffers), Timeout: time.Minute}}
}

// run sends what src gives until it ends or ctx does, and waits for the answers.
func (l *load) run(ctx context.Context, arrive *arrivals, src source) {
	jobs := make(chan payload)
	var clients sync.WaitGroup
	for range loadClients {
		clients.Go(func() {
			for p := range jobs {
				l.post(p)
			}
		})
	}
	from := &interruptible{source: src}
	l.schedule(ctx, arrive, from, jobs)
	close(jobs)
	clients.Wait()
	from.close()
	l.client.CloseIdleConnections()
}

func (l *load) schedule(ctx context.Context, arrive *arrivals, src *interruptible, jobs chan<- payload) {
	start := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(time.Until(start.Add(arrive.next())))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		p, more := src.nextUntil(ctx)
		if !more {
			return
		}
		if p.done != nil { // a piece of a file: late is better than lost
			select {
			case jobs <- p:
			case <-ctx.Done():
				p.done()
				return
			}
			continue
		}
		select {
		case jobs <- p:
		default:
			l.skipped.Add(1)
		}
	}
}

func (l *load) post(p payload) {
	start := time.Now()
	if !l.send(p) {
		l.failed.Add(1)
		return
	}
	l.latency.add(time.Since(start))
	l.answered.Add(1)
}

func (l *load) send(p payload) bool {
	b := &body{rest: p.body, release: p.done}
	defer b.Close()
	req, err := http.NewRequest(http.MethodPost, l.url, b)
	if err != nil {
		return false
	}
	req.ContentLength = int64(len(p.body))
	req.Header["Content-Type"] = ndjsonType
	if p.gzip {
		req.Header["Content-Encoding"] = gzipEncoding
	}
	resp, err := l.client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err == nil && resp.StatusCode/100 == 2
}

var (
	ndjsonType   = []string{"application/x-ndjson"}
	gzipEncoding = []string{"gzip"}
)
