package dashboards

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// object is JSON whose form is Grafana's. encoding/json sorts its keys, so that
// equal pages make equal files.
type object map[string]any

// schemaVersion is that of the dashboards of Grafana 12 and 13 that are not of
// the Kubernetes kind.
const schemaVersion = 42

// Grafana is the page as Grafana provisions it, for a store with these names.
func (p *Page) Grafana(n Names) ([]byte, error) {
	return format(object{
		"uid":           p.UID,
		"title":         p.Title,
		"description":   p.Description,
		"tags":          []string{tag},
		"schemaVersion": schemaVersion,
		"editable":      true,
		"graphTooltip":  1, // the crosshair is shared by all panels
		"refresh":       "30s",
		"time":          object{"from": "now-1h", "to": "now"},
		"timezone":      "browser",
		"links":         []object{pagesLink()},
		"annotations":   object{"list": []object{}},
		"templating":    object{"list": p.variables(n)},
		"panels":        p.panels(n),
	})
}

// format writes JSON as people would: PromQL has < and >, which need no escapes
// outside HTML.
func format(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(v)
	return b.Bytes(), err
}

const tag = "otelpool"

// pagesLink leads to the other pages, with the time and the choices made.
func pagesLink() object {
	return object{
		"type": "dashboards", "title": "otelpool", "icon": "external link", "tooltip": "", "url": "",
		"tags": []string{tag}, "asDropdown": false, "keepTime": true, "includeVars": true, "targetBlank": false,
	}
}

func (p *Page) variables(n Names) []object {
	list := []object{{
		"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus",
		"refresh": 1, "hide": 0, "multi": false, "includeAll": false, "skipUrlSync": false, "options": []object{},
	}}
	for _, v := range p.Variables {
		query := fmt.Sprintf("label_values(%s, %s)", n.Expr(v.Values), n.label(v.Of))
		o := object{
			"name": v.Name, "label": v.Label, "type": "query", "datasource": source,
			"query":   object{"qryType": 1, "query": query, "refId": "values"},
			"refresh": 2, // with the time, as pools come and go
			"sort":    1, "hide": 0, "regex": "", "skipUrlSync": false, "options": []object{},
			"multi": !v.One, "includeAll": !v.One,
		}
		if !v.One {
			o["allValue"] = ".*"
			o["current"] = object{"selected": true, "text": []string{"All"}, "value": []string{"$__all"}}
		}
		list = append(list, o)
	}
	return list
}

var source = object{"type": "prometheus", "uid": "${datasource}"}

// panels lays the rows out below each other, and the panels of a row from left to
// right.
func (p *Page) panels(n Names) []object {
	var list []object
	y, id := 0, 0
	place := func(o object, x, width, height int) {
		id++
		o["id"] = id
		o["gridPos"] = object{"x": x, "y": y, "w": width, "h": height}
		list = append(list, o)
	}
	for _, r := range p.Rows {
		place(object{"type": "row", "title": r.Question, "collapsed": false, "panels": []object{}}, 0, columns, 1)
		y++
		x, tallest := 0, 0
		for i := range r.Panels {
			panel := &r.Panels[i]
			width, height := panel.width(len(r.Panels)), panel.height()
			if x+width > columns {
				x, y, tallest = 0, y+tallest, 0
			}
			place(panel.grafana(n, p.has), x, width, height)
			x, tallest = x+width, max(tallest, height)
		}
		y += tallest
	}
	return list
}

const columns = 24

// has tells whether the page lets choose the variable.
func (p *Page) has(variable string) bool {
	for _, v := range p.Variables {
		if v.Name == variable {
			return true
		}
	}
	return false
}

// width shares the row out where a panel does not say.
func (p *Panel) width(panels int) int {
	if p.Width > 0 {
		return p.Width
	}
	return columns / panels
}

func (p *Panel) height() int {
	switch p.View {
	case Figure:
		return 4
	case Timeline:
		return 6
	default:
		return 9
	}
}

func (p *Panel) grafana(n Names, has func(string) bool) object {
	o := object{
		"type": string(p.View), "title": p.Title, "description": p.Description, "datasource": source,
		"targets": p.targets(n), "fieldConfig": p.fields(n, has), "options": p.options(),
	}
	if p.View == Table {
		o["transformations"] = p.columns(n)
	}
	return o
}

func (p *Panel) targets(n Names) []object {
	var list []object
	for i, q := range p.Queries {
		t := object{
			"refId": refID(i), "datasource": source, "editorMode": "code",
			"expr": n.Expr(expand(q.Expr)), "legendFormat": n.legend(q.Legend), "instant": false, "range": true,
		}
		switch p.View {
		case Table, Figure:
			t["instant"], t["range"] = true, false
		}
		switch p.View {
		case Table:
			t["format"] = "table"
		case Heatmap:
			t["format"] = "heatmap"
		default:
			t["format"] = "time_series"
		}
		list = append(list, t)
	}
	return list
}

func refID(i int) string { return string(rune('A' + i)) }

// fields says how values look: unit, colour, what an empty panel says, and where
// a click leads.
func (p *Panel) fields(n Names, has func(string) bool) object {
	defaults := object{
		"unit": string(p.Unit), "noValue": p.Empty, "color": p.colourMode(), "custom": p.custom(),
		"thresholds": object{"mode": "absolute", "steps": p.thresholds()}, "mappings": []object{}, "links": []object{},
	}
	if p.Unit == Ratio || p.Unit == Bytes || p.Unit == BytesPerSec || p.Unit == PerSecond {
		defaults["min"] = 0
	}
	if p.Max > 0 {
		defaults["max"] = p.Max
	}
	if p.Drill && p.View != Table {
		defaults["links"] = []object{p.drill("__field.labels", n, has)}
	}
	if p.Values != nil {
		texts := object{}
		for i, v := range p.Values {
			texts[v.figure] = object{"text": v.text, "color": string(v.colour), "index": i}
		}
		defaults["mappings"] = []object{{"type": "value", "options": texts}}
	}
	return object{"defaults": defaults, "overrides": p.overrides(n, has)}
}

