// Compiling the libraries of Prometheus takes a minute: make test-deploy.
//go:build prometheus

package e2e_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql"
)

// dashboard is a page of Grafana as it is shipped.
type dashboard struct {
	Title      string
	Panels     []grafanaPanel
	Templating struct{ List []variable }
}

// grafanaPanel has a panel's queries; a folded row contains its panels.
type grafanaPanel struct {
	Title   string
	Targets []struct{ Expr string }
	Panels  []grafanaPanel
}

type variable struct {
	Name, Type, AllValue string
	IncludeAll           bool
	Query                json.RawMessage
}

func grafanaPages(t *testing.T) (pages []*dashboard) {
	t.Helper()
	for _, file := range files(t, "../deploy/grafana/dashboards/*.json") {
		page := new(dashboard)
		read(t, file, page)
		page.Templating.List = slices.DeleteFunc(page.Templating.List, func(v variable) bool { return v.Type != "query" })
		pages = append(pages, page)
	}
	return pages
}

// queries returns the queries of its panels.
func (d *dashboard) queries() []query { return d.asked(d.Title, d.Panels) }

func (d *dashboard) asked(where string, panels []grafanaPanel) (queries []query) {
	for _, p := range panels {
		for _, target := range p.Targets {
			queries = append(queries, query{where + ": " + p.Title, target.Expr, d})
		}
		queries = append(queries, d.asked(where+": "+p.Title, p.Panels)...)
	}
	return queries
}

// chosen are the values of a page's own variables, and of no others.
type chosen map[string]string

// pick is a reader's choice among the values of a variable.
type pick func(v *variable, values []string) string

// open is how Grafana opens a page: all, and where it takes one, the first.
func open(v *variable, values []string) string {
	if v.IncludeAll {
		return v.AllValue
	}
	return slices.Concat(values, []string{""})[0]
}

// every is a reader who has ticked each value.
func every(v *variable, values []string) string {
	if !v.IncludeAll || len(values) == 0 {
		return open(v, values)
	}
	return "(" + strings.Join(values, "|") + ")"
}

// with is a page that was opened by a link which sets a variable.
func with(name, value string) pick {
	return func(v *variable, values []string) string {
		if v.Name == name {
			return value
		}
		return open(v, values)
	}
}

// choose asks for the values of each variable, from the top down, as Grafana does,
// and picks of them.
func (d *dashboard) choose(t *testing.T, r *recording, pick pick) chosen {
	t.Helper()
	c := chosen{}
	for i := range d.Templating.List {
		v := &d.Templating.List[i]
		c[v.Name] = pick(v, r.values(t, v, c))
	}
	return c
}

var labelValues = regexp.MustCompile(`^label_values\((.*), ([a-z._]+)\)$`)

// values is Grafana's label_values in PromQL.
func (r *recording) values(t *testing.T, v *variable, above chosen) (values []string) {
	t.Helper()
	series, label := v.asks(t)
	m, err := r.store.Range(t.Context(), above.fill(t, fmt.Sprintf("group by (%s) (%s)", label, series)), r.first, r.last, scrapeMade)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range m {
		if value := s.Metric.Get(label); value != "" {
			values = append(values, value)
		}
	}
	slices.Sort(values)
	return values
}

func (v *variable) asks(t *testing.T) (series, label string) {
	t.Helper()
	var q struct{ Query string }
	err := json.Unmarshal(v.Query, &q)
	m := labelValues.FindStringSubmatch(q.Query)
	if m == nil {
		t.Fatalf("variable %s is not label_values(series, label): %v", v.Query, err)
	}
	return m[1], m[2]
}

var unknownVariable = regexp.MustCompile(`\$\{?[a-z_]\w*`)

// fill puts the values in. What the page does not define Grafana would leave as it
// stands: here it is an error.
func (c chosen) fill(t *testing.T, expr string) string {
	t.Helper()
	words := []string{"$__rate_interval", rateWindow}
	for name, value := range c {
		words = append(words, "$"+name, value)
	}
	filled := strings.NewReplacer(words...).Replace(expr)
	if left := unknownVariable.FindString(filled); left != "" {
		t.Errorf("%s is defined by no variable of the page: %s", left, expr)
	}
	return filled
}

// anything is the page's variables with whatever value.
func (d *dashboard) anything() chosen {
	c := chosen{}
	for _, v := range d.Templating.List {
		c[v.Name] = cmp.Or(v.AllValue, ".*")
	}
	return c
}

func TestEveryPanelAnswersForWhatItsPageLetsChoose(t *testing.T) {
	r := recorded(t)
	for _, page := range grafanaPages(t) {
		t.Run(page.Title, func(t *testing.T) {
			one := slices.ContainsFunc(page.Templating.List, func(v variable) bool { return !v.IncludeAll })
			if one {
				everyPool(t, r, page)
				return
			}
			for _, pick := range []pick{open, every} {
				c := page.choose(t, r, pick)
				for _, q := range page.queries() {
					if !r.answers(t, q, c) {
						t.Errorf("%s: no data for %v\n%s", q.where, c, q.expr)
					}
				}
			}
		})
	}
}

