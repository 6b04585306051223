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
			if r.Panels[i].View == Lines {
				row.Panels = append(row.Panels, r.Panels[i].vmui())
			}
		}
		if row.Panels != nil {
			page.Rows = append(page.Rows, row)
		}
	}
	return format(page)
}

func (p *Panel) vmui() vmuiPanel {
	v := vmuiPanel{Title: p.Title, Description: p.Description, Unit: vmuiUnits[p.Unit], ShowLegend: true, Width: 6}
	for _, q := range p.Queries {
		v.Expr = append(v.Expr, withoutChoices(q.Expr))
		v.Alias = append(v.Alias, q.Legend)
	}
	return v
}

// vmuiUnits are what the UI writes behind a figure.
var vmuiUnits = map[Unit]string{Bytes: "B", BytesPerSec: "B/s", PerSecond: "/s", PerHour: "/h", Seconds: "s"}

// withoutChoices is a query over everything there is.
var withoutChoices = strings.NewReplacer(
	"@pools,", "", "@service,", "", "{@pools}", "", "{@service}", "",
	"@pool", "job, otelpool_pool_name", "@rate", "[1m]",
).Replace
