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
		for _, o := range p.panels() {
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
