package e2e_test

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
)

// lit is what somebody who looks sees of a scenario: which alerts fire, and a
// panel that shows it, by its highest figure over that of a steady service.
type lit struct {
	scenario string
	alerts   []string
	panel    string
	times    float64
}

var lights = []lit{
	{"steady", nil, "Hit ratio by instance, the 15 worst", 1},
	{"leak", []string{"OtelpoolSuspectedLeak"}, "Growth of what is in use, the top 15", 5},
	{"burst", nil, "Requests by result", 1.5},
}

func TestEveryScenarioLightsItsPanelAndItsAlert(t *testing.T) {
	r := recorded(t)
	for _, l := range lights {
		t.Run(l.scenario, func(t *testing.T) {
			fired := slices.Sorted(maps.Keys(r.fired[l.scenario]))
			for _, want := range l.alerts {
				if !slices.Contains(fired, want) {
					t.Errorf("%s did not fire; %q did", want, fired)
				}
			}
			for _, name := range fired {
				if r.grave[name] == "critical" && !slices.Contains(l.alerts, name) {
					t.Errorf("%s fired and is critical", name)
				}
			}
			expr := panelQuery(t, l.panel)
			shown, calm := r.peak(t, expr, l.scenario), r.peak(t, expr, "steady")
			if shown < l.times*calm {
				t.Errorf("%s shows %.2f, and %.2f when steady; want %.1f times as much", l.panel, shown, calm, l.times)
			}
			t.Logf("%s: alerts %q; %s: %.2f, %.2f when steady", l.scenario, fired, l.panel, shown, calm)
		})
	}
}

// panelQuery is the first query of the panel of that title.
func panelQuery(t *testing.T, title string) string {
	t.Helper()
	for _, q := range grafanaQueries(t) {
		if strings.HasSuffix(q.where, ": "+title) {
			return q.expr
		}
	}
	t.Fatalf("no panel %q", title)
	return ""
}

// peak is the highest figure in the last two thirds: the first has the start.
func (r *recording) peak(t *testing.T, expr, job string) float64 {
	t.Helper()
	from := r.first.Add(r.last.Sub(r.first) / 3)
	m, err := r.store.Range(t.Context(), choices{"", job, ".*", ".*", ".*"}.fill(expr), from, r.last, scrapeMade)
	if err != nil {
		t.Fatal(err)
	}
	highest := math.Inf(-1)
	for _, s := range m {
		for _, p := range s.Floats {
			if !math.IsNaN(p.F) {
				highest = max(highest, p.F)
			}
		}
	}
	if math.IsInf(highest, 0) {
		t.Fatalf("no figure for %s: %s", job, expr)
	}
	return highest
}
