package dashboards

import "strings"

// vmuiPage is a dashboard of VictoriaMetrics' own UI, which knows charts of lines
// and nothing else: no variables, no links, no tables.
type vmuiPage struct {
	Title string    `json:"title"`
	Rows  []vmuiRow `json:"rows"`
}

type vmuiRow struct {
	Title  string      `json:"title"`
	Panels []vmuiPanel `json:"panels"`
}

type vmuiPanel struct {
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Unit        string   `json:"unit,omitempty"`
	Expr        []string `json:"expr"`
	Alias       []string `json:"alias"`
	ShowLegend  bool     `json:"showLegend"`
	Width       int      `json:"width"` // of 12 columns
}

// VMUI is the page for -vmui.customDashboardsPath: all pools of all services, and
// the panels that are lines there.
func (p *Page) VMUI() ([]byte, error) {
	page := vmuiPage{Title: p.Title}
	for _, r := range p.Rows {
		row := vmuiRow{Title: r.Question}
		for i := range r.Panels {
			if r.Panels[i].inLines() {
				row.Panels = append(row.Panels, r.Panels[i].vmui())
			}
		}
		if n := len(row.Panels); n%2 == 1 {
			row.Panels[n-1].Width = 12 // nothing beside it
		}
		if row.Panels != nil {
			page.Rows = append(page.Rows, row)
		}
	}
	return format(page)
}

// inLines reports whether lines can show the panel. A heatmap by size class becomes
// a line per class.
func (p *Panel) inLines() bool { return p.View == Lines || p.View == Heatmap && p.Rows == Bytes }

func (p *Panel) vmui() vmuiPanel {
	v := vmuiPanel{Title: p.Title, Description: p.Description, Unit: vmuiUnits[p.Unit].name, ShowLegend: true, Width: 6}
	for _, q := range p.Queries {
		expr := withoutChoices(q.Expr)
		// There is one line per value, and many values never occur: omit lines with a rate
		// of 0.
		if p.Colours != nil && strings.HasPrefix(q.Legend, "{{") && strings.Contains(q.Expr, "rate(") {
			expr = "(" + expr + ") > 0"
		}
		if by := vmuiUnits[p.Unit].by; by != "" {
			expr = "(" + expr + ") / " + by
		}
		v.Expr = append(v.Expr, expr)
		v.Alias = append(v.Alias, strings.TrimPrefix(q.Legend, "{{cluster}} {{namespace}} ")) // it shows labels that are absent
	}
	return v
}

// vmuiUnits are what the UI writes behind a figure, which it does not scale: bytes
// are divided.
var vmuiUnits = map[Unit]struct{ name, by string }{
	Bytes: {"MiB", "1048576"}, BytesPerSec: {"MiB/s", "1048576"}, PerSecond: {"/s", ""}, PerHour: {"/h", ""},
	Seconds: {"s", ""}, Ratio: {"%", "0.01"},
}

// withoutChoices is a query over everything there is.
var withoutChoices = strings.NewReplacer(
	"@pools,", "", "@service,", "", "{@pools}", "", "{@service}", "",
	"@pool", poolLabels, "@job", jobLabels, "@instance", instanceLabels, "@rate", "[1m]",
).Replace
