package dashboards

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// board has the parts of a page's JSON that the checks here read.
type board struct {
	UID        string
	Panels     []boardPanel
	Templating struct{ List []boardVariable }
}

type boardVariable struct {
	Name  string
	Query json.RawMessage
}

type boardPanel struct {
	Title, Type string
	GridPos     struct{ X, Y, W, H int }
	Collapsed   bool
	Panels      []boardPanel
	Targets     []struct{ Expr, LegendFormat, Format string }

	Transformations []struct {
		Options struct {
			IndexByName  map[string]int
			RenameByName map[string]string
		}
	}
	Options struct {
		Legend struct {
			DisplayMode string
			ShowLegend  bool
			Calcs       []string
		}
		SortBy     []struct{ DisplayName string }
		YAxis      struct{ Unit string }
		CellValues struct{ Unit string }
	}
	FieldConfig struct {
		Defaults struct {
			Unit, NoValue string
			Custom        struct {
				Stacking  struct{ Mode string }
				AxisWidth int
			}
		}
		Overrides []struct {
			Matcher struct {
				ID      string
				Options json.RawMessage
			}
			Properties []struct {
				ID    string
				Value any
			}
		}
	}
}

// boards are the pages as they are made.
func boards(t *testing.T) (all []board) {
	t.Helper()
	for _, p := range Pages() {
		text, err := p.Grafana()
		if err != nil {
			t.Fatal(err)
		}
		var b board
		if err := json.Unmarshal(text, &b); err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

// flat is all panels, those inside of folded rows too, and no rows.
func (b *board) flat() (panels []boardPanel) {
	for _, p := range b.Panels {
		panels = append(panels, p.Panels...)
		if p.Type != "row" {
			panels = append(panels, p)
		}
	}
	return panels
}

var (
	variableUsed = regexp.MustCompile(`\$(?:\{(\w+)|(\w+))`)
	variableSet  = regexp.MustCompile(`var-(\w+)=`)
)

// given has Grafana's own variables, in addition to a page's.
var given = map[string]bool{"__rate_interval": true, "__field": true, "__data": true, "__url_time_range": true}

// Grafana leaves a variable that a page does not define as it stands, which matches
// nothing: the page looks as if there were no data.
func TestEveryVariableIsDefinedOnItsPage(t *testing.T) {
	t.Parallel()
	all := boards(t)
	defined := map[string]map[string]bool{}
	for _, b := range all {
		defined[b.UID] = maps.Clone(given)
		for _, v := range b.Templating.List {
			for _, used := range variableUsed.FindAllStringSubmatch(string(v.Query), -1) {
				if !defined[b.UID][used[1]+used[2]] {
					t.Errorf("%s: the values of %s take %s, which is not above it", b.UID, v.Name, used[0])
				}
			}
			defined[b.UID][v.Name] = true
		}
	}
	for _, b := range all {
		text, err := json.Marshal(b.flat())
		if err != nil {
			t.Fatal(err)
		}
		used := 0
		for _, m := range variableUsed.FindAllStringSubmatch(string(text), -1) {
			used++
			if name := m[1] + m[2]; !defined[b.UID][name] && name != "1" { // $1 is label_replace's
				t.Errorf("%s: a panel uses $%s, which the page does not define", b.UID, name)
			}
		}
		if used < 20 {
			t.Errorf("%s: %d uses of variables: does this test still see them?", b.UID, used)
		}
		for _, m := range variableSet.FindAllStringSubmatch(string(text), -1) {
			if !defined["otelpool-pool"][m[1]] {
				t.Errorf("%s: a link sets %s, which the page that it leads to does not define", b.UID, m[1])
			}
		}
	}
}

// Every cell of the grid, from the first row to the last, belongs to one panel.
func TestPagesHaveNoHolesAndNoOverlaps(t *testing.T) {
	t.Parallel()
	for _, b := range boards(t) {
		covered(t, b.UID, b.Panels)
		for _, row := range b.Panels {
			if row.Collapsed != (len(row.Panels) > 0) {
				t.Errorf("%s: %s is folded: %v; panels inside: %d", b.UID, row.Title, row.Collapsed, len(row.Panels))
			}
			if row.Collapsed {
				covered(t, b.UID, row.Panels)
			}
		}
	}
}

func covered(t *testing.T, where string, panels []boardPanel) {
	t.Helper()
	taken, top, bottom := map[[2]int]string{}, 1<<30, 0
	for _, p := range panels {
		at := p.GridPos
		top, bottom = min(top, at.Y), max(bottom, at.Y+at.H)
		for x := at.X; x < at.X+at.W; x++ {
			for y := at.Y; y < at.Y+at.H; y++ {
				if other, is := taken[[2]int{x, y}]; is {
					t.Fatalf("%s: %s lies on %s", where, p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
	for y := top; y < bottom; y++ {
		for x := range 24 {
			if _, is := taken[[2]int{x, y}]; !is {
				t.Fatalf("%s: a hole in column %d of line %d", where, x, y)
			}
		}
	}
	if wide := len(taken); wide != 24*(bottom-top) {
		t.Errorf("%s: %d cells in %d lines: a panel ends beyond column 24", where, wide, bottom-top)
	}
}

// What a browser of 1440 pixels leaves: the page beside the scroll bar and its
// margins in 24 columns, and of a panel what its margins, the sign of its
// description and its menu do not take. Titles are of 14 pixels, and 7.5 wide on
// the mean.
const (
	pagePixels   = 1440 - 15 - 2*16
	aroundPixels = 2*8 + 16 + 24
	letterPixels = 7.5
)

func TestNoPanelIsNarrowerThanItsTitle(t *testing.T) {
	t.Parallel()
	for _, b := range boards(t) {
		for _, p := range b.flat() {
			have, want := float64(p.GridPos.W)*pagePixels/24-aroundPixels, letterPixels*float64(len(p.Title))
			if have < want {
				t.Errorf("%s: %s: %.0f pixels for a title of %.0f", b.UID, p.Title, have, want)
			}
		}
	}
}

// What Grafana does not know it writes behind the figure as it is spelt.
func TestUnitsAreGrafanas(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/units.txt")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		known[strings.TrimSpace(line)] = true
	}
	pinned, err := os.ReadFile("../../grafana/package.json")
	version := regexp.MustCompile(`"@grafana/schema": "([\d.]+)"`).FindSubmatch(pinned)
	if err != nil || version == nil || !strings.Contains(string(text), "@grafana/data "+string(version[1])+",") {
		t.Errorf("testdata/units.txt is not of the version that is pinned, %q: %v", version, err)
	}
	form := regexp.MustCompile(`^(count|si|suffix|prefix|time|currency):\S+$`)
	checked := 0
	for _, b := range boards(t) {
		for _, p := range b.flat() {
			for _, unit := range p.units() {
				checked++
				if !known[unit] && !form.MatchString(unit) {
					t.Errorf("%s: %s: Grafana knows no unit %q", b.UID, p.Title, unit)
				}
			}
		}
	}
	if checked < 60 {
		t.Errorf("%d units: does this test still see them?", checked)
	}
}

// units are the defaults', the columns' and the axes'.
func (p *boardPanel) units() (units []string) {
	for _, o := range p.FieldConfig.Overrides {
		for _, property := range o.Properties {
			if property.ID == "unit" {
				units = append(units, property.Value.(string))
			}
		}
	}
	for _, u := range []string{p.FieldConfig.Defaults.Unit, p.Options.YAxis.Unit, p.Options.CellValues.Unit} {
		if u != "" {
			units = append(units, u)
		}
	}
	return units
}

// A legend is a table with the last value, without series that are always zero. A
// timeline has no legend, which would show its text for an empty panel.
func TestLegendsAreReadable(t *testing.T) {
	t.Parallel()
	for _, b := range boards(t) {
		for _, p := range b.flat() {
			legend := p.Options.Legend
			switch p.Type {
			case "timeseries":
				if legend.DisplayMode != "table" || !slices.Equal(legend.Calcs, []string{"lastNotNull"}) {
					t.Errorf("%s: %s: a legend as %s with %q", b.UID, p.Title, legend.DisplayMode, legend.Calcs)
				}
				first := p.FieldConfig.Overrides[0]
				if strings.Join(strings.Fields(string(first.Matcher.Options)), "") != `{"op":"lte","reducer":"max","value":0}` ||
					first.Properties[0].ID != "custom.hideFrom" {
					t.Errorf("%s: %s: what is always zero fills the legend", b.UID, p.Title)
				}
			case "state-timeline":
				if legend.ShowLegend {
					t.Errorf("%s: %s has a legend", b.UID, p.Title)
				}
			case "heatmap":
				if strings.Contains(p.Targets[0].LegendFormat, "class") &&
					(p.Options.YAxis.Unit != "bytes" || p.Targets[0].Format != "time_series") {
					t.Errorf("%s: %s: classes are not in KiB and by size", b.UID, p.Title)
				}
			}
			for _, q := range p.Targets {
				if p.Type == "timeseries" && strings.Contains(q.LegendFormat, "class_size") {
					t.Errorf("%s: %s: a line for each class, by the text of its size", b.UID, p.Title)
				}
			}
		}
	}
}

// The table fits a screen of 1440 pixels with all its columns, says what tells the
// most first, and is sorted by it.
func TestTheTableFitsAndBeginsWithTheTrouble(t *testing.T) {
	t.Parallel()
	all := boards(t)
	i := slices.IndexFunc(all[0].Panels, func(p boardPanel) bool { return p.Type == "table" })
	table := all[0].Panels[i]
	if by := table.Options.SortBy; len(by) != 1 || by[0].DisplayName != "Trouble" {
		t.Errorf("sorted by %v; want Trouble", by)
	}
	sum, coloured := 0, 0
	for _, o := range table.FieldConfig.Overrides {
		head := strings.Trim(string(o.Matcher.Options), `"`)
		for _, p := range o.Properties {
			switch p.ID {
			case "custom.width":
				width := int(p.Value.(float64))
				sum += width
				if want := int(letterPixels*float64(len(head))) + 2*8; width < want {
					t.Errorf("%s: %d pixels; want %d", head, width, want)
				}
			case "custom.cellOptions":
				coloured++
			case "noValue":
				if p.Value != "–" {
					t.Errorf("%s: a cell without a figure says %q", head, p.Value)
				}
			}
		}
	}
	if sum > pagePixels-2*8 {
		t.Errorf("the columns take %d pixels of %d", sum, pagePixels-2*8)
	}
	if coloured < 5 {
		t.Errorf("%d columns have colours", coloured)
	}
	if heads := table.heads(); !slices.Equal(heads[:4], []string{"Trouble", "Pool", "Service", "Hit ratio"}) ||
		heads[len(heads)-1] != "Strategy" {
		t.Errorf("the columns are %q", heads)
	}
}

// heads are a table's columns from left to right.
func (p *boardPanel) heads() (heads []string) {
	o := p.Transformations[1].Options
	for _, name := range slices.SortedFunc(maps.Keys(o.IndexByName), func(a, b string) int { return o.IndexByName[a] - o.IndexByName[b] }) {
		heads = append(heads, o.RenameByName[name])
	}
	return heads
}

// A few changes of level an hour, one on the other, look like a level that stays
// high. And an axis of Grafana's own width clips the names of instances.
func TestLevelsAreReadAsTheyAre(t *testing.T) {
	t.Parallel()
	changes, timelines := 0, 0
	for _, b := range boards(t) {
		for _, p := range b.flat() {
			custom := p.FieldConfig.Defaults.Custom
			if strings.Contains(p.Targets[0].Expr, "pressure_transitions_total") {
				changes++
				if custom.Stacking.Mode != "none" {
					t.Errorf("%s: %s is stacked: %s", b.UID, p.Title, custom.Stacking.Mode)
				}
			}
			if p.Type == "state-timeline" {
				timelines++
				if custom.AxisWidth < 300 {
					t.Errorf("%s: %s: %d pixels for names", b.UID, p.Title, custom.AxisWidth)
				}
			}
		}
	}
	if changes == 0 || timelines < 2 {
		t.Errorf("%d panels of changes, %d timelines: does this test still see them?", changes, timelines)
	}
}

// A leak is the first question behind whether all is well; waiting, which callers of
// one strategy can, the last, and folded.
func TestLeaksAreNearTheTopAndWaitingIsFolded(t *testing.T) {
	t.Parallel()
	var rows []boardPanel
	for _, p := range boards(t)[1].Panels {
		if p.Type == "row" {
			rows = append(rows, p)
		}
	}
	if last := rows[len(rows)-1]; !strings.Contains(rows[1].Title, "leak") || !strings.Contains(last.Title, "wait") || !last.Collapsed {
		t.Errorf("the second row is %q, the last %q, folded: %v", rows[1].Title, last.Title, last.Collapsed)
	}
}

// Whatever alert is shown is one of the services chosen.
func TestPanelsOfAlertsKeepToTheChoices(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, b := range boards(t) {
		for _, p := range b.flat() {
			for _, q := range p.Targets {
				if !strings.Contains(q.Expr, "ALERTS{") {
					continue
				}
				seen++
				for _, want := range []string{
					`cluster=~"$cluster"`, `namespace=~"$namespace"`, `job=~"$job"`, `otelpool_pool_name=~"$pool|"`,
				} {
					if !strings.Contains(q.Expr, want) {
						t.Errorf("%s: %s: no %s", b.UID, p.Title, want)
					}
				}
			}
		}
	}
	if seen < 2 {
		t.Errorf("%d panels of alerts", seen)
	}
}
