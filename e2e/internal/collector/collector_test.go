package collector_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otelpool/pool/e2e/internal/built"
	"github.com/otelpool/pool/e2e/internal/collector"
	"github.com/otelpool/pool/internal/testcost"
)

// build is shared, so that parallel tests on a cold cache compile once. The
// context is nobody's in particular: go test's -timeout bounds the build.
var build = sync.OnceValues(func() (string, error) { return collector.Build(context.Background()) })

func TestShippedConfigIsValidAsItIs(t *testing.T) {
	t.Parallel()
	file, err := collector.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), binary(t), "validate", "--config", file).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("validate: %v\n%s", err, out)
	}
}

func TestCollectorLogsNoWarningFromStartToStop(t *testing.T) {
	t.Parallel()
	c := start(t, collector.Options{})
	post(t, c, request("e2e"))
	await(t, c, "pool_gets_total")
	if _, err := c.ScrapeSelf(t.Context()); err != nil {
		t.Error(err)
	}
	stopWithoutWarning(t, c)
}

// A setting that a later version will take for another, or not at all, is a warning.
func TestAgentAndGatewayLogNoWarningFromStartToStop(t *testing.T) {
	t.Parallel()
	stopWithoutWarning(t, start(t, collector.Options{ConfigFile: shipped(t, "gateway.yaml")}))
	to := start(t, collector.Options{})
	agent := start(t, collector.Options{
		ConfigFile: shipped(t, "agent.yaml"),
		Env:        []string{"OTEL_GATEWAY=" + strings.TrimPrefix(to.GRPCEndpoint(), "http://"), "OTEL_GATEWAY_PLAIN=true"},
		Overrides:  []string{"processors::batch::timeout: 200ms"},
	})
	post(t, agent, request("e2e"))
	await(t, to, "pool_gets_total")
	stopWithoutWarning(t, agent)
}

func stopWithoutWarning(t *testing.T, c *collector.Collector) {
	t.Helper()
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
	for line := range strings.Lines(c.Log()) {
		// Time, level, caller, message. Anything else, such as a panic or a warning
		// from before the logger is set up, is unexpected as well.
		if f := strings.Split(line, "\t"); len(f) < 4 || f[1] != "info" {
			t.Errorf("unexpected in the log: %s", line)
		}
	}
}

