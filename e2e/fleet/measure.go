package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/otelpool/pool/e2e/internal/built"
	"github.com/otelpool/pool/e2e/internal/child"
	"github.com/otelpool/pool/e2e/internal/collector"
)

type programs struct{ collector, prometheus string }

func build(ctx context.Context, stderr io.Writer) (p programs, err error) {
	fmt.Fprintln(stderr, "building the collector and Prometheus, unless they are: minutes, the first time")
	if p.collector, err = built.Collector.Binary(ctx, nil); err != nil {
		return p, err
	}
	p.prometheus, err = built.Prometheus.Binary(ctx, nil)
	return p, err
}

// result is the load of a fleet of one size, over the time measured.
type result struct {
	instances        int
	series           float64 // in Prometheus' head
	sent, refused    int64
	late             int64
	latency          time.Duration // of an export
	collector, store taken
	scrape           float64 // seconds that Prometheus took for one scrape of the collector
	seconds          float64
}

// taken is by one process.
type taken struct {
	cores  float64
	memory float64 // resident, at the end
}

const head = `| instances | series | exports/s | refused, late | export takes | collector CPU | memory | Prometheus CPU | memory | a scrape takes | bytes of memory a series, collector | Prometheus |
|---|---|---|---|---|---|---|---|---|---|---|---|
`

func (r *result) line() string {
	const mib = 1 << 20
	return fmt.Sprintf("| %d | %.0f | %.1f | %d, %d | %.1f ms | %.1f %% | %.0f MiB | %.1f %% | %.0f MiB | %.2f s | %.0f | %.0f |\n",
		r.instances, r.series, float64(r.sent)/r.seconds, r.refused, r.late, float64(r.latency.Microseconds())/1000,
		100*r.collector.cores, r.collector.memory/mib, 100*r.store.cores, r.store.memory/mib, r.scrape,
		r.collector.memory/max(r.series, 1), r.store.memory/max(r.series, 1))
}

// settle is a scrape and a bit: after an interval and this, Prometheus has all.
const settle = 20 * time.Second

// measure starts both programs, lets all instances export once and Prometheus
// scrape, and then measures.
func measure(ctx context.Context, c *config, p programs, t *template, n int) (r *result, err error) {
	options, err := c.collector(p.collector)
	if err != nil {
		return nil, err
	}
	prom, err := startPrometheus(ctx, p.prometheus, c.target(options.Ports), "--web.enable-remote-write-receiver")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, prom.stop()) }()
	options.Env = []string{"REMOTE_WRITE_URL=" + prom.url + "/api/v1/write"}
	col, err := collector.Start(ctx, options)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, col.Kill()) }()
	player, err := newPlayer(t, strings.TrimPrefix(col.GRPCEndpoint(), "http://"))
	if err != nil {
		return nil, err
	}
	playing, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { player.play(playing, n, c.interval); close(done) }()
	defer func() { stop(); <-done; err = errors.Join(err, player.conn.Close()) }()
	return watch(ctx, c, col, prom, player, n)
}

// collector is how to start it: as shipped, for either route into Prometheus.
func (c *config) collector(binary string) (o collector.Options, err error) {
	o.Binary = binary
	if o.Ports, err = collector.FreePorts(); err != nil {
		return o, err
	}
	if c.write {
		o.ConfigFile, err = built.RepoPath("deploy", "otelcol", "gateway.yaml")
	} else { // a log line for each batch is no part of this
		o.Overrides = []string{"service::pipelines::metrics::exporters: [prometheus]"}
	}
	if c.limit > 0 {
		o.Overrides = append(o.Overrides,
			fmt.Sprintf("processors::memory_limiter::limit_mib: %d", c.limit),
			fmt.Sprintf("processors::memory_limiter::spike_limit_mib: %d", c.limit/4))
	}
	return o, err
}

// target is the port to scrape: the collector's exporter, or its metrics about
// itself where it writes.
func (c *config) target(p collector.Ports) int {
	if c.write {
		return p.Telemetry
	}
	return p.Prometheus
}

