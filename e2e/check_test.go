package e2e_test

import (
	"strings"
	"testing"
)

// sample is a collector's output for one metric, without a fault.
const sample = `# HELP otelpool_requests_total Objects requested from the pool, by result.
# TYPE otelpool_requests_total counter
otelpool_requests_total{instance="e2e-1",job="e2e-gateway",otel_scope_name="github.com/otelpool/pool/otelpool",otel_scope_schema_url="",otel_scope_version="0.1.0",otelpool_pool_name="p",otelpool_pool_strategy="fixed",otelpool_request_result="hit"} 42
# HELP up Nothing of ours.
# TYPE up gauge
up 1
`

func TestParseReadsASeriesOfTheTable(t *testing.T) {
	got, err := parse(sample, readTable(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := difference(got, map[series]float64{{"otelpool.requests", "p", "fixed", "hit"}: 42}); err != nil {
		t.Error(err)
	}
}

func TestParseRefusesWhatTheTableDoesNotPromise(t *testing.T) {
	table := readTable(t)
	for name, change := range map[string][2]string{
		"name":           {"otelpool_requests_total", "otelpool_request_total"},
		"type":           {"total counter", "total gauge"},
		"description":    {"by result.", "by outcome."},
		"job":            {"e2e-gateway", "unknown_service"},
		"scope":          {"/otelpool\"", "/other\""},
		"missing label":  {`otelpool_pool_strategy="fixed",`, ""},
		"label too many": {`{instance`, `{extra="1",instance`},
		"label's value":  {`"hit"`, `"hits"`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := parse(strings.ReplaceAll(sample, change[0], change[1]), table); err == nil {
				t.Errorf("%q instead of %q passes", change[1], change[0])
			}
		})
	}
}

func TestDifferenceNamesEverySeriesThatDiffers(t *testing.T) {
	a, b, c := series{metric: "a"}, series{metric: "b"}, series{metric: "c"}
	err := difference(map[series]float64{a: 1, b: 2}, map[series]float64{b: 3, c: 4})
	if err == nil {
		t.Fatal("no difference found")
	}
	for _, want := range []string{"a: 1, want none", "b: 2, want 3", "c: absent, want 4"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v: does not say %q", err, want)
		}
	}
}
