package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/otelpool/pool/strategies"
)

// limits bound what one request may cost.
type limits struct {
	body    int64 // bytes on the wire
	decoded int64 // bytes after decompression: a gzip bomb ends here
	held    int64 // memory that the bodies of all requests take together: see memoryPerByte
}

var defaultLimits = limits{body: 8 << 20, decoded: 32 << 20, held: 256 << 20}

// gateway takes NDJSON at POST /ingest and passes it on in compressed batches.
type gateway struct {
	pools     *pools
	limits    limits
	intake    intake
	leakEvery uint64 // 0 leaks nothing
	proxy     httputil.ReverseProxy
	requests  atomic.Uint64
	traffic   traffic
}

func newGateway(p *pools, l limits, upstream *url.URL, leakEvery int) *gateway {
	g := &gateway{pools: p, limits: l, leakEvery: uint64(leakEvery)}
	g.intake.limit = l.held
	g.proxy = httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetXForwarded()
			r.Out.URL, r.Out.Host = upstream, ""
			r.Out.Header.Set("Content-Type", "application/x-ndjson")
			r.Out.Header.Set("Content-Encoding", "gzip")
		},
		Transport:      newTransport(p.bodies),
		BufferPool:     p.proxy,
		ErrorLog:       log.New(io.Discard, "", 0),
		ModifyResponse: func(*http.Response) error { g.traffic.answered.Add(1); return nil },
		ErrorHandler:   g.upstreamFailed,
	}
	return g
}

func (g *gateway) upstreamFailed(w http.ResponseWriter, r *http.Request, err error) {
	g.traffic.failed.Add(1)
	if errors.Is(err, context.Canceled) {
		return // the client has gone: nobody reads an answer
	}
	http.Error(w, "upstream: "+err.Error(), http.StatusBadGateway)
}

// handler routes the gateway's two paths.
func (g *gateway) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /ingest", g.ingest)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	return mux
}

func (g *gateway) ingest(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	decoded := strategies.NewBuffer(g.pools.bodies, sizeHint(r))
	if !g.leaks() {
		defer decoded.Release()
	}
	share := admitted{of: &g.intake}
	defer share.release()
	if err := g.decode(w, r, &share, decoded); err != nil {
		g.refuse(w, err)
		return
	}
	batches := strategies.NewBuffer(g.pools.bodies, decoded.Len()/4)
	out := &body{release: batches.Release}
	defer out.Close()
	records, err := g.encode(batches, decoded.Bytes())
	if err == nil && records == 0 {
		err = refusal{http.StatusBadRequest, "no records in the body"}
	}
	if err != nil {
		g.refuse(w, err)
		return
	}
	w.Header().Set("X-Ingest-Records", strconv.Itoa(records))
	forward := r.WithContext(r.Context())
	out.rest = batches.Bytes()
	forward.Body, forward.ContentLength = out, int64(batches.Len())
	g.proxy.ServeHTTP(w, forward)
	g.traffic.latency.add(time.Since(start))
}

// leaks says whether this request loses its buffer, as -scenario leak asks.
func (g *gateway) leaks() bool {
	return g.leakEvery > 0 && g.requests.Add(1)%g.leakEvery == 0
}

// sizeHint is a first size for a decoded body: what the client announces, if
// that is not more than a client should have for the asking.
func sizeHint(r *http.Request) int {
	const most = 256 << 10
	n := r.ContentLength
	if r.Header.Get("Content-Encoding") == "gzip" {
		n *= 4
	}
	return int(max(1<<10, min(n, most)))
}

// refusal is an error with the status the client gets.
type refusal struct {
	status int
	reason string
}

func (r refusal) Error() string { return r.reason }

func (g *gateway) refuse(w http.ResponseWriter, err error) {
	g.traffic.failed.Add(1)
	var tooLarge *http.MaxBytesError
	var no refusal
	switch {
	case errors.As(err, &tooLarge):
		g.traffic.tooLarge.Add(1)
		http.Error(w, fmt.Sprintf("the body is larger than %d bytes", tooLarge.Limit), http.StatusRequestEntityTooLarge)
	case errors.As(err, &no):
		g.traffic.countRefusal(no.status)
		if no == busy {
			w.Header().Set("Retry-After", "1")
		}
		http.Error(w, no.reason, no.status)
	default:
		http.Error(w, "reading the body: "+err.Error(), http.StatusBadRequest)
	}
}

// decode reads the request's body, decompressed, into a buffer.
func (g *gateway) decode(w http.ResponseWriter, r *http.Request, share *admitted, into *strategies.Buffer) error {
	body := http.MaxBytesReader(w, r.Body, g.limits.body)
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
		_, err := into.ReadFrom(share.reader(body))
		return err
	case "gzip":
		return g.decompress(body, share, into)
	default:
		return refusal{http.StatusUnsupportedMediaType, fmt.Sprintf("Content-Encoding %q: send gzip or none", encoding)}
	}
}

func (g *gateway) decompress(body io.Reader, share *admitted, into *strategies.Buffer) error {
	z := g.pools.readers(body)
	defer z.Close()
	n, err := into.ReadFrom(share.reader(io.LimitReader(z, min(g.limits.decoded, math.MaxInt64-1)+1)))
	if err != nil {
		return unzipError(err)
	}
	if n > g.limits.decoded {
		return refusal{
			http.StatusRequestEntityTooLarge,
			fmt.Sprintf("the body is larger than %d bytes when decompressed", g.limits.decoded),
		}
	}
	return nil
}

// unzipError says that a body is not gzip, unless it was cut off for its size or
// for lack of room.
// A body that did not arrive looks like one that is cut, but then nobody is
// there to be told.
func unzipError(err error) error {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge || errors.Is(err, busy) {
		return err
	}
	return refusal{http.StatusBadRequest, "the body is not valid gzip: " + err.Error()}
}
