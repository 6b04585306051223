package collector

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// loopback is where every listener of a test is.
const loopback = "127.0.0.1"

// Ports are the TCP ports of a collector's listeners.
type Ports struct {
	GRPC       int // OTLP over gRPC
	HTTP       int // OTLP over HTTP
	Prometheus int // the prometheus exporter
	Telemetry  int // the collector's metrics about itself
	Health     int // the health check
}

// FreePorts returns ports that nobody listened on a moment ago. They are taken
// from below the range that Linux gives to outgoing connections, because a
// client that reconnects in a loop may be given exactly the port that a stopped
// collector is to listen on again.
func FreePorts() (Ports, error) {
	var p Ports
	for _, port := range []*int{&p.GRPC, &p.HTTP, &p.Prometheus, &p.Telemetry, &p.Health} {
		l, err := listenSomewhere()
		if err != nil {
			return Ports{}, err
		}
		defer l.Close() // only after all are chosen, so that they differ
		*port = l.Addr().(*net.TCPAddr).Port
	}
	return p, nil
}

// listenSomewhere draws at random, so that processes doing the same do not draw
// the same ports.
func listenSomewhere() (l net.Listener, err error) {
	const first, count, tries = 20_000, 12_000, 100
	for range tries {
		if l, err = net.Listen("tcp", address(first+rand.IntN(count))); err == nil {
			return l, nil
		}
	}
	return nil, fmt.Errorf("collector: no free port in %d tries: %w", tries, err)
}

func address(port int) string { return net.JoinHostPort(loopback, strconv.Itoa(port)) }
