// Compiling the libraries of Prometheus takes a minute: make test-deploy.
//go:build prometheus

package e2e_test

import (
	"maps"
	"os"
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
var others = regexp.MustCompile(
	`^(ALERTS|up|go_memory_used_bytes|go_memory_limit_bytes|go_memory_allocated_bytes_total|go_memory_gc_goal_bytes|go_goroutine_count)$`,
)

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
	for _, l := range []string{
		"cluster", "namespace", "job", "instance", "pod", "otel_scope_name", "otel_scope_version", "otel_scope_schema_url", "le",
		"alertname", "alertstate", "alert", "otelpool_pool_name", "otelpool_pool_strategy", "otelpool_class_size",
	} {
		known[l] = true
	}
	queries := append(grafanaQueries(t), vmuiQueries(t)...)
	for _, rule := range s.Rules() {
		if !rule.Alert {
			metrics[rule.Name] = true
		}
		queries = append(queries, query{rule.Name, rule.Expr, nil})
	}
	unused := maps.Clone(metrics)
	for _, q := range queries {
		values := chosen{}
		if q.page != nil {
			values = q.page.anything()
		}
		names, labels := mentioned(t, q, values.fill(t, q.expr))
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

// Each value of an attribute has a colour of its own. Without one, a new value would
// get a colour by its name, which may be green for a drop.
func TestEveryValueHasItsColour(t *testing.T) {
	t.Parallel()
	values := map[string][]string{}
	for _, m := range readTable(t) {
		for _, a := range m.attributes {
			values["{{"+label(a.key)+"}}"] = a.values
		}
	}
	values["{{otelpool_controller_signal}}"] = signalNames(t)
	checked := 0
	for _, page := range dashboards.Pages() {
		for _, row := range page.Rows {
			for _, p := range row.Panels {
				for _, q := range p.Queries {
					for _, v := range values[q.Legend] {
						checked++
						if !p.Colours.Has(v) {
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

// signalNames are of the shipped sources: the table leaves them open, as a service
// may have signals of its own.
func signalNames(t *testing.T) (names []string) {
	t.Helper()
	for _, file := range files(t, "../adaptive/*.go") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\bsignal\("([a-z.]+)"`).FindAllStringSubmatch(string(text), -1) {
			names = append(names, m[1])
		}
	}
	if len(names) < 5 {
		t.Fatalf("%q in adaptive: does this test still see them?", names)
	}
	return names
}

// mentioned is the metrics that an expression names, and the labels it selects,
// groups or joins by.
func mentioned(t *testing.T, q query, expr string) (names, used []string) {
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
			keepsTargetsApart(t, q, n)
		case *parser.BinaryExpr:
			if n.VectorMatching != nil {
				if n.VectorMatching.On && q.rule() {
					t.Errorf("%s: on drops what tells clusters apart: say ignoring", q.where)
				}
				used = append(used, n.VectorMatching.MatchingLabels...)
			}
		}
		return nil
	})
	return slices.Compact(names), slices.Compact(used)
}

// rule reports whether it is one of Prometheus' rules, and of no page.
func (q query) rule() bool { return q.page == nil && !strings.HasPrefix(q.where, "VictoriaMetrics") }

// Rules drop otelpool's labels and those that distinguish replicas, by name, and
// keep all others: whatever a store uses for clusters, tenants or regions. Pages
// cannot, since a legend names its labels; they use the labels for clusters and
// namespaces of the Prometheus operator's and Mimir's mixins.
func keepsTargetsApart(t *testing.T, q query, n *parser.AggregateExpr) {
	t.Helper()
	has := func(labels ...string) bool {
		return !slices.ContainsFunc(labels, func(l string) bool { return !slices.Contains(n.Grouping, l) })
	}
	switch {
	case !q.rule() && n.Without:
		t.Errorf("%s: without keeps the labels of the scope, which change: say by\n%s", q.where, n)
	case !q.rule() && has("job") && !has("cluster", "namespace"):
		t.Errorf("%s: services of one name in two clusters are one line\n%s", q.where, n)
	case q.rule() && !n.Without:
		t.Errorf("%s: by drops what tells clusters apart: say without\n%s", q.where, n)
	case q.rule() && slices.ContainsFunc(n.Grouping, func(l string) bool { return l == "cluster" || l == "namespace" || l == "job" }):
		t.Errorf("%s: services are no longer told apart\n%s", q.where, n)
	case q.rule() && ofSeries(n.Expr) && !has("otel_scope_name", "otel_scope_version", "otel_scope_schema_url"):
		t.Errorf("%s: with each release of the library it has other labels\n%s", q.where, n)
	}
}

// ofSeries reports whether the expression is of series as they are scraped, and not of
// what a rule or an aggregation has made of them.
func ofSeries(e parser.Expr) (is bool) {
	parser.Inspect(e, func(n parser.Node, path []parser.Node) error {
		aggregated := slices.ContainsFunc(path, func(n parser.Node) bool { _, is := n.(*parser.AggregateExpr); return is })
		v, vector := n.(*parser.VectorSelector)
		is = is || vector && !aggregated && !strings.Contains(v.Name, ":")
		return nil
	})
	return is
}
