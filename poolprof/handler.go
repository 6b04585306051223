package poolprof

import (
	"fmt"
	"net/http"

	"github.com/otelpool/pool"
)

// Option changes what Handler and Write do.
type Option func(*options)

type options struct{ registry *pool.Registry }

// WithRegistry is for the pools of r in place of [pool.Default].
func WithRegistry(r *pool.Registry) Option { return func(o *options) { o.registry = r } }

func optionsOf(opts []Option) options {
	o := options{registry: pool.Default}
	for _, apply := range opts {
		apply(&o)
	}
	return o
}

// Handler serves the profile, and with ?debug=1 a text of it. It reads only, but
// shows how a program is built: serve it where net/http/pprof is served, to those
// who operate the program.
func Handler(opts ...Option) http.Handler {
	o := optionsOf(opts)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "use GET", http.StatusMethodNotAllowed)
			return
		}
		p := build(o.registry)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if debug := r.URL.Query().Get("debug"); debug != "" && debug != "0" {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			fmt.Fprint(w, p)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Disposition", `attachment; filename="otelpool.pb.gz"`)
		_ = p.Write(w) // the client is gone
	})
}
