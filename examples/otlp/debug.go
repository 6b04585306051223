package main

import (
	"context"
	"fmt"
	"net"
	"net/http"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/poolprof"
	"github.com/otelpool/pool/poolz"
)

// debugPage is the live page of the pools, on a listener of its own that only
// operators reach. The methods of a nil debugPage do nothing.
type debugPage struct {
	server *http.Server
	url    string
}

// serveDebug serves the page, with the configuration in force, and at
// /debug/pprof/otelpool a profile of who holds buffers, unless addr is "off".
func serveDebug(addr string, r *pool.Registry, conf *configuration) (*debugPage, error) {
	if addr == "off" {
		return nil, nil
	}
	const path = "/debug/pools/"
	mux := http.NewServeMux()
	inForce := func() string { return conf.Effective().String() }
	mux.Handle(path, poolz.Handler(poolz.WithRegistry(r), poolz.WithConfig(inForce)))
	mux.Handle("/debug/pprof/otelpool", poolprof.Handler(poolprof.WithRegistry(r)))
	mux.Handle("/{$}", http.RedirectHandler(path, http.StatusFound))
	server, at, err := listenAndServe(addr, mux)
	if err != nil {
		return nil, fmt.Errorf("-debug: %w", err)
	}
	return &debugPage{server, "http://" + reachable(at) + path}, nil
}

// reachable is where a browser on this machine finds a listener. One on all addresses
// has none that a browser takes: in a container its port is published on localhost.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && ip.IsUnspecified() {
		return net.JoinHostPort("localhost", port)
	}
	return addr
}

func (p *debugPage) stop(ctx context.Context) {
	if p != nil {
		shutdown(ctx, p.server)
	}
}
