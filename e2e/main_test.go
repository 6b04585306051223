package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/otelpool/pool/e2e/internal/collector"
	"github.com/otelpool/pool/e2e/internal/gateway"
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "otelpool-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	buildDir = dir
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

var buildDir string // for programs that are not cached

type binaries struct{ collector, gateway string }

// build is shared by all tests. The context is nobody's in particular: go test's
// -timeout bounds the build.
var build = sync.OnceValues(func() (b binaries, err error) {
	var errs [2]error
	var wg sync.WaitGroup
	wg.Go(func() { b.collector, errs[0] = collector.Build(context.Background()) })
	wg.Go(func() { b.gateway, errs[1] = gateway.Build(context.Background(), buildDir) })
	wg.Wait()
	return b, errors.Join(errs[:]...)
})

// built skips in short mode: the first builds take minutes.
func built(t *testing.T) binaries {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: building the collector takes minutes the first time")
	}
	b, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var noPorts collector.Ports // free ones

// startCollector is killed, and its log shown, at the end of the test.
func startCollector(t *testing.T, ports collector.Ports) *collector.Collector {
	t.Helper()
	c, err := collector.Start(t.Context(), collector.Options{Binary: built(t).collector, Ports: ports})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Kill() // nothing is left to flush; that a stop is clean is internal/collector's test
		if t.Failed() {
			t.Logf("collector's log:\n%s", c.Log())
		}
	})
	return c
}

// startGateway exports to the endpoint. At the end of the test nothing is left
// of it.
func startGateway(t *testing.T, protocol, endpoint string, duration time.Duration) *gateway.Gateway {
	t.Helper()
	g, err := gateway.Start(gateway.Options{
		Binary: built(t).gateway, Dir: t.TempDir(), Protocol: protocol, Endpoint: endpoint, Duration: duration,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Kill(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("gateway's output:\n%s", g.Output())
		}
	})
	return g
}

// exitBound is how long a gateway may take to end after its duration: draining
// and the last export may take 5 s each, the rest is for slow machines.
const exitBound = time.Minute

// finish waits for the gateway's end and checks that it did its work: a run in
// which requests fail compares nothing.
func finish(t *testing.T, g *gateway.Gateway, duration time.Duration) *gateway.Summary {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), duration+exitBound)
	defer cancel()
	s, err := g.Wait(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if s.Run.Requests == 0 || s.Run.Failed > 0 || len(s.Pools) == 0 {
		t.Errorf("%d requests were answered, %d failed, %d pools; want some, none, some", s.Run.Requests, s.Run.Failed, len(s.Pools))
	}
	return s
}

func endpoint(c *collector.Collector, protocol string) string {
	if protocol == gateway.GRPC {
		return c.GRPCEndpoint()
	}
	return c.HTTPEndpoint()
}

var protocols = []string{gateway.GRPC, gateway.HTTP}

// await polls until check has no complaint, and returns the last one otherwise.
// Data takes the collector's batch timeout.
func await(ctx context.Context, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for last := errors.New("nothing"); ; {
		err := check(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil { // else it may only say that time is up
			last = err
		}
		select {
		case <-ctx.Done():
			return last
		case <-tick.C:
		}
	}
}
