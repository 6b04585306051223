package dashboards

import "strings"

func (p *Panel) grafana(page *Page) object {
	o := object{
		"type": string(p.View), "title": p.Title, "description": p.Description, "datasource": source,
		"targets": p.targets(page), "fieldConfig": p.fields(page), "options": p.options(),
	}
	if p.View == Table {
		o["transformations"] = p.columns()
	}
	return o
}

func (p *Panel) targets(page *Page) []object {
	var list []object
	instant := p.View == Table || p.View == Figure
	for i, q := range p.Queries {
		list = append(list, object{
			"refId": refID(i), "datasource": source, "editorMode": "code", "format": p.format(),
			"expr": page.expand(q.Expr), "legendFormat": q.Legend, "instant": instant, "range": !instant,
		})
	}
	return list
}

// format is the format in which the data source returns an answer.
func (p *Panel) format() string {
	switch {
	case p.View == Table:
		return "table"
	case p.View == Heatmap && p.Rows == Seconds:
		return "heatmap" // of the buckets of a histogram, which add up
	default:
		return "time_series"
	}
}

func refID(i int) string { return string(rune('A' + i)) }

// fields says how values look: unit, colour, what an empty panel says, and where
// a click leads.
func (p *Panel) fields(page *Page) object {
	defaults := object{
		"unit": string(p.Unit), "noValue": p.Empty, "color": p.colourMode(), "custom": p.custom(),
		"thresholds": object{"mode": "absolute", "steps": thresholds(p.Steps)}, "mappings": []object{}, "links": []object{},
	}
	if p.Unit == Ratio || p.Unit == Bytes || p.Unit == BytesPerSec || p.Unit == PerSecond {
		defaults["min"] = 0
	}
	if p.Max > 0 {
		defaults["max"] = p.Max
	}
	if p.Drill && p.View != Table {
		defaults["links"] = []object{p.drill("__field.labels", page)}
	}
	if p.Values != nil {
		texts := object{}
		for i, v := range p.Values {
			texts[v.figure] = object{"text": v.text, "color": string(v.colour), "index": i}
		}
		defaults["mappings"] = []object{{"type": "value", "options": texts}}
	}
	return object{"defaults": defaults, "overrides": p.overrides(page)}
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

func thresholds(of []step) []object {
	steps := []object{{"value": nil, "color": string(hit)}}
	for i, s := range of {
		if i == 0 {
			steps[0]["color"] = string(s.colour)
			continue
		}
		steps = append(steps, object{"value": s.from, "color": string(s.colour)})
	}
	return steps
}

// custom has the options specific to panels of this view.
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
		return object{"lineWidth": 0, "fillOpacity": 80, "axisWidth": 320} // of names as long as they are
	default:
		return object{}
	}
}

func (p *Panel) options() object {
	switch p.View {
	case Lines:
		return object{"legend": p.legend(), "tooltip": object{"mode": "multi", "sort": "desc"}}
	case Figure:
		return p.figureOptions()
	case Table:
		return object{"showHeader": true, "cellHeight": "sm", "sortBy": []object{{"displayName": p.Queries[0].Legend, "desc": true}}}
	case Timeline:
		return object{
			// Colours are said by the description; the text of an empty panel would be in it.
			"legend":      object{"displayMode": "list", "placement": "bottom", "showLegend": false, "calcs": []string{}},
			"tooltip":     object{"mode": "single", "sort": "none"},
			"mergeValues": true, "showValue": "never", "alignValue": "left", "rowHeight": 0.8, "perPage": 20,
		}
	case Heatmap:
		return p.heatmapOptions()
	default:
		return object{}
	}
}

// legend is a table with the last value, the highest first: beside the chart if it
// has many lines, else below it.
func (p *Panel) legend() object {
	placement := "bottom"
	if p.Many {
		placement = "right"
	}
	return object{
		"displayMode": "table", "placement": placement, "showLegend": true, "calcs": []string{"lastNotNull"},
		"sortBy": "Last *", "sortDesc": !p.Worst,
	}
}

