package dashboards

import (
	"fmt"
	"slices"
)

// Page is one dashboard.
type Page struct {
	UID         string // for ever: links and bookmarks have it
	Title       string
	Description string
	Variables   []Variable
	Rows        []Row
}

// Variable is a choice at the top of a page: the values that a label of a series
// has, among the series that the choices before it leave.
type Variable struct {
	Name, Label string
	Values      string // the series
	Of          string // its label
	One         bool   // exactly one value, and not any number or all
}

// Row is a question and the panels that answer it. A folded row answers a rare
// question.
type Row struct {
	Question string
	Panels   []Panel
	Folded   bool
}

// Panel is one chart. Its queries may use the words of [expand].
type Panel struct {
	Title       string
	Description string
	View        View
	Unit        Unit
	Rows        Unit // of the rows of a heatmap
	Width       int  // of 24 columns; 0 is a half for many series, and a third
	Many        bool // series, of as many pools or instances: the legend stands beside
	Queries     []Query
	Colours     palette // of series by their legend; the rest is coloured by name
	Colour      colour  // of all series, if there is one meaning only
	Steps       []step  // colours of a figure by its height
	Values      []value // what figures are called, and their colours
	Worst       bool    // is the lowest, and the first of the legend
	Max         float64 // of the axis; 0 fits the data
	Stack       bool
	Empty       string // what it says when there is no data
	Drill       bool   // a click on a series opens the page of its pool
}

// View is how a panel is drawn.
type View string

// The views in use, by their names in Grafana.
const (
	Lines    View = "timeseries"
	Figure   View = "stat"
	Table    View = "table"
	Timeline View = "state-timeline"
	Heatmap  View = "heatmap"
)

// Unit is a unit by its name in Grafana.
type Unit string

// The units in use.
const (
	Count       Unit = "short"
	PerSecond   Unit = "ops"
	PerHour     Unit = "count:/h" // there is none of that name: a count with a word behind it
	Bytes       Unit = "bytes"
	BytesPerSec Unit = "binBps"
	Ratio       Unit = "percentunit"
	Seconds     Unit = "s"
	Text        Unit = "string"
)

// Query is an expression of PromQL, and what to call the series it gives. In a
// table it is a column: the legend is its head, and the rest the column's.
type Query struct {
	Expr, Legend string
	Unit         Unit
	Width        int    // pixels
	Steps        []step // colours of its cells
}

// Pages are all dashboards, the one to begin with first.
func Pages() []Page { return []Page{pools(), pool(), controller()} }

// First is the page with the row of that question before the others.
func (p *Page) First(question string) (Page, error) {
	page := *p
	for i, r := range p.Rows {
		if r.Question == question {
			page.Rows = slices.Concat(p.Rows[i:i+1], p.Rows[:i], p.Rows[i+1:])
			return page, nil
		}
	}
	return page, fmt.Errorf("dashboards: %s has no row %q", p.Title, question)
}
