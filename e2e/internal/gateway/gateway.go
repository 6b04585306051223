package gateway

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/otelpool/pool/e2e/internal/child"
)

// The protocols of OTEL_EXPORTER_OTLP_PROTOCOL that the gateway can speak.
const (
	GRPC = "grpc"
	HTTP = "http/protobuf"
)

// Options says which gateway to start. Those from Service on may be left out.
type Options struct {
	Binary   string
	Dir      string        // for the summary; must exist
	Protocol string        // GRPC or HTTP
	Endpoint string        // URL of the collector
	Duration time.Duration // how long it drives itself
	Service  string        // what it calls itself, with Instance; the constants unless set
	Instance string
	Flags    []string // further flags, after the ones for a repeatable run
	Env      []string // further environment, NAME=value
}

// Gateway is a running process. It ends by itself, or by Kill.
type Gateway struct {
	cmd     *exec.Cmd
	summary string
	out     bytes.Buffer  // of the process; read it after exited only
	exited  chan struct{} // closed when the process is gone and its output complete
	err     error         // of the process; read it after exited only
}

// Start runs a gateway that exports twice a second. What OTEL_* variables the
// caller's own environment has do not reach it.
func Start(o Options) (*Gateway, error) {
	g := &Gateway{summary: filepath.Join(o.Dir, "summary.json"), exited: make(chan struct{})}
	g.cmd = exec.Command(o.Binary, append([]string{
		"-scenario", "steady", "-rate", "100", "-duration", o.Duration.String(), "-seed", "1",
		"-listen", "127.0.0.1:0", "-calibrate", "0", "-summary-json", g.summary,
	}, o.Flags...)...)
	g.cmd.Env = append(
		slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "OTEL_") }),
		"OTEL_METRICS_EXPORTER=otlp",
		"OTEL_METRIC_EXPORT_INTERVAL=500",
		"OTEL_EXPORTER_OTLP_PROTOCOL="+o.Protocol,
		"OTEL_EXPORTER_OTLP_ENDPOINT="+o.Endpoint,
		"OTEL_SERVICE_NAME="+cmp.Or(o.Service, Service),
		"OTEL_RESOURCE_ATTRIBUTES=service.instance.id="+cmp.Or(o.Instance, Instance))
	g.cmd.Env = append(g.cmd.Env, o.Env...)
	g.cmd.Stdout, g.cmd.Stderr = &g.out, &g.out
	g.cmd.SysProcAttr = child.DieWithParent()
	if err := g.cmd.Start(); err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	go func() { // ends with the process
		g.err = g.cmd.Wait()
		close(g.exited)
	}()
	return g, nil
}

// What the gateway is to call itself: job and instance in Prometheus.
const (
	Service  = "e2e-gateway"
	Instance = "e2e-1"
)

// Wait returns the gateway's summary once it has ended, which must be without
// an error and before ctx does. An error carries the gateway's output.
func (g *Gateway) Wait(ctx context.Context) (*Summary, error) {
	select {
	case <-g.exited:
	case <-ctx.Done():
		return nil, fmt.Errorf("gateway: still running: %w\n%s", errors.Join(ctx.Err(), g.Kill()), g.Output())
	}
	if g.err != nil {
		return nil, fmt.Errorf("gateway: %w\n%s", g.err, g.Output())
	}
	text, err := os.ReadFile(g.summary)
	if err != nil {
		return nil, fmt.Errorf("gateway: no summary: %w\n%s", err, g.Output())
	}
	return parse(text)
}

// Running reports whether the process has not ended yet.
func (g *Gateway) Running() bool {
	select {
	case <-g.exited:
		return false
	default:
		return true
	}
}

// Kill ends the gateway if it has not ended, and returns when it is gone.
func (g *Gateway) Kill() error {
	if err := g.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("gateway: %w", err)
	}
	<-g.exited
	return nil
}

// Output returns what the gateway printed. It waits until it has ended.
func (g *Gateway) Output() string {
	<-g.exited
	return g.out.String()
}

// parse refuses what it does not know: a figure that the summary gains is to be
// compared as well.
func parse(text []byte) (*Summary, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	s := new(Summary)
	if err := d.Decode(s); err != nil && err != io.EOF {
		return nil, fmt.Errorf("gateway: summary: %w\n%s", err, text)
	}
	return s, nil
}
