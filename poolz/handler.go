package poolz

import (
	"fmt"
	"html/template"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/otelpool/pool"
)

// Option changes what a page shows.
type Option func(*handler)

// WithRegistry shows the pools of r in place of [pool.Default].
func WithRegistry(r *pool.Registry) Option {
	return func(h *handler) { h.sampler.registry = r }
}

// WithConfig adds the configuration in force. The page calls config for its
// text whenever somebody asks for view=config:
//
//	poolz.WithConfig(func() string { return conf.Effective().String() }) // a *poolconfig.Config
func WithConfig(config func() string) Option {
	return func(h *handler) { h.config = config }
}

// Handler returns the page. All viewers of a Handler share its readings, so a
// program needs only one, mounted anywhere. It shows the places of misuse found
// after it was made.
func Handler(opts ...Option) http.Handler {
	h := &handler{
		sampler: &sampler{registry: pool.Default, inquiry: new(inquiry)},
		assets:  loadAssets(), hosts: map[string]bool{}, writeTimeout: 5 * time.Second,
		servers: shutdowns{begun: map[*http.Server]chan struct{}{}}, viewers: viewers{all: map[string]*seat{}},
	}
	for _, o := range opts {
		o(h)
	}
	h.pages = parsePages(h.assets)
	h.found = new(findings)
	runtime.AddCleanup(h, func(remove func()) { remove() }, h.sampler.registry.OnMisuse(h.found.observe))
	return h
}

type handler struct {
	sampler      *sampler
	pages        *template.Template
	assets       map[string]asset
	found        *findings
	config       func() string // nil: none to show
	hosts        map[string]bool
	servers      shutdowns
	viewers      viewers
	writeTimeout time.Duration // for a client that does not read
}

// policy lets the page load files of this handler and nothing else. Scripts can
// turn text into markup only through the one policy in app.js.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types poolz"

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
	switch {
	case below(r):
		http.NotFound(w, r)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "poolz: the page only reads: use GET or HEAD", http.StatusMethodNotAllowed)
	case !h.answersTo(r):
		refuseHost(w, r)
	default:
		h.answer(w, r)
	}
}

func (h *handler) answer(w http.ResponseWriter, r *http.Request) {
	h.servers.done(r) // registers with the server, which has to come before its Shutdown begins
	values := r.URL.Query()
	if values.Has("asset") {
		h.serveAsset(w, r, values.Get("asset"))
		return
	}
	if values.Has("ack") { // app.js sends it for every frame
		h.viewers.acknowledge(values.Get("ack"), time.Now())
		w.WriteHeader(http.StatusNoContent)
		return
	}
	q, err := parseQuery(values)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if q.view == viewConfig && h.config == nil {
		http.Error(w, "poolz: this page has no configuration to show: see poolz.WithConfig", http.StatusNotFound)
		return
	}
	if q.format == "" {
		w.Header().Set("Vary", "Accept")
		q.format = accepted(r.Header.Get("Accept"))
	}
	if q.stream {
		h.stream(w, r, &q)
		return
	}
	if q.seconds > 0 && r.Method == http.MethodGet {
		h.measure(w, r, &q)
		return
	}
	h.page(w, &q)
}

// page answers with the pools as they are at this moment.
func (h *handler) page(w http.ResponseWriter, q *query) {
	var body []byte
	var err error
	found := false
	h.see(q, new(detail), func(v *view) {
		if found = v != nil; found {
			body, err = h.render(v)
		}
	})
	switch {
	case !found:
		http.Error(w, fmt.Sprintf("poolz: no pool has the name or id %q", q.pool), http.StatusNotFound)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	default:
		w.Header().Set("Content-Type", contentTypes[q.format])
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body) // the client has gone: nobody to tell
	}
}

// measure watches for the seconds that the query asks for, so that there are
// rates.
func (h *handler) measure(w http.ResponseWriter, r *http.Request, q *query) {
	place, err := h.viewers.enter(time.Now())
	if err != nil {
		tooMany(w, err)
		return
	}
	defer h.viewers.exit(place)
	defer h.sampler.watch()()
	// The server's WriteTimeout may be shorter; an error means that there is no
	// deadline to move.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Duration(q.seconds)*time.Second + h.writeTimeout))
	defer h.noDeadline(w)
	tick := time.Tick(interval)
	for range q.seconds {
		select {
		case <-tick:
			h.sampler.sample(time.Now())
		case <-place.leave:
			tooMany(w, fmt.Errorf("poolz: another viewer took the place, and at most %d are served: try again", maxViewers))
			return
		case <-h.servers.done(r):
			http.Error(w, "poolz: the server is shutting down", http.StatusServiceUnavailable)
			return
		case <-r.Context().Done():
			return
		}
	}
	h.page(w, q)
}

// noDeadline clears the deadline of one answer: a server without a WriteTimeout
// would keep it for the connection's next answer, which may be another
// handler's.
func (h *handler) noDeadline(w http.ResponseWriter) {
	out := http.NewResponseController(w)
	_ = out.Flush()
	_ = out.SetWriteDeadline(time.Time{})
}

func tooMany(w http.ResponseWriter, err error) {
	w.Header().Set("Retry-After", "10")
	http.Error(w, err.Error(), http.StatusServiceUnavailable)
}

var contentTypes = map[string]string{
	"html": "text/html; charset=utf-8",
	"text": "text/plain; charset=utf-8",
	"json": "application/json",
}
