package dashboards

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the files that are made from the pages")

const deploy = "../../../deploy"

func TestFilesAreMadeFromThePages(t *testing.T) {
	t.Parallel()
	for i, p := range Pages() {
		name := p.UID + ".json"
		compare(t, filepath.Join(deploy, "grafana", "dashboards", name), func() ([]byte, error) { return p.Grafana(Names{}) })
		compare(t, filepath.Join(deploy, "victoriametrics", "dashboards", fmt.Sprintf("%d-%s", i+1, name)), p.VMUI) // that UI sorts by file
	}
}

func compare(t *testing.T, file string, made func() ([]byte, error)) {
	t.Helper()
	want, err := made()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what the pages make: go test ./internal/dashboards -update (%v)", file, err)
	}
}

func TestNamesWithDots(t *testing.T) {
	t.Parallel()
	n, err := UTF8()
	if err != nil {
		t.Fatal(err)
	}
	for plain, want := range map[string]string{
		`sum by (job, otelpool_pool_name) (rate(otelpool_requests_total{job="a",otelpool_request_result="hit"}[5m]))`: `sum by (job, "otelpool.pool.name") (rate({"otelpool.requests_total",job="a","otelpool.request.result"="hit"}[5m]))`,
		`otelpool_memory_limit_bytes > 0 or go_goroutine_count{}`:                                                     `{"otelpool.memory.limit_bytes"} > 0 or {"go.goroutine.count"}`,
		`otelpool_object_count{otelpool_object_state="used"}`:                                                         `{"otelpool.object.count","otelpool.object.state"="used"}`,
		`job_pool:otelpool_hit_ratio:rate5m < 0.5`:                                                                    `job_pool:otelpool_hit_ratio:rate5m < 0.5`,
		`{__name__=~"otelpool_.+",otel_metric_overflow="true"}`:                                                       `{__name__=~"otelpool_.+","otel.metric.overflow"="true"}`,
	} {
		if got := n.Expr(plain); got != want {
			t.Errorf("%s\nis %s\nwant %s", plain, got, want)
		}
	}
	if got, want := n.legend("{{job}} {{otelpool_pool_name}}"), "{{job}} {{otelpool.pool.name}}"; got != want {
		t.Errorf("legend %s; want %s", got, want)
	}
	if got, want := n.Rules(`"{{ $labels.job }}: {{ $labels.otelpool_pool_name }}"`), "\"{{ $labels.job }}: {{ index $labels `otelpool.pool.name` }}\""; got != want {
		t.Errorf("annotation %s; want %s", got, want)
	}
}

// The rules of the package's comment that a machine can check.
func TestPagesKeepTheRules(t *testing.T) {
	t.Parallel()
	each(func(p *Page, r *Row, panel *Panel) {
		where := p.UID + ": " + r.Question + ": " + panel.Title
		if !strings.HasSuffix(r.Question, "?") {
			t.Errorf("%s: the row asks nothing", where)
		}
		if panel.Title == "" || panel.Description == "" || panel.Empty == "" || panel.Unit == "" && panel.View != Table {
			t.Errorf("%s: a panel needs a title, a description, a unit and a word for when it is empty", where)
		}
		for _, q := range panel.Queries {
			if strings.Contains(q.Expr, "otel_scope") {
				t.Errorf("%s: %s: scope labels change with each release", where, q.Expr)
			}
			if rest := expand(q.Expr); strings.Contains(rest, "@") {
				t.Errorf("%s: %s: a word that nobody expands", where, rest)
			}
			if rest := withoutChoices(q.Expr); strings.ContainsAny(rest, "@$") {
				t.Errorf("%s: %s: a choice is left, and that UI has none", where, rest)
			}
			if panel.View == Table && (q.Legend == "" || q.Unit == "") {
				t.Errorf("%s: %s: a column needs a head and a unit", where, q.Expr)
			}
		}
	})
}

func TestPanelsOfAPageDoNotOverlap(t *testing.T) {
	t.Parallel()
	for _, p := range Pages() {
		taken := map[[2]int]string{}
		for _, o := range p.panels(Names{}) {
			at, title := o["gridPos"].(object), o["title"].(string)
			x, y, w, h := at["x"].(int), at["y"].(int), at["w"].(int), at["h"].(int)
			if x+w > columns {
				t.Errorf("%s: %s ends in column %d of %d", p.UID, title, x+w, columns)
			}
			for dx := range w {
				for dy := range h {
					cell := [2]int{x + dx, y + dy}
					if other, is := taken[cell]; is {
						t.Fatalf("%s: %s lies on %s", p.UID, title, other)
					}
					taken[cell] = title
				}
			}
		}
	}
}

// A name of a series is one colour wherever it appears.
func TestColoursMeanOneThing(t *testing.T) {
	t.Parallel()
	means := map[string]map[colour]bool{}
	each(func(_ *Page, _ *Row, panel *Panel) {
		for _, c := range panel.Colours {
			if means[c.legend] == nil {
				means[c.legend] = map[colour]bool{}
			}
			means[c.legend][c.colour] = true
		}
	})
	for legend, colours := range means {
		if len(colours) > 1 {
			t.Errorf("%s is %d colours: %v", legend, len(colours), colours)
		}
	}
}

func each(do func(*Page, *Row, *Panel)) {
	for _, p := range Pages() {
		for _, r := range p.Rows {
			for i := range r.Panels {
				do(&p, &r, &r.Panels[i])
			}
		}
	}
}
