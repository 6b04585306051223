package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/otelpool/pool/e2e/internal/built"
	"github.com/otelpool/pool/e2e/internal/collector"
)

func programsFor(t *testing.T) programs {
	t.Helper()
	p, err := build(context.WithoutCancel(t.Context()), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEveryInstanceArrives(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]bool{"scraped": false, "written": true} {
		t.Run(name, func(t *testing.T) { t.Parallel(); everyInstanceArrives(t, write) })
	}
}

func everyInstanceArrives(t *testing.T, write bool) {
	t.Helper()
	const instances = 3
	c := &config{pools: 2, interval: 5 * time.Second, duration: 10 * time.Second, write: write}
	p := programsFor(t)
	tmpl, err := record(t.Context(), c.pools, false)
	if err != nil {
		t.Fatal(err)
	}
	r, err := measure(t.Context(), c, p, tmpl, instances)
	if err != nil {
		t.Fatal(err)
	}
	// In addition there are up, Prometheus' own series of a scrape, and target_info.
	if want := float64(instances * tmpl.series); r.series < want || r.series > want+100 {
		t.Errorf("%.0f series; want those of %d instances, %.0f, and a few", r.series, instances, want)
	}
	if r.refused > 0 || r.sent == 0 || r.collector.memory == 0 || r.store.memory == 0 || r.store.cores <= 0 {
		t.Errorf("%+v: want exports, none refused, and what they took", *r)
	}
	t.Log("\n" + head + r.line())
}

// The configurations of docs/scaling.md, one after the other: what an agent is
// given is in the store, under the names and labels that dashboards ask for.
func TestAgentAndGatewayWriteWhatDashboardsRead(t *testing.T) {
	t.Parallel()
	p := programsFor(t)
	prom, err := startPrometheus(t.Context(), p.prometheus, 1, "--web.enable-remote-write-receiver")
	if err != nil {
		t.Fatal(err)
	}
	defer prom.stop()
	gateway := startCollector(t, p, "gateway.yaml", "REMOTE_WRITE_URL="+prom.url+"/api/v1/write")
	agent := startCollector(
		t,
		p,
		"agent.yaml",
		"OTEL_GATEWAY="+strings.TrimPrefix(gateway.GRPCEndpoint(), "http://"),
		"OTEL_GATEWAY_PLAIN=true",
	)
	tmpl, err := record(t.Context(), 2, false)
	if err != nil {
		t.Fatal(err)
	}
	player, err := newPlayer(tmpl, strings.TrimPrefix(agent.GRPCEndpoint(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer player.conn.Close()
	player.export(t.Context(), 7, 1)

	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	for {
		text, err := get(
			ctx,
			prom.url+"/api/v1/query?query="+url.QueryEscape(
				`count({job="fleet",instance="fleet-0007",__name__=~"otelpool_.+",otelpool_pool_name=~".+"})`,
			),
		)
		if err == nil && strings.Contains(text, fmt.Sprintf(`"%d"]`, tmpl.series)) {
			break
		}
		if ctx.Err() != nil {
			t.Fatalf("%v\n%s\n%s\n%s", err, text, agent.Log(), gateway.Log())
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			t.Fatalf("%s; want %d series", text, tmpl.series)
		}
	}
	for _, expr := range []string{
		`sum by (job, otelpool_pool_name) (otelpool_requests_total{otelpool_request_result="hit"})`,
		`sum by (job, otelpool_pool_name) (otelpool_memory_usage_bytes{otelpool_object_state="idle"})`,
	} {
		text, err := get(t.Context(), prom.url+"/api/v1/query?query="+url.QueryEscape(expr))
		var answer struct{ Data struct{ Result []any } }
		if err == nil {
			err = json.Unmarshal([]byte(text), &answer)
		}
		if err != nil || len(answer.Data.Result) == 0 {
			t.Errorf("%s: %v %s", expr, err, text)
		}
	}
}

func startCollector(t *testing.T, p programs, file string, env ...string) *collector.Collector {
	t.Helper()
	path, err := built.RepoPath("deploy", "otelcol", file)
	if err != nil {
		t.Fatal(err)
	}
	c, err := collector.Start(t.Context(), collector.Options{Binary: p.collector, ConfigFile: path, Env: env})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Kill(); err != nil {
			t.Error(err)
		}
		for line := range strings.Lines(c.Log()) {
			if strings.Contains(line, "\twarn\t") && strings.Contains(line, "deprecated") {
				t.Errorf("%s: %s", file, line)
			}
		}
	})
	return c
}

func TestMistakesOfTheCommandLineAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"-n", "10,x", "-pools", "0"}, &out, &errs); code != 2 {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{`-n "x"`, "-pools: use more than 0"} {
		if !strings.Contains(errs.String(), want) {
			t.Errorf("it says %q, and not %q", errs.String(), want)
		}
	}
}