func (p *Panel) colourMode() object {
	switch {
	case len(p.Steps) > 0:
		return object{"mode": "thresholds"}
	case p.Colour != "":
		return object{"mode": "fixed", "fixedColor": string(p.Colour)}
	default: // a pool has the colour of its name in every panel
		return object{"mode": "palette-classic-by-name"}
	}
}

func (p *Panel) thresholds() []object {
	steps := []object{{"value": nil, "color": string(hit)}}
	for i, s := range p.Steps {
		if i == 0 {
			steps[0]["color"] = string(s.colour)
			continue
		}
		steps = append(steps, object{"value": s.from, "color": string(s.colour)})
	}
	return steps
}

// custom is what only panels of this view know.
func (p *Panel) custom() object {
	switch p.View {
	case Lines:
		stacking, fill := "none", 0
		if p.Stack {
			stacking, fill = "normal", 30
		}
		return object{
			"drawStyle": "line", "lineInterpolation": "linear", "lineWidth": 1, "fillOpacity": fill, "showPoints": "never",
			"spanNulls": false, "stacking": object{"mode": stacking, "group": "A"}, "axisPlacement": "auto",
		}
	case Table:
		return object{"align": "auto", "filterable": true, "cellOptions": object{"type": "auto"}}
	case Timeline:
		return object{"lineWidth": 0, "fillOpacity": 80}
	default:
		return object{}
	}
}

func (p *Panel) options() object {
	legend := object{"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []string{}}
	switch p.View {
	case Lines:
		return object{"legend": legend, "tooltip": object{"mode": "multi", "sort": "desc"}}
	case Figure:
		o := object{
			"colorMode": "value", "graphMode": "none", "justifyMode": "auto", "textMode": "auto", "orientation": "auto",
			"wideLayout": true, "showPercentChange": false, "percentChangeColorMode": "standard",
			"reduceOptions": object{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
		}
		if p.Unit == Text {
			o["textMode"] = "name"
		}
		return o
	case Table:
		return object{"showHeader": true, "cellHeight": "sm", "sortBy": []object{{"displayName": sortedBy, "desc": true}}}
	case Timeline:
		return object{
			"legend": legend, "tooltip": object{"mode": "single", "sort": "none"},
			"mergeValues": true, "showValue": "never", "alignValue": "left", "rowHeight": 0.8, "perPage": 20,
		}
	case Heatmap:
		return object{
			"calculate": false, "cellGap": 1, "yAxis": object{"unit": string(p.Unit)},
			"color":   object{"mode": "scheme", "scheme": "Oranges", "steps": 64, "fill": string(miss), "exponent": 0.5, "reverse": false},
			"tooltip": object{"mode": "single", "yHistogram": false, "showColorScale": true}, "legend": object{"show": true},
			"exemplars": object{"color": string(critical)}, "rowsFrame": object{"layout": "auto"}, "filterValues": object{"le": 1e-9},
		}
	default:
		return object{}
	}
}

const sortedBy = "Allocated"

// overrides give series and columns what is theirs alone.
func (p *Panel) overrides(n Names, has func(string) bool) []object {
	list := []object{}
	for _, c := range p.Colours {
		properties := []object{{"id": "color", "value": object{"mode": "fixed", "fixedColor": string(c.colour)}}}
		if c.colour == limit {
			properties = append(properties, object{"id": "custom.lineStyle", "value": object{"fill": "dash", "dash": []int{8, 6}}})
		}
		list = append(list, override(c.legend, properties...))
	}
	if p.View != Table {
		return list
	}
	for _, q := range p.Queries {
		list = append(list, override(q.Legend, object{"id": "unit", "value": string(q.Unit)}))
	}
	if p.Drill {
		list = append(list, override("Pool", object{"id": "links", "value": []object{p.drill("__data.fields", n, has)}}))
	}
	return list
}

func override(name string, properties ...object) object {
	return object{"matcher": object{"id": "byName", "options": name}, "properties": properties}
}

// columns joins the queries of a table to one line a pool, and names the columns.
func (p *Panel) columns(n Names) []object {
	name, strategy := n.label("otelpool_pool_name"), n.label("otelpool_pool_strategy")
	rename := object{name: "Pool", "job": "Service", strategy: "Strategy"}
	order := object{name: 0, "job": 1, strategy: 2}
	for i, q := range p.Queries {
		value := "Value #" + refID(i)
		rename[value], order[value] = q.Legend, i+3
	}
	return []object{
		{"id": "merge", "options": object{}},
		{"id": "organize", "options": object{"excludeByName": object{"Time": true}, "indexByName": order, "renameByName": rename}},
	}
}

// drill leads to the page of the pool that was clicked on. Where a table has
// renamed a label, it goes by the new name.
func (p *Panel) drill(from string, n Names, has func(string) bool) object {
	label := func(name, column string) string {
		if p.View == Table {
			return "${" + from + "." + column + "}"
		}
		return "${" + from + n.field(name) + "}"
	}
	url := []string{"/d/otelpool-pool?${datasource:queryparam}&${__url_time_range}"}
	url = append(url, "var-job="+label("job", "Service"), "var-pool="+label("otelpool_pool_name", "Pool"))
	if has("instance") {
		url = append(url, "${instance:queryparam}")
	}
	return object{"title": "This pool", "url": strings.Join(url, "&"), "targetBlank": false}
}
