package poolz

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// WithHosts makes the page answer requests with these names in the Host header
// too; ports do not matter. Without it the page answers only to localhost and
// loopback addresses: otherwise a web site could make its name resolve to
// 127.0.0.1 and read the page through its visitors' browsers (DNS rebinding).
// "*" stands for every name, for a page behind a program's authentication.
func WithHosts(names ...string) Option {
	return func(h *handler) {
		for _, name := range names {
			h.hosts[hostname(name)] = true
		}
	}
}

// answersTo reports whether the request's Host is one of the page's.
func (h *handler) answersTo(r *http.Request) bool {
	name := hostname(r.Host)
	if h.hosts["*"] || h.hosts[name] || name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.IsLoopback()
}

// refuseHost answers with an error that says how to allow the name.
func refuseHost(w http.ResponseWriter, r *http.Request) {
	name := clip(label(hostname(r.Host)), 100)
	http.Error(w, fmt.Sprintf("poolz: the page does not answer to Host %q: ask for it as localhost or 127.0.0.1, or allow the "+
		"name with poolz.WithHosts(%q)",
		name, name), http.StatusForbidden)
}

// hostname is a Host header without port, brackets and final dot, in lower case.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
