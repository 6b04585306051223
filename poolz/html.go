package poolz

import (
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/otelpool/pool"
)

func parsePages(assets map[string]asset) *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{
		"asset": func(name string) string { return assets[name].href() },
	}).ParseFS(files, "assets/*.html"))
}

// page is what the templates print.
type page struct {
	Title, Process string
	Self           string // this page's link
	Tiles          []tile
	Attention      []row
	AttentionMore  int
	Panics         string
	Controller     *controllerView
	Detail         *detailView
	OnlyController bool
	HasConfig      bool
	Config         *string // on its own page
	Table          *tableView
	Watched        bool // there are rates
}

type tile struct {
	Name, Value, Note string
	Color             string // of the palette
	Href              string
}

type tableView struct {
	Query               *query
	Filter, Sort, Order string
	States              []choice
	Heads               []head
	Rows                []row
	Total, Matched      int
	From, To            int
	Prev, Next          string
	Rates               bool
}

type choice struct {
	Name     string
	Count    int
	Selected bool
}

// head is a column's heading: a link that sorts by it.
type head struct {
	Label, Hint, Class string
	Href               string
	Sorted             string // ascending, descending or none, as aria-sort has it
}

func (h *handler) html(v *view, name string) ([]byte, error) {
	p := page{
		Title: "Pools", Process: process(), Self: v.query.encode(), Watched: v.sum.seconds > 0, HasConfig: h.config != nil,
		Tiles: v.tiles(), Controller: controllerOf(v.frame.controller, v.frame.at, v.query.view == viewController),
	}
	switch {
	case v.detail != nil:
		p.Detail = v.view()
		p.Title = clip(p.Detail.Label, 40) + " · pools"
	case v.query.view == viewConfig:
		p.Config = new(h.config())
		p.Title = "Configuration · pools"
	case v.query.view == viewController:
		p.OnlyController = true
		p.Title = "Controller · pools"
	default:
		worst, all := v.frame.attention(5)
		for _, t := range worst {
			p.Attention = append(p.Attention, t.row())
		}
		p.AttentionMore = all - len(worst)
		p.Panics = v.frame.panics.text()
		p.Table = v.table()
	}
	var b strings.Builder
	err := h.pages.ExecuteTemplate(&b, name, &p)
	return []byte(b.String()), err
}

// process tells one program's page from another's.
func process() string {
	return fmt.Sprintf("%s · pid %d · %s", filepath.Base(os.Args[0]), os.Getpid(), runtime.Version())
}

func (v *view) tiles() []tile {
	s := &v.sum
	tiles := []tile{s.attentionTile()}
	if s.seconds > 0 {
		tiles = append(tiles,
			tile{Name: "Hit rate", Value: ratioText(s.hits, s.served), Note: fmt.Sprintf("over %.0f s", s.seconds), Color: hitColor(s.hits, s.served)},
			tile{Name: "Requests/s", Value: count(s.requests), Note: count(s.drops) + " drops/s, " + count(s.evictions) + " evictions/s"})
	}
	return append(tiles,
		tile{Name: "Held idle", Value: byteSize(s.held), Note: v.heldNote(), Color: "held"},
		tile{Name: "In use", Value: byteSize(s.inUse), Note: "as far as pools know", Color: "use"},
		v.pressureTile())
}

// attentionTile has the colour of the gravest fault and names the two gravest.
func (s *summary) attentionTile() tile {
	bad, colour, gravest := 0, "hit", []string{}
	for i := state(numStates - 1); i >= stateHoarding; i-- {
		if n := s.states[i]; n > 0 {
			bad += n
			gravest = append(gravest, groups(uint64(n))+" "+i.String())
			if len(gravest) == 1 {
				colour = stateColors[i]
			}
		}
	}
	note := "of " + plural(uint64(s.open), "pool")
	switch {
	case len(gravest) > 2:
		note = strings.Join(gravest[:2], ", ") + " …"
	case len(gravest) > 0:
		note = strings.Join(gravest, ", ")
	}
	return tile{Name: "Need attention", Value: groups(uint64(bad)), Note: note, Color: colour}
}

func hitColor(hits, served float64) string {
	if hits < goodHits*served {
		return "miss"
	}
	return "hit"
}

func (v *view) heldNote() string {
	if b := v.frame.budget; b.limit != pool.Unlimited {
		return "budget " + byteSize(b.limit) + ", " + byteSize(b.charged) + " charged"
	}
	return "each pool to its own limit"
}

func (v *view) pressureTile() tile {
	c := v.frame.controller
	if c == nil {
		return tile{Name: "Memory pressure", Value: unknown, Note: "no controller runs"}
	}
	return tile{
		Name: "Memory pressure", Value: c.Level.String(), Href: "?view=controller",
		Note: c.Cause.String() + ", for " + ago(v.frame.at, c.Since), Color: levelColors[min(int(c.Level), len(levelColors)-1)],
	}
}

// stateColors are those of the palette, which the dashboards share.
var stateColors = [numStates]string{
	stateOK: "hit", stateHoarding: "held", stateWaiting: "use", stateMissing: "miss",
	stateRefusing: "drop", stateThrashing: "drop", stateLeaking: "leak", stateMisused: "leak", stateFailed: "leak",
}

// columns are those of the table of pools. The narrower the screen, the fewer:
// the class says from which width on one is shown.
var columns = []struct{ label, rate, hint, sort, class string }{
	{"Pool", "", "name", "name", "name"},
	{"State", "", "gravest first", "attention", "state"},
	{"Requests", "/s", "objects asked for", "requests", "num least"},
	{"Last minute", "", "", "", "spark wide"},
	{"Hits", "", "share of the requests that found a free object", "hit", "num"},
	{"Misses", "/s", "requests that found none: allocated", "misses", "num middle"},
	{"In use", "", "handed out and not given back", "inuse", "num middle"},
	{"Held", "", "free objects, and how much of the limit they are", "held", "num"},
	{"Limit", "", "", "", "num wide"},
	{"Drops", "/s", "given back and not kept", "drops", "num middle"},
	{"Evictions", "/s", "free objects dropped", "evictions", "num wide"},
}

func (v *view) table() *tableView {
	q := v.query
	t := &tableView{
		Query: q, Filter: q.filter, Sort: q.sort, Order: orderName(q.descending), Rates: v.sum.seconds > 0,
		Total: len(v.frame.tracks), Matched: v.matched, From: min(q.offset+1, v.matched), To: q.offset + len(v.tracks), Next: v.next(),
	}
	for _, track := range v.tracks {
		t.Rows = append(t.Rows, track.row())
	}
	if q.offset > 0 {
		prev := *q
		prev.offset = max(0, min(q.offset, v.matched)-q.limit)
		t.Prev = prev.encode()
	}
	for i := numStates - 1; i >= 0; i-- {
		if n := v.sum.states[i]; n > 0 || q.state == stateNames[i] {
			t.States = append(t.States, choice{stateNames[i], n, q.state == stateNames[i]})
		}
	}
	t.Heads = v.heads()
	return t
}

func (v *view) heads() (heads []head) {
	for _, c := range columns {
		h := head{Label: c.label, Hint: c.hint, Class: c.class}
		if v.sum.seconds > 0 {
			h.Label += c.rate
		}
		if c.sort != "" {
			q := *v.query
			q.sort, q.offset, q.descending = c.sort, 0, orders[c.sort].descending
			h.Sorted = "none"
			if v.query.sort == c.sort {
				q.descending = !v.query.descending
				h.Sorted = orderName(v.query.descending) + "ending"
			}
			h.Href = q.encode()
		}
		heads = append(heads, h)
	}
	return heads
}
