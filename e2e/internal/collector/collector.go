package collector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/otelpool/pool/e2e/internal/child"
)

const (
	// startTimeout is generous: a start takes a fraction of a second, but a
	// machine that compiles in parallel may need many times that.
	startTimeout = 2 * time.Minute
	// stopTimeout exceeds what one connection without a request costs: net/http's
	// server waits about 6 s for it at shutdown (golang/go#22682), and an exporter
	// that gave up while dialling leaves one. Otherwise a stop takes milliseconds.
	stopTimeout = time.Minute
	// pollInterval trades an idle wait for wakeups; both hardly matter.
	pollInterval = 10 * time.Millisecond
)

// Options says which collector to start. Only Binary is required.
type Options struct {
	// Binary is the path that Build returned.
	Binary string
	// ConfigFile is the configuration; "" means the shipped one, see ConfigFile.
	ConfigFile string
	// Overrides are further settings, each one key and its value in YAML with ::
	// between the parts of the key: "processors::batch::timeout: 1s". They win over
	// ConfigFile and over the moved ports. A list is replaced as a whole.
	Overrides []string
	// Ports are the ports to listen on; the zero value means free ones.
	Ports Ports
	// Env is further environment, NAME=value: what the configuration asks for.
	Env []string
}

// Collector is a running collector process. Its methods are safe for concurrent
// use. It must be ended with Stop or Kill.
type Collector struct {
	cmd    *exec.Cmd
	client http.Client
	ports  Ports
	log    logBuffer
	exited chan struct{} // closed when the process is gone and its log complete
	err    error         // of the process; read it after exited only
}

// Start runs a collector and returns when it is ready to receive. The context
// bounds the wait, not the life of the process, so that t.Context, which ends
// before cleanup functions run, leaves the collector to its Stop. An error
// carries the collector's log.
func Start(ctx context.Context, o Options) (*Collector, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	c := &Collector{ports: o.Ports, exited: make(chan struct{})}
	// Keeping no connection matters beyond requests: a dial that outlasts its
	// context would go to the idle pool and delay the collector's shutdown.
	c.client.Transport = &http.Transport{DisableKeepAlives: true}
	c.cmd = exec.Command(o.Binary, o.arguments()...)
	c.cmd.Env = append(os.Environ(),
		"OTEL_LISTEN="+loopback, "OTEL_TELEMETRY_PORT="+strconv.Itoa(o.Ports.Telemetry))
	c.cmd.Env = append(c.cmd.Env, o.Env...)
	c.cmd.Stdout, c.cmd.Stderr = &c.log, &c.log
	c.cmd.SysProcAttr = child.DieWithParent()
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("collector: %w", err)
	}
	go c.wait() // ends with the process
	if err := c.awaitReady(ctx); err != nil {
		return nil, fmt.Errorf("collector: %w\n%s", errors.Join(err, c.Kill()), c.Log())
	}
	return c, nil
}

// complete fills in the defaults.
func (o *Options) complete() (err error) {
	if o.ConfigFile == "" {
		if o.ConfigFile, err = ConfigFile(); err != nil {
			return err
		}
	}
	if o.Ports == (Ports{}) {
		o.Ports, err = FreePorts()
	}
	return err
}

// arguments move the ports by a --config each, which the collector merges in
// order. The port of its own metrics is not among them, as it is inside a list:
// the configuration has a variable for it.
func (o *Options) arguments() []string {
	args := []string{"--config", o.ConfigFile}
	for _, setting := range append([]string{
		"receivers::otlp::protocols::grpc::endpoint: " + address(o.Ports.GRPC),
		"receivers::otlp::protocols::http::endpoint: " + address(o.Ports.HTTP),
		"exporters::prometheus::endpoint: " + address(o.Ports.Prometheus),
		"extensions::health_check::endpoint: " + address(o.Ports.Health),
	}, o.Overrides...) {
		args = append(args, "--config", "yaml:"+setting)
	}
	return args
}

func (c *Collector) wait() {
	c.err = c.cmd.Wait()
	close(c.exited)
}

// awaitReady polls the health check, which answers 200 once every component has
// been started and the receivers listen.
func (c *Collector) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		_, err := c.get(ctx, "http://"+address(c.ports.Health))
		if err == nil {
			return nil
		}
		select {
		case <-c.exited:
			return fmt.Errorf("ended before it was ready: %v", c.cmd.ProcessState)
		case <-ctx.Done():
			return fmt.Errorf("not ready: %w, last: %w", ctx.Err(), err)
		case <-tick.C:
		}
	}
}

// Stop asks the collector to flush and end, and kills it if it has not after a
// few seconds, which is an error, as is a failed shutdown. Stopping a collector
// again returns the same; the result after Kill says that it was killed.
func (c *Collector) Stop() error {
	if err := c.signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-c.exited:
		if c.err != nil && !endedBy(c.err, syscall.SIGTERM) {
			return fmt.Errorf("collector: %w", c.err)
		}
		return nil
	case <-time.After(stopTimeout):
		return errors.Join(fmt.Errorf("collector: still running %v after SIGTERM", stopTimeout), c.Kill())
	}
}

// endedBy reports whether a process did not live to handle the signal: a collector
// says that it is ready, and has begun nothing else, before it asks for signals.
func endedBy(err error, s syscall.Signal) bool {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == s
}

// Kill ends the collector without a chance to flush, as a crash would, and
// returns when it is gone and its ports are free.
func (c *Collector) Kill() error {
	if err := c.signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-c.exited
	return nil
}

func (c *Collector) signal(s os.Signal) error {
	if err := c.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("collector: %v: %w", s, err)
	}
	return nil
}

// Ports returns the ports in use, to start another collector on them later.
func (c *Collector) Ports() Ports { return c.ports }

// GRPCEndpoint returns the URL for OTLP over gRPC, in the form that
// OTEL_EXPORTER_OTLP_ENDPOINT and WithEndpointURL expect.
func (c *Collector) GRPCEndpoint() string { return "http://" + address(c.ports.GRPC) }

// HTTPEndpoint returns the base URL for OTLP over HTTP, in the form that
// OTEL_EXPORTER_OTLP_ENDPOINT expects; metrics go to /v1/metrics below it.
func (c *Collector) HTTPEndpoint() string { return "http://" + address(c.ports.HTTP) }

// Scrape returns what the prometheus exporter shows, in the text format 0.0.4,
// which expfmt parses. Data arrives here a batch timeout after its export.
func (c *Collector) Scrape(ctx context.Context) (string, error) {
	return c.get(ctx, "http://"+address(c.ports.Prometheus)+"/metrics")
}

// ScrapeSelf returns the collector's metrics about itself: what it has received,
// refused and sent.
func (c *Collector) ScrapeSelf(ctx context.Context) (string, error) {
	return c.get(ctx, "http://"+address(c.ports.Telemetry)+"/metrics")
}

// Log returns what the collector has logged so far; after Stop or Kill all of it.
func (c *Collector) Log() string { return c.log.String() }

func (c *Collector) get(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", fmt.Errorf("collector: %w", err)
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return "", fmt.Errorf("collector: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", fmt.Errorf("collector: GET %s: %w", url, err)
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("collector: GET %s: %s: %s", url, resp.Status, body)
	}
	return string(body), nil
}
