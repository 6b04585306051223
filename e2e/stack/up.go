package main

import (
	"context"
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
	"github.com/otelpool/pool/e2e/internal/collector"
)

const (
	healthyWithin = time.Minute // each; a fraction of a second on an idle machine
	endsWithin    = 15 * time.Second
)

// stack holds the running programs.
type stack struct {
	config    *config
	ports     ports
	dir       string // for the store's data and the gateway
	store     *child.Child
	gateway   *child.Child
	collector *collector.Collector
}

// up builds, starts, tells and waits. Whatever happens, nothing is left.
func up(ctx context.Context, c *config, out io.Writer) (err error) {
	s := &stack{config: c}
	if s.ports, err = choose(c.free); err != nil {
		return err
	}
	if s.dir, err = os.MkdirTemp("", "otelpool-stack-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(s.dir)) }()
	defer func() { err = errors.Join(err, s.down(out)) }()
	programs, err := build(ctx, s.dir, out)
	if err != nil {
		return err
	}
	if err := s.start(ctx, programs); err != nil {
		return err
	}
	figures, err := s.awaitFigures(ctx)
	if err != nil {
		return err
	}
	s.tell(out, figures)
	if c.once {
		return nil
	}
	return s.wait(ctx)
}

// start begins at the receiving end, so that nothing is sent before it can arrive.
func (s *stack) start(ctx context.Context, p programs) (err error) {
	ctx, cancel := context.WithTimeout(ctx, healthyWithin)
	defer cancel()
	if s.store, err = s.startStore(p.store); err != nil {
		return err
	}
	s.collector, err = collector.Start(ctx, collector.Options{
		Binary: p.collector, Ports: s.ports.collector,
		// Without the exporter that logs every batch: nobody reads this log.
		Overrides: []string{"service::pipelines::metrics::exporters: [prometheus]"},
	})
	if err != nil {
		return err
	}
	if s.gateway, err = s.startGateway(p.gateway); err != nil {
		return err
	}
	if err := s.store.Ready(ctx, s.storeURL()+"/health"); err != nil {
		return err
	}
	return s.gateway.Ready(ctx, s.gatewayURL()+"/healthz")
}

func (s *stack) startStore(binary string) (*child.Child, error) {
	pages := filepath.Join(s.dir, "dashboards")
	if err := os.Mkdir(pages, 0o700); err != nil {
		return nil, err
	}
	if err := s.writeDashboards(pages); err != nil {
		return nil, err
	}
	scrapes := filepath.Join(s.dir, "scrape.yml")
	if err := os.WriteFile(scrapes, []byte(s.scrapeConfig()), 0o600); err != nil {
		return nil, err
	}
	return child.Start("VictoriaMetrics", exec.Command(binary,
		"-httpListenAddr="+on(s.ports.store), "-storageDataPath="+filepath.Join(s.dir, "store"), "-retentionPeriod=1d",
		"-promscrape.config="+scrapes, "-vmui.customDashboardsPath="+pages, "-loggerLevel=WARN",
		"-search.latencyOffset=1s")) // a person waits: the last half minute is to be seen too
}

// scrapeConfig is the configuration of deploy/prometheus, for one target and with
// short intervals.
func (s *stack) scrapeConfig() string {
	return fmt.Sprintf(`scrape_configs:
  - job_name: otelpool
    scrape_interval: 2s
    honor_labels: true
    static_configs: [{targets: [%q]}]
`, on(s.ports.collector.Prometheus))
}

func (s *stack) startGateway(binary string) (*child.Child, error) {
	cmd := exec.Command(binary, "-scenario", s.config.scenario, "-rate", s.config.rate, "-listen", on(s.ports.gateway),
		"-debug", on(s.ports.debug), "-calibrate", "0")
	// What the caller's own environment says of exports is for other programs.
	cmd.Env = append(
		slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "OTEL_") }),
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://"+on(s.ports.collector.GRPC), "OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
		"OTEL_METRIC_EXPORT_INTERVAL=2000", "OTEL_SERVICE_NAME=gateway", "OTEL_RESOURCE_ATTRIBUTES=service.instance.id=gateway-1",
		"GOMEMLIMIT=256MiB")
	return child.Start("gateway", cmd)
}

// wait ends with the context, or with the first part that ends by itself.
func (s *stack) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-s.gateway.Exited:
		return s.gateway.Failure()
	case <-s.store.Exited:
		return s.store.Failure()
	}
}

// down ends what runs, the sender first, so that its last figures arrive.
func (s *stack) down(out io.Writer) (err error) {
	if s.gateway != nil {
		fmt.Fprintln(out, "stopping …")
		err = errors.Join(err, s.gateway.Stop(endsWithin))
	}
	if s.collector != nil {
		err = errors.Join(err, s.collector.Stop())
	}
	if s.store != nil {
		err = errors.Join(err, s.store.Stop(endsWithin))
	}
	return err
}

func (s *stack) storeURL() string   { return "http://" + on(s.ports.store) }
func (s *stack) gatewayURL() string { return "http://" + on(s.ports.gateway) }
func (s *stack) liveURL() string    { return "http://" + on(s.ports.debug) + "/debug/pools/" }
