package dashboards

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// object is JSON whose form is Grafana's. encoding/json sorts its keys, so that
// equal pages make equal files.
type object map[string]any

// schemaVersion is the schema of the dashboards of Grafana 12 and 13 that are not of
// the Kubernetes kind.
const schemaVersion = 42

// Grafana is the page as Grafana provisions it.
func (p *Page) Grafana() ([]byte, error) {
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
		"templating":    object{"list": p.variables()},
		"panels":        p.panels(),
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

func (p *Page) variables() []object {
	list := []object{{
		"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus",
		"refresh": 1, "hide": 0, "multi": false, "includeAll": false, "skipUrlSync": false, "options": []object{},
	}}
	for _, v := range p.Variables {
		query := fmt.Sprintf("label_values(%s, %s)", v.Values, v.Of)
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

// panels lays the rows out below each other, and the panels of a row in lines. A
// folded row has its panels inside.
func (p *Page) panels() []object {
	var list []object
	y, id := 0, 0
	place := func(o object, x, width, height int) object {
		id++
		o["id"] = id
		o["gridPos"] = object{"x": x, "y": y, "w": width, "h": height}
		return o
	}
	for _, r := range p.Rows {
		row := place(object{"type": "row", "title": r.Question, "collapsed": r.Folded, "panels": []object{}}, 0, columns, 1)
		y++
		var inside []object
		for _, l := range r.lines() {
			x := 0
			for i, panel := range l.panels {
				inside = append(inside, place(panel.grafana(p), x, l.widths[i], l.height))
				x += l.widths[i]
			}
			y += l.height
		}
		list = append(list, row)
		if r.Folded {
			row["panels"] = inside
			y = row["gridPos"].(object)["y"].(int) + 1
			continue
		}
		list = append(list, inside...)
	}
	return list
}

// line is panels beside each other.
type line struct {
	panels []*Panel
	widths []int
	height int
}

// lines fills the columns: what the panels of a line leave is shared out among them,
// and all are as high as the highest.
func (r *Row) lines() (lines []line) {
	var l line
	taken := 0
	end := func() {
		for i := range l.widths {
			more := (columns - taken) / (len(l.widths) - i)
			l.widths[i] += more
			taken += more
		}
		lines = append(lines, l)
		l, taken = line{}, 0
	}
	for i := range r.Panels {
		panel := &r.Panels[i]
		if taken+panel.width() > columns {
			end()
		}
		l.panels, l.widths = append(l.panels, panel), append(l.widths, panel.width())
		l.height, taken = max(l.height, panel.height()), taken+panel.width()
	}
	end()
	return lines
}

const columns = 24

// has reports whether the page lets choose the variable.
func (p *Page) has(variable string) bool {
	for _, v := range p.Variables {
		if v.Name == variable {
			return true
		}
	}
	return false
}

func (p *Panel) width() int {
	switch {
	case p.Width > 0:
		return p.Width
	case p.Many:
		return columns / 2
	default:
		return columns / 3
	}
}

func (p *Panel) height() int {
	switch {
	case p.View == Figure:
		return 4
	case p.View == Timeline:
		return 7
	case p.Many || p.View == Table:
		return 11 // fifteen lines of a legend
	default:
		return 9
	}
}
