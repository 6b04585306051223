package dashboards

import "strings"

func (p *Panel) grafana(has func(string) bool) object {
	o := object{
		"type": string(p.View), "title": p.Title, "description": p.Description, "datasource": source,
		"targets": p.targets(), "fieldConfig": p.fields(has), "options": p.options(),
	}
	if p.View == Table {
		o["transformations"] = p.columns()
	}
	return o
}

func (p *Panel) targets() []object {
	var list []object
	instant := p.View == Table || p.View == Figure
	for i, q := range p.Queries {
		list = append(list, object{
			"refId": refID(i), "datasource": source, "editorMode": "code", "format": p.format(),
			"expr": expand(q.Expr), "legendFormat": q.Legend, "instant": instant, "range": !instant,
		})
	}
	return list
}

// format is what the data source is to make of an answer.
func (p *Panel) format() string {
	switch p.View {
	case Table:
		return "table"
	case Heatmap:
		return "heatmap"
	default:
		return "time_series"
	}
}

func refID(i int) string { return string(rune('A' + i)) }

// fields says how values look: unit, colour, what an empty panel says, and where
// a click leads.
func (p *Panel) fields(has func(string) bool) object {
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
		defaults["links"] = []object{p.drill("__field.labels", has)}
	}
	if p.Values != nil {
		texts := object{}
		for i, v := range p.Values {
			texts[v.figure] = object{"text": v.text, "color": string(v.colour), "index": i}
		}
		defaults["mappings"] = []object{{"type": "value", "options": texts}}
	}
	return object{"defaults": defaults, "overrides": p.overrides(has)}
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
	switch p.View {
	case Lines:
		return object{"legend": legend(), "tooltip": object{"mode": "multi", "sort": "desc"}}
	case Figure:
		return p.figureOptions()
	case Table:
		return object{"showHeader": true, "cellHeight": "sm", "sortBy": []object{{"displayName": sortedBy, "desc": true}}}
	case Timeline:
		return object{
			"legend": legend(), "tooltip": object{"mode": "single", "sort": "none"},
			"mergeValues": true, "showValue": "never", "alignValue": "left", "rowHeight": 0.8, "perPage": 20,
		}
	case Heatmap:
		return p.heatmapOptions()
	default:
		return object{}
	}
}

func legend() object {
	return object{"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []string{}}
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
	return object{
		"calculate": false, "cellGap": 1, "yAxis": object{"unit": string(p.Unit)},
		"color":   object{"mode": "scheme", "scheme": "Oranges", "steps": 64, "fill": string(miss), "exponent": 0.5, "reverse": false},
		"tooltip": object{"mode": "single", "yHistogram": false, "showColorScale": true}, "legend": object{"show": true},
		"exemplars": object{"color": string(critical)}, "rowsFrame": object{"layout": "auto"}, "filterValues": object{"le": 1e-9},
	}
}

const sortedBy = "Allocated"

// overrides give series and columns what is theirs alone.
func (p *Panel) overrides(has func(string) bool) []object {
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
		list = append(list, override("Pool", object{"id": "links", "value": []object{p.drill("__data.fields", has)}}))
	}
	return list
}

func override(name string, properties ...object) object {
	return object{"matcher": object{"id": "byName", "options": name}, "properties": properties}
}

// columns joins the queries of a table to one line a pool, and names the columns.
func (p *Panel) columns() []object {
	const name, strategy = "otelpool_pool_name", "otelpool_pool_strategy"
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
func (p *Panel) drill(from string, has func(string) bool) object {
	label := func(name, column string) string {
		if p.View == Table {
			return "${" + from + "." + column + "}"
		}
		return "${" + from + "." + name + "}"
	}
	url := []string{"/d/otelpool-pool?${datasource:queryparam}&${__url_time_range}"}
	url = append(url, "var-job="+label("job", "Service"), "var-pool="+label("otelpool_pool_name", "Pool"))
	if has("instance") {
		url = append(url, "${instance:queryparam}")
	}
	return object{"title": "This pool", "url": strings.Join(url, "&"), "targetBlank": false}
}
