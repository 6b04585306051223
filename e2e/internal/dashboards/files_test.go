package dashboards

import (
	"bytes"
	"flag"
	"fmt"
	"math"
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
		compare(t, filepath.Join(deploy, "grafana", "dashboards", name), p.Grafana)
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
			if rest := p.expand(q.Expr); strings.Contains(rest, "@") {
				t.Errorf("%s: %s: a word that nobody expands", where, rest)
			}
			if rest := withoutChoices(q.Expr); panel.inLines() && strings.ContainsAny(rest, "@$") {
				t.Errorf("%s: %s: a choice is left, and that UI has none", where, rest)
			}
			if panel.View == Table && (q.Legend == "" || q.Unit == "") {
				t.Errorf("%s: %s: a column needs a head and a unit", where, q.Expr)
			}
		}
	})
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

// Readers have to distinguish neighbours in a legend without reading it: 25 is about
// twice the distance at which people confuse colours on poor screens.
func TestColoursOfAPanelDiffer(t *testing.T) {
	t.Parallel()
	const least = 25
	each(func(p *Page, _ *Row, panel *Panel) {
		for i, a := range panel.Colours {
			for _, b := range panel.Colours[:i] {
				same := a.colour == b.colour && strings.EqualFold(a.legend, b.legend)
				if d := distance(t, a.colour, b.colour); d < least && !same && shown(panel, a.legend) && shown(panel, b.legend) {
					t.Errorf("%s: %s: %s and %s differ by %.0f; want %d", p.UID, panel.Title, a.legend, b.legend, d, least)
				}
			}
		}
	})
}

// shown reports whether a panel can have a line of that legend: of a palette that is
// shared, a panel of fixed lines has some only.
func shown(p *Panel, legend string) bool {
	for _, q := range p.Queries {
		if q.Legend == legend || strings.HasPrefix(q.Legend, "{{") {
			return true
		}
	}
	return false
}

// distance is the colour distance of CIE 1976, in which 2 is barely visible.
func distance(t *testing.T, a, b colour) float64 {
	t.Helper()
	x, y := lab(t, a), lab(t, b)
	return math.Sqrt(math.Pow(x[0]-y[0], 2) + math.Pow(x[1]-y[1], 2) + math.Pow(x[2]-y[2], 2))
}

func lab(t *testing.T, c colour) [3]float64 {
	t.Helper()
	var rgb [3]uint8
	if _, err := fmt.Sscanf(string(c), "#%02x%02x%02x", &rgb[0], &rgb[1], &rgb[2]); err != nil {
		t.Fatalf("%s: %v", c, err)
	}
	var linear [3]float64
	for i, v := range rgb {
		linear[i] = math.Pow((float64(v)/255+0.055)/1.055, 2.4)
	}
	r, g, b := linear[0], linear[1], linear[2]
	x, y, z := (0.4124*r+0.3576*g+0.1805*b)/0.95047, 0.2126*r+0.7152*g+0.0722*b, (0.0193*r+0.1192*g+0.9505*b)/1.08883
	return [3]float64{116*math.Cbrt(y) - 16, 500 * (math.Cbrt(x) - math.Cbrt(y)), 200 * (math.Cbrt(y) - math.Cbrt(z))}
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
