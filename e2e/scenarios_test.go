// Compiling the libraries of Prometheus takes a minute: make test-deploy.
//go:build prometheus

package e2e_test

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
)

// lit is the visible effect of a scenario: the alerts that fire, and a panel that
// shows it, by its highest figure.
type lit struct {
	scenario string
	alerts   []string
	may      []string // fire too: chance decides
	panel    string
	times    float64                         // how much higher it is
	than     func(f, calm []float64) float64 // given what it shows, and of a steady service
}

var lights = []lit{
	{"steady", nil, nil, "Hit ratio by instance, the 15 worst", 1, calmest},
	{"leak", []string{"OtelpoolSuspectedLeak"}, []string{"OtelpoolObjectsLost"}, "Growth of what is in use, the top 15", 5, calmest},
	{"squeeze", []string{"OtelpoolPressureHigh"}, []string{"OtelpoolPressureCritical"}, "Pressure by instance, the top 15", 1.5, calmest},
	{"burst", nil, nil, "Requests by result", 1.3, median},
}

// faults are alerts that say that the program is wrong, though they can wait for the day.
var faults = []string{"OtelpoolSuspectedLeak", "OtelpoolObjectsLost"}

// calmest is the height of a steady service.
func calmest(_, calm []float64) float64 { return slices.Max(calm) }

// median is the service's usual figure on the panel. The peaks of two services
// differ with the machine's other load.
func median(f, _ []float64) float64 {
	slices.Sort(f)
	return f[len(f)/2]
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
				serious := r.grave[name] == "critical" || slices.Contains(faults, name)
				if serious && !slices.Contains(slices.Concat(l.alerts, l.may), name) {
					t.Errorf("%s fired, without a cause", name)
				}
			}
			q := panelQuery(t, l.panel)
			shown := r.heights(t, q, l.scenario)
			peak, than := slices.Max(shown), l.than(shown, r.heights(t, q, "steady"))
			if peak < l.times*than {
				t.Errorf("%s shows up to %.2f; want %.1f times %.2f", l.panel, peak, l.times, than)
			}
			t.Logf("%s: alerts %q; %s: up to %.2f, compared with %.2f", l.scenario, fired, l.panel, peak, than)
		})
	}
}

// panelQuery is the first query of the panel of that title.
func panelQuery(t *testing.T, title string) query {
	t.Helper()
	for _, q := range grafanaQueries(t) {
		if strings.HasSuffix(q.where, ": "+title) {
			return q
		}
	}
	t.Fatalf("no panel %q", title)
	return query{}
}

// heights is the highest of the panel's series at each moment of the last two
// thirds: the first has the start.
func (r *recording) heights(t *testing.T, q query, job string) (heights []float64) {
	t.Helper()
	from := r.first.Add(r.last.Sub(r.first) / 3)
	m, err := r.store.Range(t.Context(), q.page.choose(t, r, with("job", job)).fill(t, q.expr), from, r.last, scrapeMade)
	if err != nil {
		t.Fatal(err)
	}
	at := map[int64]float64{}
	for _, s := range m {
		for _, p := range s.Floats {
			if !math.IsNaN(p.F) {
				at[p.T] = max(at[p.T], p.F)
			}
		}
	}
	if len(at) == 0 {
		t.Fatalf("no figure for %s: %s", job, q.expr)
	}
	return slices.Collect(maps.Values(at))
}