func (p *Panel) figureOptions() object {
	text := "auto"
	if p.Unit == Text {
		text = "name"
	}
	return object{
		"colorMode": "value", "graphMode": "none", "justifyMode": "auto", "textMode": text, "orientation": "auto",
		"wideLayout": true, "showPercentChange": false, "percentChangeColorMode": "standard",
		"reduceOptions": object{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
	}
}

func (p *Panel) heatmapOptions() object {
	o := object{
		"calculate": false, "cellGap": 1, "yAxis": object{"unit": string(p.Rows)}, "cellValues": object{"unit": string(p.Unit)},
		"color":   object{"mode": "scheme", "scheme": "Oranges", "steps": 64, "fill": string(miss), "exponent": 0.5, "reverse": false},
		"tooltip": object{"mode": "single", "yHistogram": false, "showColorScale": true}, "legend": object{"show": true},
		"exemplars": object{"color": string(critical)}, "rowsFrame": object{"layout": "auto"}, "filterValues": object{"le": 1e-9},
	}
	if p.Unit == Ratio { // 0 is a figure, and the worst
		o["color"] = object{
			"mode":     "scheme",
			"scheme":   "RdYlGn",
			"steps":    64,
			"fill":     string(miss),
			"exponent": 0.5,
			"reverse":  false,
			"min":      0,
			"max":      1,
		}
		delete(o, "filterValues")
	}
	return o
}

// overrides returns the options of single series and columns.
func (p *Panel) overrides(page *Page) []object {
	switch p.View {
	case Lines:
		return p.series()
	case Table:
		return p.cells(page)
	default:
		return []object{}
	}
}

// series has no line in the legend where it never was above zero; it has one in the
// chart, so that nothing that happened does not look like nothing that was told. (By
// its highest figure: for Grafana all is not zero where there is a gap.)
func (p *Panel) series() []object {
	hidden := object{"legend": true, "tooltip": true, "viz": false}
	list := []object{{
		"matcher":    object{"id": "byValue", "options": object{"reducer": "max", "op": "lte", "value": 0}},
		"properties": []object{{"id": "custom.hideFrom", "value": hidden}},
	}}
	for _, c := range p.Colours {
		properties := []object{{"id": "color", "value": object{"mode": "fixed", "fixedColor": string(c.colour)}}}
		if dashed[c.legend] {
			properties = append(properties, object{"id": "custom.lineStyle", "value": object{"fill": "dash", "dash": []int{8, 6}}})
		}
		list = append(list, override(c.legend, properties...))
	}
	return list
}

// cells are of the columns' units, widths and colours. What a panel without data
// says is not for a cell without a figure.
func (p *Panel) cells(page *Page) []object {
	list := []object{}
	for _, l := range labelColumns {
		list = append(list, override(l.head, object{"id": "custom.width", "value": l.width}))
	}
	for i, q := range p.Queries {
		properties := []object{
			{"id": "unit", "value": string(q.Unit)}, {"id": "custom.width", "value": q.Width}, {"id": "noValue", "value": "–"},
		}
		if q.Steps != nil {
			cell := object{"type": "color-text"}
			if i == 0 { // what the table is sorted by
				cell = object{"type": "color-background", "mode": "basic"}
			}
			properties = append(properties,
				object{"id": "color", "value": object{"mode": "thresholds"}},
				object{"id": "thresholds", "value": object{"mode": "absolute", "steps": thresholds(q.Steps)}},
				object{"id": "custom.cellOptions", "value": cell})
		}
		list = append(list, override(q.Legend, properties...))
	}
	if p.Drill {
		list = append(list, override("Pool", object{"id": "links", "value": []object{p.drill("__data.fields", page)}}))
	}
	return list
}

// labelColumns are the labels of a table's lines, those before its figures and those
// behind them. Without clusters and namespaces Grafana has no such columns.
var labelColumns = []struct {
	label, head string
	width       int
	behind      bool
}{
	{poolLabel, "Pool", 160, false}, {"job", "Service", 130, false},
	{"namespace", "Namespace", 90, true}, {"cluster", "Cluster", 75, true}, {"otelpool_pool_strategy", "Strategy", 95, true},
}

func override(name string, properties ...object) object {
	return object{"matcher": object{"id": "byName", "options": name}, "properties": properties}
}

// columns joins the queries of a table to one line a pool, and names the columns:
// the first figure, which pool, the other figures, and what tells the least.
func (p *Panel) columns() []object {
	rename, order := object{}, object{}
	for i, q := range p.Queries {
		value := "Value #" + refID(i)
		rename[value], order[value] = q.Legend, 10*i
	}
	for i, l := range labelColumns {
		rename[l.label], order[l.label] = l.head, i+1
		if l.behind {
			order[l.label] = 10*len(p.Queries) + i
		}
	}
	return []object{
		{"id": "merge", "options": object{}},
		{"id": "organize", "options": object{"excludeByName": object{"Time": true}, "indexByName": order, "renameByName": rename}},
	}
}

// drill leads to the page of the pool that was clicked on. Where a table has
// renamed a label, it goes by the new name. Cluster and namespace are those chosen:
// a series may have none.
func (p *Panel) drill(from string, page *Page) object {
	label := func(name, column string) string {
		if p.View == Table {
			return "${" + from + "." + column + "}"
		}
		return "${" + from + "." + name + "}"
	}
	url := []string{"/d/otelpool-pool?${datasource:queryparam}&${__url_time_range}"}
	url = append(url, "var-job="+label("job", "Service"), "var-pool="+label(poolLabel, "Pool"))
	for _, v := range []string{"cluster", "namespace", "instance"} {
		if page.has(v) {
			url = append(url, "${"+v+":queryparam}")
		}
	}
	return object{"title": "This pool", "url": strings.Join(url, "&"), "targetBlank": false}
}
