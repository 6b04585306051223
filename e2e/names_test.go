// Compiling the libraries of Prometheus takes a minute: make test-deploy.
//go:build prometheus

package e2e_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/otelpool/pool/e2e/internal/dashboards"
	"github.com/otelpool/pool/e2e/internal/promstore"
)

// others are metrics that queries may name and that are not otelpool's: Go's, as
// contrib's runtime package names them, and Prometheus' own.
var others = regexp.MustCompile(`^(ALERTS|up|go_memory_used_bytes|go_memory_limit_bytes|go_memory_allocated_bytes_total|go_memory_gc_goal_bytes|go_goroutine_count)$`)

// A query that names a metric wrongly finds nothing, which looks like a quiet
// service.
func TestQueriesNameWhatThereIs(t *testing.T) {
	t.Parallel()
	s, err := promstore.Open(t.TempDir(), rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	metrics, known := map[string]bool{}, map[string]bool{}
	for _, m := range readTable(t) {
		metrics[m.prometheus] = true
		if m.instrument == "histogram" {
			metrics[m.prometheus+"_bucket"] = true
		}
		for _, a := range m.attributes {
			known[label(a.key)] = true
		}
	}
	for _, l := range []string{"job", "instance", "le", "alertname", "alertstate", "otelpool_pool_name", "otelpool_pool_strategy", "otelpool_class_size"} {
		known[l] = true
	}
	queries := append(grafanaQueries(t), vmuiQueries(t)...)
	for _, rule := range s.Rules() {
		if !rule.Alert {
			metrics[rule.Name] = true
		}
		queries = append(queries, query{rule.Name, rule.Expr})
	}
	unused := maps.Clone(metrics)
	for _, q := range queries {
		names, labels := mentioned(t, everything.fill(q.expr))
		for _, n := range names {
			delete(unused, n)
			if !metrics[n] && !others.MatchString(n) {
				t.Errorf("%s: there is no metric %s", q.where, n)
			}
		}
		for _, l := range labels {
			if !known[l] && l != "otel_metric_overflow" {
				t.Errorf("%s: there is no label %s", q.where, l)
			}
		}
	}
	for name := range unused {
		if strings.HasPrefix(name, "otelpool_") && !metrics[name+"_bucket"] {
			t.Errorf("%s is on no dashboard and in no rule", name)
		}
	}
	t.Logf("%d expressions name %d metrics", len(queries), len(metrics)-len(unused))
}

// A value that an attribute gains is to have its colour: without, it would have that
// of its name, which may be green for a drop.
func TestEveryValueHasItsColour(t *testing.T) {
	t.Parallel()
	values := map[string][]string{}
	for _, m := range readTable(t) {
		for _, a := range m.attributes {
			values["{{"+label(a.key)+"}}"] = a.values
		}
	}
	checked := 0
	for _, page := range dashboards.Pages() {
		for _, row := range page.Rows {
			for _, p := range row.Panels {
				for _, q := range p.Queries {
					for _, v := range values[q.Legend] {
						checked++
						if !p.Colours.Has(v) && q.Legend != "{{otelpool_resize_direction}}" {
							t.Errorf("%s: %s: %s has no colour", page.Title, p.Title, v)
						}
					}
				}
			}
		}
	}
	if checked < 30 {
		t.Errorf("%d values: do panels show none any more?", checked)
	}
}

// mentioned is the metrics that an expression names, and the labels it selects,
// groups or joins by.
func mentioned(t *testing.T, expr string) (names, used []string) {
	t.Helper()
	e, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		t.Fatalf("%v\n%s", err, expr)
	}
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		switch n := n.(type) {
		case *parser.VectorSelector:
			for _, m := range n.LabelMatchers {
				if m.Name != model.MetricNameLabel {
					used = append(used, m.Name)
				} else if m.Type == labels.MatchEqual {
					names = append(names, m.Value)
				}
			}
		case *parser.AggregateExpr:
			used = append(used, n.Grouping...)
			if n.Without {
				t.Errorf("%s: without keeps the labels of the scope, which change: say by", expr)
			}
		case *parser.BinaryExpr:
			if n.VectorMatching != nil {
				used = append(used, n.VectorMatching.MatchingLabels...)
			}
		}
		return nil
	})
	return slices.Compact(names), slices.Compact(used)
}
