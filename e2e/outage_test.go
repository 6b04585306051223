package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otelpool/pool/e2e/internal/collector"
	"github.com/otelpool/pool/e2e/internal/gateway"
)

// rounds is how often the comparison is tried. What else the machine does moves a
// p99 at random; a request that waits for an export moves it every time.
const rounds = 3

// A service is not to feel its collector. The gateways of all cases run at the
// same time, so that what else the machine does slows all of them alike, and with
// the same load, so that nothing differs but the collector.
func TestServiceDoesNotFeelItsCollector(t *testing.T) {
	built(t)
	for _, protocol := range protocols {
		t.Run(protocol, func(t *testing.T) {
			var moved []string
			for range rounds {
				cases := runCases(t, protocol)
				if moved = compareLatencies(t, cases); t.Failed() || moved == nil {
					return
				}
			}
			t.Errorf("latency moved in each of %d rounds:\n%s", rounds, strings.Join(moved, "\n"))
		})
	}
}

// outage is a gateway with a collector that fails it in some way.
type outage struct {
	name    string
	gateway *gateway.Gateway
	totals  *collector.Collector // has them in the end; nil if there is none
	summary *gateway.Summary
}

const outageDuration = 5 * time.Second

// runCases returns the healthy case first. That every gateway ends in time and
// without an error is checked here, and that the totals are right where there is
// a collector to have them.
func runCases(t *testing.T, protocol string) []*outage {
	t.Helper()
	healthy, slow, doomed := startCollector(t, noPorts), startCollector(t, noPorts), startCollector(t, noPorts)
	down, silent, late := nobody(t), mute(t), slowProxy(t, endpoint(slow, protocol))
	start := func(name, endpoint string, totals *collector.Collector) *outage {
		t.Helper()
		return &outage{name: name, gateway: startGateway(t, protocol, endpoint, outageDuration), totals: totals}
	}
	cases := []*outage{
		start("healthy", endpoint(healthy, protocol), healthy),
		start("down", down, nil),
		start("silent", silent, nil),
		start("slow", late, slow),
		start("restarted", endpoint(doomed, protocol), nil),
	}
	cases[4].totals = restart(t, doomed)
	if !cases[4].gateway.Running() {
		t.Error("the gateway ended before its collector was back: this shows nothing")
	}
	for _, c := range cases {
		c.summary = finish(t, c.gateway, outageDuration)
		if c.totals != nil {
			expectTotals(t, c.totals, c.summary)
		} else if !strings.Contains(c.gateway.Output(), "warning") {
			t.Errorf("%s: the gateway did not say that it could not export", c.name)
		}
	}
	return cases
}

// Bounds are wide, as a p99 of some hundred requests is the worst few of them.
// What they are to find is a request that waits for an export: that takes
// seconds, a thousand times the latency here.
const (
	worstP50     = 3
	worstP99     = 10
	worstSkipped = 0.05 // share of the requests, beyond the healthy run's
)

// compareLatencies returns what moved.
func compareLatencies(t *testing.T, cases []*outage) (moved []string) {
	t.Helper()
	healthy := &cases[0].summary.Run
	for _, c := range cases {
		run := &c.summary.Run
		p50, p99 := float64(run.P50)/float64(healthy.P50), float64(run.P99)/float64(healthy.P99)
		skipped := (float64(run.Skipped) - float64(healthy.Skipped)) / float64(run.Requests)
		line := fmt.Sprintf("%-9s %d requests, %d skipped, p50 %v (%.2f of healthy), p99 %v (%.2f of healthy)",
			c.name, run.Requests, run.Skipped, run.P50, p50, run.P99, p99)
		t.Log(line)
		if !(p50 <= worstP50 && p99 <= worstP99 && skipped <= worstSkipped) { // so that NaN moved
			moved = append(moved, line)
		}
	}
	return moved
}

// nobody is an endpoint where nobody listens.
func nobody(t *testing.T) (url string) {
	t.Helper()
	ports, err := collector.FreePorts()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("http://127.0.0.1:%d", ports.GRPC)
}

// mute is an endpoint that takes connections and never says a word.
func mute(t *testing.T) (url string) {
	t.Helper()
	return listen(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
}

// slowProxy is an endpoint that answers each export more than two export
// intervals late.
func slowProxy(t *testing.T, to string) (url string) {
	t.Helper()
	backend := strings.TrimPrefix(to, "http://")
	return listen(t, func(client net.Conn) { proxy(t.Context(), client, backend, 1200*time.Millisecond) })
}

// restart kills the collector in mid-run, as a crash would, once it has figures,
// and brings another one up on its ports after some exports have failed.
func restart(t *testing.T, first *collector.Collector) (second *collector.Collector) {
	t.Helper()
	table := readTable(t)
	if err := await(t.Context(), func(ctx context.Context) error {
		got, err := scrape(ctx, first, table)
		if err == nil && got[series{"otelpool.requests", "gateway.bodies", "sizeclasses", "hit"}] == 0 {
			err = errors.New("nothing of the gateway's work has arrived")
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := first.Kill(); err != nil {
		t.Fatal(err)
	}
	select { // two export intervals: an outage that nobody notices is none
	case <-time.After(time.Second):
	case <-t.Context().Done():
	}
	return startCollector(t, first.Ports())
}

// listen serves connections on a free port until the end of the test.
func listen(t *testing.T, serve func(net.Conn)) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var open []net.Conn
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
			serving.Go(func() { serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, c := range open {
			c.Close()
		}
		mu.Unlock()
		serving.Wait()
	})
	return "http://" + l.Addr().String()
}

// proxy passes bytes on at once and answers late. It ends with either side or ctx.
func proxy(ctx context.Context, client net.Conn, backend string, delay time.Duration) {
	defer client.Close()
	server, err := net.Dial("tcp", backend)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(server, client)
		server.Close()
	}()
	buf := make([]byte, 32<<10)
	for {
		n, err := server.Read(buf)
		if err != nil {
			return
		}
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}
