package poolz

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

// text is the page for a terminal.
func (v *view) text() []byte {
	var b strings.Builder
	v.textSummary(&b)
	if c := v.frame.controller; c != nil {
		textController(&b, c, v.frame.at, v.query.view == viewController)
	}
	if v.detail != nil {
		v.textDetail(&b)
	} else {
		v.textTable(&b)
	}
	return []byte(b.String())
}

func (v *view) textSummary(w io.Writer) {
	s := &v.sum
	fmt.Fprintf(w, "%s open, %s held idle, %s in use", plural(uint64(s.open), "pool"), byteSize(s.held), byteSize(s.inUse))
	if b := v.frame.budget; b.limit != pool.Unlimited {
		fmt.Fprintf(w, ", budget %s", byteSize(b.limit))
	}
	if s.seconds > 0 {
		fmt.Fprintf(w, "; %s requests/s, %s hits over %s", count(s.requests), ratioText(s.hits, s.served), fmt.Sprintf("%.0f s", s.seconds))
	} else {
		fmt.Fprint(w, "; totals: add seconds=5 for rates and marks")
	}
	fmt.Fprintln(w)
	if panics := v.frame.panics.text(); panics != "" {
		fmt.Fprintln(w, panics)
	}
	worst, all := v.frame.attention(10)
	for _, t := range worst {
		fmt.Fprintf(w, "%-9s  %s: %s\n", strings.ToUpper(t.marks[0].state.String()), clip(t.label, 60), t.marks[0].why)
	}
	if all > len(worst) {
		fmt.Fprintf(w, "… and %d more: sort=attention lists them first\n", all-len(worst))
	}
}

func textController(w io.Writer, c *control.Stats, now time.Time, all bool) {
	fmt.Fprintf(w, "\ncontroller: pressure %s (%s) for %s; %s idle of %s allowed; last run %s\n", c.Level, c.Cause,
		ago(now, c.Since), byteSize(c.Idle), byteSize(c.Limit), agoText(now, c.LastRun))
	for _, s := range c.Signals {
		if s.Err != "" {
			fmt.Fprintf(w, "  signal %-11s absent: %s\n", s.Name, oneLine(s.Err))
			continue
		}
		fmt.Fprintf(w, "  signal %-11s %.2f, %s old\n", s.Name, s.Value, duration(s.Age))
	}
	most := 5
	if all {
		most = len(c.Decisions)
	}
	for i := range min(most, len(c.Decisions)) {
		d := decisionOf(&c.Decisions[len(c.Decisions)-1-i], now)
		fmt.Fprintf(w, "  %-12s %-8s %-16s %s  %s  %s\n", d.Ago, d.Action, d.Level, d.Limit, d.Reason, d.Outcome)
	}
}

func (v *view) textTable(w io.Writer) {
	fmt.Fprintln(w)
	perSecond := ""
	if v.sum.seconds > 0 {
		perSecond = "/s"
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "requests%s\thits\tmisses%s\tin use\theld\tlimit\tdrops%s\tevictions%s\tstate\t  pool\n", perSecond, perSecond, perSecond, perSecond)
	for _, t := range v.tracks {
		r := t.row()
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t  %s (%s)\n", r.Requests, r.Hit, r.Misses, r.InUse, r.Held, r.Limit, r.Drops, r.Evictions, r.State, r.Label, r.Strategy)
	}
	table.Flush()
	switch next := v.next(); {
	case len(v.tracks) == 0 && v.matched > 0:
		fmt.Fprintf(w, "none from %d on: %d match\n", v.query.offset, v.matched)
	case v.matched == 0 && len(v.frame.tracks) == 0:
		fmt.Fprintln(w, "no pools yet: a pool is here once it has a name in its config")
	case v.matched == 0:
		fmt.Fprintf(w, "none of %d pools match\n", len(v.frame.tracks))
	case next != "":
		fmt.Fprintf(w, "%d to %d of %d; next: %s\n", v.query.offset+1, v.query.offset+len(v.tracks), v.matched, next)
	}
}

func (v *view) textDetail(w io.Writer) {
	t, d := v.tracks[0], v.view()
	r := t.row()
	fmt.Fprintf(w, "\npool %s\n%s, %s\n", t.label, t.stats.Strategy, t.state())
	for _, m := range t.marks {
		fmt.Fprintf(w, "%s: %s. %s\n", m.state, m.why, advice[m.state])
	}
	fmt.Fprintf(w, "\nhits %s, requests %s, in use %s, held %s of %s\n", r.Hit, r.Requests, r.InUse, r.Held, r.Limit)
	for _, f := range d.Facts {
		fmt.Fprintf(w, "%s: %s\n", f.Name, f.Value)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	textMisuse(table, d)
	for _, part := range d.Reasons {
		if len(part.Rows) == 0 {
			continue
		}
		fmt.Fprintf(table, "\n%s\ttotal\tper second\t\n", strings.ToLower(part.Title))
		for _, x := range part.Rows {
			fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", x.Name, x.Total, x.Rate, x.Meaning)
		}
	}
	if len(d.Classes) > 0 {
		fmt.Fprint(table, "\nclass\tidle\theld\thits\tmisses\tdrops\tevictions\n")
		for _, c := range d.Classes {
			fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.Size, c.Idle, c.Held, c.Hit, c.Misses, c.Drops, c.Evictions)
		}
	}
	if len(d.WhatIf) > 0 {
		fmt.Fprint(table, "\nif it held\thits\n")
		for _, p := range d.WhatIf {
			fmt.Fprintf(table, "  %s\t%s\n", p.Name, p.Value)
		}
	}
	table.Flush()
}

// textMisuse is where callers go wrong, and who has what is in use.
func textMisuse(table io.Writer, d *detailView) {
	for i, f := range d.Findings {
		if i == 0 {
			fmt.Fprint(table, "\nmisuse, and where\n")
		}
		fmt.Fprintf(table, "  %s: %s, %s\n", f.Kind, f.What, f.Ago)
		for _, s := range f.Deeds {
			fmt.Fprintf(table, "    %s by\t%s\n", s.What, s.Place())
		}
	}
	if len(d.Holders) > 0 {
		fmt.Fprint(table, "\nin use, taken by\tobjects\tbytes\toldest\n")
		for _, h := range d.Holders {
			fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", h.Place, h.Objects, h.Bytes, h.Oldest)
		}
	}
	if d.MoreHolders > 0 {
		fmt.Fprintf(table, "  … and %d more places: format=json\n", d.MoreHolders)
	}
}

// oneLine keeps text that comes from elsewhere, an error say, on its line.
func oneLine(s string) string { return label(s) }
