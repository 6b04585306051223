package poolz

import (
	"bytes"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

func parsePages(assets map[string]asset) *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{
		"asset": func(name string) string { return "?asset=" + name + "&v=" + assets[name].version },
	}).ParseFS(files, "assets/*.html"))
}

func (h *handler) html(v *view, name string) ([]byte, error) {
	var b bytes.Buffer
	err := h.pages.ExecuteTemplate(&b, name, v)
	return b.Bytes(), err
}

func (v *view) Title() string {
	switch {
	case v.pool != "":
		return clip(v.tracks[0].label, 40) + " · pools"
	case v.OnlyConfig():
		return "Configuration · pools"
	case v.OnlyController():
		return "Controller · pools"
	}
	return "Pools"
}

func (v *view) OnlyConfig() bool     { return v.query.view == viewConfig && v.pool == "" }
func (v *view) OnlyController() bool { return v.query.view == viewController && v.pool == "" }

// Self is this page's link.
func (v *view) Self() string { return v.query.encode() }

// Watched reports whether there are rates.
func (v *view) Watched() bool { return v.Seconds > 0 }

// Process tells one program's page from another's.
func (v *view) Process() string {
	return fmt.Sprintf("%s · pid %d · %s", filepath.Base(os.Args[0]), os.Getpid(), runtime.Version())
}

// attention has the pools to look at, gravest first, and the number of further
// ones.
type attention struct {
	Pools []poolView
	More  int
}

func (v *view) Attention(most int) attention {
	worst, _ := v.frame.choose(&query{Sort: "attention", Order: descending, Limit: v.Total()})
	worst = slices.DeleteFunc(worst, func(t *track) bool { return t.state() < stateHoarding })
	shown := worst[:min(most, len(worst))]
	return attention{viewPools(shown), len(worst) - len(shown)}
}

// Panics is a line about the panics of the program's functions, "" without any.
func (v *view) Panics() string {
	if v.Summary.Panics == 0 {
		return ""
	}
	value, _, _ := strings.Cut(v.Summary.LastPanic, "\n")
	return fmt.Sprintf("%s of functions of the program caught, the last: %s",
		plural(v.Summary.Panics, "panic"), clip(label(value), 200))
}

type tile struct {
	Name, Value, Note string
	Color             string // of the palette
	Href              string
}

func (v *view) Tiles() []tile {
	s := &v.Summary
	tiles := []tile{s.attentionTile()}
	if v.Watched() {
		tiles = append(
			tiles,
			tile{Name: "Hit ratio", Value: s.HitRatio.String(), Note: fmt.Sprintf("over %.0f s", v.Seconds), Color: s.hitColor()},
			tile{
				Name:  "Requests/s",
				Value: s.Requests.String(),
				Note:  s.drops.String() + " drops/s, " + s.evictions.String() + " evictions/s",
			},
		)
	}
	return append(tiles,
		tile{Name: "Held idle", Value: s.HeldBytes.String(), Note: s.heldNote(), Color: "held"},
		tile{Name: "In use", Value: s.InUseBytes.String(), Note: "as far as pools know", Color: "use"},
		v.Controller.tile(v.Silent))
}

// attentionTile has the colour of the gravest fault and names the two gravest.
func (s *summary) attentionTile() tile {
	bad, colour, gravest := 0, "hit", []string{}
	for i := state(numStates - 1); i >= stateHoarding; i-- {
		if n := s.States[i]; n > 0 {
			bad += n
			gravest = append(gravest, groups(uint64(n))+" "+i.String())
			if len(gravest) == 1 {
				colour = stateColors[i]
			}
		}
	}
	note := "of " + plural(uint64(s.Open), "pool")
	switch {
	case len(gravest) > 2:
		note = strings.Join(gravest[:2], ", ") + " …"
	case len(gravest) > 0:
		note = strings.Join(gravest, ", ")
	}
	return tile{Name: "Need attention", Value: groups(uint64(bad)), Note: note, Color: colour}
}

func (s *summary) hitColor() string {
	if s.HitRatio.known && s.HitRatio.value < goodHits {
		return "miss"
	}
	return "hit"
}

func (s *summary) heldNote() string {
	if s.Budget.known {
		return "budget " + s.Budget.String() + ", " + s.Charged.String() + " charged"
	}
	return "each pool to its own limit"
}

func (v *controllerView) tile(silent bool) tile {
	t := tile{Name: "Memory pressure", Value: unknown, Note: "no controller runs"}
	switch {
	case silent:
		t.Note = "the controller does not answer"
	case v != nil:
		t.Value, t.Href, t.Color = v.Level, "?view=controller", v.Color()
		t.Note = v.Cause + ", for " + v.Since.Age()
	}
	return t
}

// stateColors are names of the palette, which the dashboards share.
var stateColors = [numStates]string{
	stateOK: "hit", stateHoarding: "held", stateWaiting: "use", stateMissing: "miss",
	stateRefusing: "drop", stateThrashing: "drop", stateLeaking: "leak", stateMisused: "leak", stateFailed: "leak",
}

// columns are the columns of the table of pools. A narrow screen shows fewer:
// the class says from which width on a column is shown.
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

type choice struct {
	Name     string
	Count    int
	Selected bool
}

// States are the choices of the filter: the states that some pool is in.
func (v *view) States() (choices []choice) {
	for i, name := range slices.Backward(stateNames[:]) {
		if n := v.Summary.States[state(i)]; n > 0 || v.State == name {
			choices = append(choices, choice{name, n, v.State == name})
		}
	}
	return choices
}

// Total is the number of pools; From and To bound the page's part of those that
// match.
func (v *view) Total() int { return len(v.frame.tracks) }
func (v *view) From() int  { return min(v.Offset+1, v.Matched) }
func (v *view) To() int    { return v.Offset + len(v.Pools) }

// Prev is the query of the page before, "" on the first.
func (v *view) Prev() string {
	if v.Offset == 0 {
		return ""
	}
	q := *v.query
	q.Offset = max(0, min(q.Offset, v.Matched)-q.Limit)
	return q.encode()
}

// head is a column's heading: a link that sorts by it.
type head struct {
	Label, Hint, Class string
	Href               string
	Sorted             string // ascending, descending or none, as aria-sort has it
}

func (v *view) Heads() (heads []head) {
	for _, c := range columns {
		h := head{Label: c.label, Hint: c.hint, Class: c.class}
		if v.Watched() {
			h.Label += c.rate
		}
		if c.sort != "" {
			h.Href, h.Sorted = v.sortedBy(c.sort)
		}
		heads = append(heads, h)
	}
	return heads
}

var opposite = map[string]string{ascending: descending, descending: ascending}

// sortedBy is the query that sorts by a column, or turns the order round.
func (v *view) sortedBy(column string) (href, sorted string) {
	q := *v.query
	q.Sort, q.Offset, q.Order = column, 0, orders[column].order
	sorted = "none"
	if v.Sort == column {
		q.Order = opposite[v.Order]
		sorted = v.Order + "ending"
	}
	return q.encode(), sorted
}
