// Compiling the libraries of Prometheus takes a minute: make test-deploy.
//go:build prometheus

package e2e_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql"
)

// query is an expression of a file that is shipped, and where it stands.
type query struct {
	where, expr string
	page        *dashboard // of Grafana, whose variables it may have
}

func TestEveryQueryOfVMUIAnswers(t *testing.T) {
	r := recorded(t)
	queries := vmuiQueries(t)
	for _, q := range queries {
		q.expr = aboveZero.ReplaceAllString(q.expr, ")$1") // what never happened here would have no line
		if !r.answers(t, q, chosen{}) {
			t.Errorf("%s: no data\n%s", q.where, q.expr)
		}
	}
	t.Logf("%d expressions answered with data", len(queries))
}

var aboveZero = regexp.MustCompile(`\) > 0(\) / [\d.]+)?$`)

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

// figures reports whether there is any figure. The NaN of a division by zero is
// none.
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

func grafanaQueries(t *testing.T) (queries []query) {
	t.Helper()
	for _, page := range grafanaPages(t) {
		queries = append(queries, page.queries()...)
	}
	return queries
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
					queries = append(
						queries,
						query{
							"VictoriaMetrics: " + page.Title + ": " + p.Title,
							strings.ReplaceAll(expr, "[1m]", "["+rateWindow+"]"),
							nil,
						},
					)
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