func watch(ctx context.Context, c *config, col *collector.Collector, prom *prometheus, p *player, n int) (*result, error) {
	if err := sleep(ctx, c.interval+settle); err != nil {
		return nil, err
	}
	p.reset()
	start := time.Now()
	before, err := readAll(ctx, col, prom)
	if err != nil {
		return nil, err
	}
	if err := sleep(ctx, c.duration); err != nil {
		return nil, err
	}
	after, err := readAll(ctx, col, prom)
	if err != nil {
		return nil, err
	}
	seconds := time.Since(start).Seconds()
	r := &result{
		instances: n, seconds: seconds, sent: p.sent.Load(), refused: p.refused.Load(), late: p.late.Load(),
		series:    after.store[headSeries],
		collector: taken{(after.collector[collectorCPU] - before.collector[collectorCPU]) / seconds, after.collector[collectorRSS]},
		store:     taken{(after.store[storeCPU] - before.store[storeCPU]) / seconds, after.store[storeRSS]},
		scrape:    after.scrape[scrapeTime],
	}
	r.latency = time.Duration(p.took.Load() / max(r.sent, 1))
	return r, nil
}

// readings are figures by their names, summed.
type readings struct{ collector, store, scrape map[string]float64 }

// What is read, by its names.
const (
	collectorCPU = "otelcol_process_cpu_seconds"
	collectorRSS = "otelcol_process_memory_rss"
	storeCPU     = "process_cpu_seconds_total"
	storeRSS     = "process_resident_memory_bytes"
	headSeries   = "prometheus_tsdb_head_series"
	scrapeTime   = "scrape_duration_seconds"
)

func readAll(ctx context.Context, col *collector.Collector, prom *prometheus) (r readings, err error) {
	self, err := col.ScrapeSelf(ctx)
	if err != nil {
		return r, err
	}
	store, err := get(ctx, prom.url+"/metrics")
	if err != nil {
		return r, err
	}
	scrape, err := get(ctx, prom.url+`/federate?match[]={__name__=~"scrape_.*"}`)
	if err != nil {
		return r, err
	}
	for _, of := range []struct {
		into  *map[string]float64
		text  string
		names []string
	}{
		{&r.collector, self, []string{collectorCPU, collectorRSS}},
		{&r.store, store, []string{storeCPU, storeRSS, headSeries}},
		{&r.scrape, scrape, []string{scrapeTime}},
	} {
		if *of.into, err = figures(of.text, of.names); err != nil {
			return r, err
		}
	}
	return r, nil
}

// figures are the sums by name. All of the names must be there: one that a new
// version has renamed would else be measured as nothing.
func figures(text string, names []string) (map[string]float64, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	sums := map[string]float64{}
	for name, f := range families {
		for _, m := range f.GetMetric() {
			sums[name] += m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue()
		}
	}
	for _, name := range names {
		if _, ok := sums[name]; !ok {
			return nil, fmt.Errorf("no %s among %d metrics", name, len(sums))
		}
	}
	return sums, nil
}

// prometheus is a server with the shipped intervals, that scrapes one collector.
type prometheus struct {
	*child.Child
	url, dir string
}

func startPrometheus(ctx context.Context, binary string, target int, flags ...string) (p *prometheus, err error) {
	p = &prometheus{}
	if p.dir, err = os.MkdirTemp("", "otelpool-fleet-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(p.dir))
		}
	}()
	file := filepath.Join(p.dir, "prometheus.yml")
	config := fmt.Sprintf(`global: {scrape_interval: 15s, scrape_timeout: 14s}
scrape_configs: [{job_name: otelpool, honor_labels: true, static_configs: [{targets: ["127.0.0.1:%d"]}]}]
`, target)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, err
	}
	ports, err := collector.FreePorts()
	if err != nil {
		return nil, err
	}
	address := fmt.Sprintf("127.0.0.1:%d", ports.HTTP)
	p.url = "http://" + address
	p.Child, err = child.Start("prometheus", exec.Command(binary, append(
		flags,
		"--config.file="+file,
		"--storage.tsdb.path="+filepath.Join(p.dir, "data"),
		"--web.listen-address="+address,
		"--log.level=warn",
	)...))
	if err != nil {
		return nil, err
	}
	ready, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := p.Ready(ready, p.url+"/-/ready"); err != nil {
		return nil, errors.Join(err, p.Stop(time.Second))
	}
	return p, nil
}

func (p *prometheus) stop() error {
	return errors.Join(p.Stop(20*time.Second), os.RemoveAll(p.dir))
}

func get(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s", url, resp.Status)
	}
	return string(text), err
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
