package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"time"
)

// service is a gateway on a port, with the built-in upstream beside it if it
// has no other.
type service struct {
	gateway  *gateway
	url      string
	server   *http.Server
	upstream *http.Server // nil: somebody else's
}

// serve starts a gateway. An upstream of "" is the built-in one.
func serve(listen, upstreamURL string, p *pools, l limits, leakEvery int) (*service, error) {
	s := &service{}
	if upstreamURL == "" {
		srv, addr, err := listenAndServe("127.0.0.1:0", new(upstream))
		if err != nil {
			return nil, fmt.Errorf("built-in upstream: %w", err)
		}
		s.upstream, upstreamURL = srv, "http://"+addr+"/"
	}
	target, err := url.Parse(upstreamURL)
	if err != nil {
		return nil, fmt.Errorf("-upstream: %w", err)
	}
	s.gateway = newGateway(p, l, target, leakEvery)
	srv, addr, err := listenAndServe(listen, s.gateway.handler())
	if err != nil {
		s.stop(context.Background())
		return nil, fmt.Errorf("-listen: %w", err)
	}
	s.server, s.url = srv, "http://"+addr
	return s, nil
}

func listenAndServe(addr string, h http.Handler) (*http.Server, string, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, "", err
	}
	srv := newServer(h)
	go func() { _ = srv.Serve(l) }() // ends with Shutdown or Close
	return srv, l.Addr().String(), nil
}

// newServer is a server that no client can hold up for ever: neither by sending
// slowly, nor by reading slowly, nor by staying without a word.
func newServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      2 * time.Minute, // from the end of the header on: reading, upstream and the answer
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
}

// stop lets the requests under way finish, as long as ctx does: first the
// gateway's, then upstream's.
func (s *service) stop(ctx context.Context) {
	shutdown(ctx, s.server)
	if s.gateway != nil {
		// A connection that was dialled and not needed would keep upstream waiting.
		s.gateway.proxy.Transport.(*http.Transport).CloseIdleConnections()
	}
	shutdown(ctx, s.upstream)
}

func shutdown(ctx context.Context, srv *http.Server) {
	if srv != nil && srv.Shutdown(ctx) != nil {
		_ = srv.Close()
	}
}