// everyPool opens a page of one pool with each pool on offer. No pool has all
// figures, but each panel has figures for some pool, and the first row for every
// pool.
func everyPool(t *testing.T, r *recording, page *dashboard) {
	t.Helper()
	last := page.Templating.List[len(page.Templating.List)-1]
	pools := r.values(t, &last, page.choose(t, r, open))
	answered := map[string]bool{}
	for _, pool := range pools {
		c, n := page.choose(t, r, with(last.Name, pool)), 0
		for _, q := range page.queries() {
			if r.answers(t, q, c) {
				answered[q.where+q.expr] = true
				n++
			}
		}
		if all := len(page.queries()); n < all/4 {
			t.Errorf("%s: %d of %d queries have data: the page is empty", pool, n, all)
		}
		t.Logf("%s: %d queries have data", pool, n)
	}
	for _, q := range page.queries() {
		if !answered[q.where+q.expr] {
			t.Errorf("%s: no data for any of %q\n%s", q.where, pools, q.expr)
		}
	}
}

// answers reports whether the query has data with those choices.
func (r *recording) answers(t *testing.T, q query, c chosen) bool {
	t.Helper()
	expr := c.fill(t, q.expr)
	m, err := r.store.Range(t.Context(), expr, r.first, r.last, scrapeMade)
	if err != nil {
		t.Errorf("%s: %v\n%s", q.where, err, expr)
	}
	return err == nil && figures(m)
}

// Whoever looks at one cluster sees nothing of another.
func TestPagesShowTheClusterChosenAlone(t *testing.T) {
	r := recorded(t)
	for _, page := range grafanaPages(t) {
		c := page.choose(t, r, with("cluster", elsewhere.cluster))
		if c["job"] == "" {
			t.Fatalf("%s lets choose no service", page.Title)
		}
		for _, q := range page.queries() {
			m, err := r.store.Range(t.Context(), c.fill(t, q.expr), r.first, r.last, scrapeMade)
			if err != nil {
				t.Errorf("%s: %v", q.where, err)
			}
			for _, s := range m {
				if job := s.Metric.Get("job"); job != "" && (job != elsewhere.job || s.Metric.Get("cluster") != elsewhere.cluster) {
					t.Errorf("%s shows %s", q.where, s.Metric)
				}
			}
		}
		for i := range page.Templating.List {
			v := &page.Templating.List[i]
			if got := r.values(t, v, c); v.Name == "job" && !slices.Equal(got, []string{elsewhere.job}) {
				t.Errorf("%s offers the services %q of cluster %s", page.Title, got, elsewhere.cluster)
			}
		}
	}
}

// A pool that leaks is the table's first line, and a steady service has no trouble.
func TestTheTableBeginsWithWhatIsInTrouble(t *testing.T) {
	r := recorded(t)
	page := grafanaPages(t)[slices.IndexFunc(grafanaPages(t), func(d *dashboard) bool { return strings.HasSuffix(d.Title, "Pools") })]
	i := slices.IndexFunc(page.queries(), func(q query) bool { return strings.Contains(q.expr, `"sign", "leaks"`) })
	c := page.choose(t, r, open)
	m, err := r.store.Range(t.Context(), c.fill(t, page.queries()[i].expr), r.last, r.last, scrapeMade)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(m, func(a, b promql.Series) int { return cmp.Compare(b.Floats[0].F, a.Floats[0].F) })
	worst := map[string]float64{}
	for _, s := range m {
		job := s.Metric.Get("job")
		worst[job] = max(worst[job], s.Floats[0].F)
		t.Logf("%.3f %s", s.Floats[0].F, s.Metric)
	}
	if worst["leak"] < 1 || m[0].Metric.Get("job") == "steady" || worst["steady"] > 0.2 {
		t.Errorf("the worst of each service: %v; want 1 for the leak, little for the steady one", worst)
	}
}

// A pool of fixed buffers rightly holds everything that is not in use, which is no
// hoarding. The page compares the others with the budget in force.
func TestHoldingIsSeenAgainstTheBudget(t *testing.T) {
	r := recorded(t)
	checked := 0
	for _, page := range grafanaPages(t) {
		for _, q := range page.queries() {
			if !strings.Contains(q.where, "budget") && !strings.Contains(q.where, "Held of") ||
				!strings.Contains(q.expr, "otelpool_pool_name") {
				continue
			}
			checked++
			if !strings.Contains(q.expr, `otelpool_pool_strategy!="fixed"`) ||
				!strings.Contains(q.expr, "otelpool_controller_memory_limit_bytes") {
				t.Errorf("%s: %s", q.where, q.expr)
			}
			m, err := r.store.Range(t.Context(), page.choose(t, r, with("job", "steady")).fill(t, q.expr), r.last, r.last, scrapeMade)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range m {
				if s.Floats[0].F > 1.05 {
					t.Errorf("%s: %v of the budget is held: %s", q.where, s.Floats[0].F, s.Metric)
				}
			}
		}
	}
	if checked < 2 {
		t.Errorf("%d panels compare with the budget", checked)
	}
}
