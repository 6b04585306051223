package poolprof

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/google/pprof/profile"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/ask"
)

// Option changes what Handler and Write do.
type Option func(*options)

type options struct {
	registry *pool.Registry
	samples  *ask.Asker[*pool.Entry, []control.Sample] // one for a Handler, so that a Source that hangs costs it one goroutine
}

// WithRegistry profiles the pools of r instead of those of [pool.Default].
func WithRegistry(r *pool.Registry) Option { return func(o *options) { o.registry = r } }

func optionsOf(opts []Option) options {
	o := options{pool.Default, new(ask.Asker[*pool.Entry, []control.Sample])}
	for _, apply := range opts {
		apply(&o)
	}
	return o
}

// Handler serves the profile; with ?seconds=N its change over N seconds, with
// ?debug=1 as text. It only reads, but it shows how a program is built: serve
// it beside net/http/pprof, only to those who operate the program.
func Handler(opts ...Option) http.Handler { return http.HandlerFunc(optionsOf(opts).answer) }

// answer serves requests for a profile, and refuses others.
func (o options) answer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "use GET", http.StatusMethodNotAllowed)
		return
	}
	text, seconds, err := asked(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	o.serve(w, r, text, seconds)
}

// serve answers a valid request.
func (o options) serve(w http.ResponseWriter, r *http.Request, text bool, seconds time.Duration) {
	p := build(o)
	if text {
		writeText(w, p)
		return
	}
	if seconds > 0 {
		p = since(r.Context(), p, o, seconds)
	}
	if p != nil {
		write(w, p)
	}
}

// since returns the change since before, after a wait of d; nil if ctx is done
// first.
func since(ctx context.Context, before *profile.Profile, o options, d time.Duration) *profile.Profile {
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(d):
	}
	after := build(o)
	before.Scale(-1)
	difference, _ := profile.Merge([]*profile.Profile{before, after}) // no error: both have the same types
	difference.TimeNanos, difference.DurationNanos = after.TimeNanos, int64(d)
	return difference
}

// asked parses a request's parameters.
func asked(r *http.Request) (text bool, seconds time.Duration, err error) {
	q := r.URL.Query()
	text = q.Get("debug") != "" && q.Get("debug") != "0"
	if q.Get("seconds") == "" {
		return text, 0, nil
	}
	n, err := strconv.ParseInt(q.Get("seconds"), 10, 32)
	seconds = time.Duration(n) * time.Second
	switch most := writeTimeout(r); {
	case err != nil || n <= 0:
		return false, 0, fmt.Errorf("seconds is %q: use a whole number above 0", q.Get("seconds"))
	case text:
		return false, 0, fmt.Errorf("seconds is %d and debug %q: a difference cannot be a text, leave one out", n, q.Get("debug"))
	case most > 0 && seconds >= most:
		return false, 0, fmt.Errorf("seconds is %d: the server's WriteTimeout is %v, use less", n, most)
	}
	return false, seconds, nil
}

func writeTimeout(r *http.Request) time.Duration {
	if s, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok {
		return s.WriteTimeout
	}
	return 0
}

func write(w http.ResponseWriter, p *profile.Profile) {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", `attachment; filename="otelpool.pb.gz"`)
	_ = p.Write(w) // the client is gone
}

// writeText quotes names, because the reader may be at a terminal.
func writeText(w http.ResponseWriter, p *profile.Profile) {
	for _, s := range p.Sample {
		s.Label["pool"] = []string{strconv.Quote(s.Label["pool"][0])}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprint(w, p)
}
