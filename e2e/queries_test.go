// Compiling the libraries of Prometheus takes a minute: make test-deploy.
//go:build prometheus

package e2e_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql"

	"github.com/otelpool/pool/e2e/internal/promstore"
)

// query is an expression of a file that is shipped, and where it stands.
type query struct{ where, expr string }

// choices are what a reader of a dashboard may have chosen at its top.
type choices struct{ name, job, instance, strategy, pool string }

var everything = choices{"everything", ".*", ".*", ".*", ".*"}

// oneOf are the panels that need a pool or a service of their own kind: one that
// can wait, one that knows what it lost, one with a controller.
var oneOf = choices{"one instance", "steady|probe", "steady-0|probe-0", ".*", ".*"}

func TestEveryQueryOfADashboardAnswers(t *testing.T) {
	r := recorded(t)
	queries := append(grafanaQueries(t), vmuiQueries(t)...)
	for _, chosen := range []choices{everything, oneOf} {
		t.Run(chosen.name, func(t *testing.T) { r.ask(t, r.store, chosen, queries) })
	}
}

func (r *recording) ask(t *testing.T, store *promstore.Store, chosen choices, queries []query) {
	t.Helper()
	for _, q := range queries {
		expr := chosen.fill(q.expr)
		m, err := store.Range(t.Context(), expr, r.first, r.last, scrapeMade)
		if err != nil {
			t.Errorf("%s: %v\n%s", q.where, err, expr)
		} else if !figures(m) {
			t.Errorf("%s: no data\n%s", q.where, expr)
		}
	}
	t.Logf("%d expressions of dashboards answered with data", len(queries))
}

func TestEveryRuleAnswers(t *testing.T) {
	r := recorded(t)
	recordings, alerts := 0, 0
	for _, rule := range r.store.Rules() {
		m, err := r.store.Range(t.Context(), rule.Expr, r.first, r.last, scrapeMade)
		if err != nil {
			t.Errorf("%s: %v\n%s", rule.Name, err, rule.Expr)
		}
		if rule.Alert {
			alerts++ // whether it fires is a matter of its own tests
			continue
		}
		recordings++
		if !figures(m) {
			t.Errorf("%s: no data\n%s", rule.Name, rule.Expr)
		}
	}
	t.Logf("%d recording rules answered with data, %d alerts without an error", recordings, alerts)
}

// figures tells whether there is one at all. That of a division by zero is none.
func figures(m promql.Matrix) bool {
	for _, s := range m {
		for _, p := range s.Floats {
			if !math.IsNaN(p.F) {
				return true
			}
		}
	}
	return false
}

func (c choices) fill(expr string) string {
	return strings.NewReplacer(
		"$__rate_interval", rateWindow,
		"$job", c.job, "$instance", c.instance, "$strategy", c.strategy, "$pool", c.pool,
	).Replace(expr)
}

// grafanaPanel is what a panel asks; a row that is folded has its panels inside.
type grafanaPanel struct {
	Title   string
	Targets []struct{ Expr string }
	Panels  []grafanaPanel
}

func grafanaQueries(t *testing.T) (queries []query) {
	t.Helper()
	for _, file := range files(t, "../deploy/grafana/dashboards/*.json") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		queries = append(queries, queriesOf(t, text)...)
	}
	return queries
}

// queriesOf is what a dashboard of Grafana asks.
func queriesOf(t *testing.T, text []byte) (queries []query) {
	t.Helper()
	var page struct {
		Title      string
		Panels     []grafanaPanel
		Templating struct {
			List []struct {
				Name, Type string
				Query      json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(text, &page); err != nil {
		t.Fatal(err)
	}
	for _, v := range page.Templating.List {
		if v.Type == "query" {
			queries = append(queries, query{page.Title + ": variable " + v.Name, valuesOf(t, v.Query)})
		}
	}
	return append(queries, asked(page.Title, page.Panels)...)
}

func asked(where string, panels []grafanaPanel) (queries []query) {
	for _, p := range panels {
		for _, target := range p.Targets {
			queries = append(queries, query{where + ": " + p.Title, target.Expr})
		}
		queries = append(queries, asked(where+": "+p.Title, p.Panels)...)
	}
	return queries
}

var labelValues = regexp.MustCompile(`^label_values\((.*), ([a-z._]+)\)$`)

// valuesOf is Grafana's label_values in PromQL.
func valuesOf(t *testing.T, variable json.RawMessage) string {
	t.Helper()
	var v struct{ Query string }
	err := json.Unmarshal(variable, &v)
	m := labelValues.FindStringSubmatch(v.Query)
	if m == nil {
		t.Fatalf("variable %s is not label_values(series, label): %v", variable, err)
	}
	return fmt.Sprintf("group by (%q) (%s)", m[2], m[1])
}

func vmuiQueries(t *testing.T) (queries []query) {
	t.Helper()
	for _, file := range files(t, "../deploy/victoriametrics/dashboards/*.json") {
		var page struct {
			Title string
			Rows  []struct {
				Panels []struct {
					Title string
					Expr  []string
				}
			}
		}
		read(t, file, &page)
		for _, row := range page.Rows {
			for _, p := range row.Panels {
				for _, expr := range p.Expr {
					queries = append(queries, query{"VictoriaMetrics: " + page.Title + ": " + p.Title, strings.ReplaceAll(expr, "[1m]", "["+rateWindow+"]")})
				}
			}
		}
	}
	return queries
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: no files: %v", pattern, err)
	}
	return names
}

func read(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
