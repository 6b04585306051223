package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/otelpool/pool/e2e/internal/collector"
)

type ports struct {
	gateway, debug, store int
	collector             collector.Ports
}

// usual are the ports that everybody expects these programs on.
var usual = ports{
	gateway: 8080, debug: 8081, store: 8428,
	collector: collector.Ports{GRPC: 4317, HTTP: 4318, Prometheus: 8889, Telemetry: 8888, Health: 13133},
}

// choose returns free ports, or the usual ones if they are free: a port in use
// shows now, and not as a program that does not start.
func choose(free bool) (p ports, err error) {
	if !free {
		return usual, usual.inUse()
	}
	if p.collector, err = collector.FreePorts(); err != nil {
		return p, err
	}
	more, err := collector.FreePorts()
	p.gateway, p.debug, p.store = more.GRPC, more.Health, more.HTTP
	return p, err
}

func (p ports) inUse() (err error) {
	for _, l := range []struct {
		port int
		of   string
	}{
		{p.gateway, "the gateway"}, {p.debug, "its live page"}, {p.store, "VictoriaMetrics"},
		{p.collector.GRPC, "OTLP over gRPC"}, {p.collector.HTTP, "OTLP over HTTP"},
		{p.collector.Prometheus, "the collector's exporter"}, {p.collector.Telemetry, "the collector's own metrics"},
		{p.collector.Health, "the collector's health"},
	} {
		listener, e := net.Listen("tcp", on(l.port))
		if e != nil {
			err = errors.Join(err, fmt.Errorf("port %d, for %s, is in use (make stack ARGS=-free-ports takes others)", l.port, l.of))
			continue
		}
		listener.Close()
	}
	return err
}

// on is a port of this machine, which nobody else reaches.
func on(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