// shipped returns the path of another configuration than collector.ConfigFile's.
func shipped(t *testing.T, name string) string {
	t.Helper()
	path, err := built.RepoPath("deploy", "otelcol", name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCounterArrivesUnderItsPrometheusName(t *testing.T) {
	t.Parallel()
	c := start(t, collector.Options{})
	post(t, c, request(""))
	// {get} is an annotation, not a unit, and leaves no trace in the name.
	await(t, c, `pool_gets_total{instance="1",job="e2e/probe",otel_scope_name="probe",otel_scope_schema_url="",otel_scope_version=""} 42`)
	await(t, c, "# HELP pool_gets_total Gets from the pool.")
	await(t, c, `target_info{deployment_environment_name="local",instance="1",job="e2e/probe"} 1`)
}

func TestServiceKeepsTheEnvironmentItSets(t *testing.T) {
	t.Parallel()
	c := start(t, collector.Options{})
	post(t, c, request("staging"))
	await(t, c, `target_info{deployment_environment_name="staging",instance="1",job="e2e/probe"} 1`)
}

func TestKilledCollectorRestartsOnItsPorts(t *testing.T) {
	t.Parallel()
	first := start(t, collector.Options{})
	post(t, first, request("e2e"))
	if err := first.Kill(); err != nil {
		t.Fatal(err)
	}
	if text, err := first.Scrape(t.Context()); err == nil {
		t.Fatalf("a killed collector answers:\n%s", text)
	}
	second := start(t, collector.Options{Ports: first.Ports()})
	if second.HTTPEndpoint() != first.HTTPEndpoint() || second.GRPCEndpoint() != first.GRPCEndpoint() {
		t.Errorf("endpoints moved: %+v, then %+v", first.Ports(), second.Ports())
	}
	if text, err := second.Scrape(t.Context()); err != nil || strings.Contains(text, "pool_gets") {
		t.Errorf("a new collector has state: %v\n%s", err, text)
	}
	post(t, second, request("e2e"))
	await(t, second, "pool_gets_total")
}

// It takes the 6 s or so that net/http's server waits for such a connection.
func TestUnusedConnectionDoesNotGetTheCollectorKilled(t *testing.T) {
	t.Parallel()
	c := start(t, collector.Options{})
	conn, err := net.Dial("tcp", strings.TrimPrefix(c.HTTPEndpoint(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
}

func TestAbandonedScrapeDoesNotDelayStop(t *testing.T) {
	t.Parallel()
	testcost.Within(t, "a stop, which takes six seconds if a connection is open,", 4*time.Second, func() time.Duration {
		return stopAfterAbandonedScrapes(t)
	})
}

func stopAfterAbandonedScrapes(t *testing.T) time.Duration {
	t.Helper()
	c := start(t, collector.Options{})
	// Down from after the answer to before the dial, to meet the moments between;
	// upwards, a later scrape would use the connection that an earlier one left.
	for limit := time.Millisecond; limit > 0; limit -= 2 * time.Microsecond {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		_, _ = c.Scrape(ctx)
		cancel()
	}
	begin := time.Now()
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
	return time.Since(begin)
}

func TestRefusedConfigIsAnErrorWithTheCollectorsReason(t *testing.T) {
	t.Parallel()
	c, err := collector.Start(t.Context(), collector.Options{
		Binary: binary(t), Overrides: []string{"processors::batch::timeout: soon"},
	})
	if err == nil {
		t.Fatal("it started", c.Kill())
	}
	if !strings.Contains(err.Error(), "invalid duration") {
		t.Errorf("error has no reason: %v", err)
	}
}

func TestCancelledStartLeavesNoProcess(t *testing.T) {
	t.Parallel()
	ports, err := collector.FreePorts()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if c, err := collector.Start(ctx, collector.Options{Binary: binary(t), Ports: ports}); err == nil {
		t.Fatal("it started", c.Kill())
	}
	start(t, collector.Options{Ports: ports}) // fails if they are in use
}

// binary skips in short mode, as the first build takes a minute or two.
func binary(t *testing.T) string {
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

func start(t *testing.T, o collector.Options) *collector.Collector {
	t.Helper()
	o.Binary = binary(t)
	c, err := collector.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Stop() // some tests kill it
		if t.Failed() {
			t.Logf("collector's log:\n%s", c.Log())
		}
	})
	return c
}

// request is an OTLP/JSON export of one counter; environment "" sets none.
func request(environment string) string {
	attribute := func(k, v string) string {
		return fmt.Sprintf(`{"key": %q, "value": {"stringValue": %q}}`, k, v)
	}
	attributes := []string{
		attribute("service.namespace", "e2e"), attribute("service.name", "probe"), attribute("service.instance.id", "1"),
	}
	if environment != "" {
		attributes = append(attributes, attribute("deployment.environment.name", environment))
	}
	return fmt.Sprintf(`{"resourceMetrics": [{
		"resource": {"attributes": [%s]},
		"scopeMetrics": [{"scope": {"name": "probe"}, "metrics": [{
			"name": "pool.gets", "unit": "{get}", "description": "Gets from the pool.",
			"sum": {"aggregationTemporality": 2, "isMonotonic": true, "dataPoints": [{"asInt": "42", "timeUnixNano": "%d"}]}
		}]}]
	}]}`, strings.Join(attributes, ", "), time.Now().UnixNano())
}

func post(t *testing.T, c *collector.Collector, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.HTTPEndpoint()+"/v1/metrics", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	// Nothing is kept that could delay the collector's shutdown.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if answer, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK || string(answer) != `{"partialSuccess":{}}` {
		t.Fatalf("export: %s %s %v", resp.Status, answer, err)
	}
}

// await polls the exporter until it shows want; data takes a batch timeout.
func await(t *testing.T, c *collector.Collector, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for last := ""; ; {
		if text, err := c.Scrape(ctx); err == nil {
			last = text
		}
		if strings.Contains(last, want) {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("no %s in\n%s", want, last)
		case <-tick.C:
		}
	}
}

func TestMain(m *testing.M) {
	// A developer's own value would show up in target_info.
	os.Unsetenv("OTEL_DEPLOYMENT_ENVIRONMENT")
	os.Exit(m.Run())
}
