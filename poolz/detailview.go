package poolz

import (
	"slices"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

// withDetail adds the figures that are read only of the pool that somebody
// looks at.
func (p *poolView) withDetail(d *detail, c *control.Stats, now time.Time) {
	lately, over := d.past.lately(&d.stats, now)
	p.countsView = viewCounts(&d.stats.Counts, d.stats.Knows)
	p.Requests.lately, p.Requests.seconds = lately.Requests[:], over
	p.Returns.lately, p.Returns.seconds = lately.Returns[:], over
	p.Evictions.lately, p.Evictions.seconds = lately.Evictions[:], over
	p.Misuse.lately, p.Misuse.seconds = lately.Misuse[:], over
	p.Curve, p.Description, p.Watched, p.Sampler = d.points, d.described, over > 0, d.sampler
	p.Holders = d.holders[:min(len(d.holders), maxLimit)]
	if !d.since.IsZero() && p.State != stateFailed.String() {
		p.Marks = append(p.Marks, markView{stateFailed.String(), hung("its particulars", d.since, now), stateFailed})
	}
	for _, f := range d.found {
		p.Findings = append(p.Findings, f.view(now))
	}
	for i := range d.stats.Classes {
		p.Classes = append(p.Classes, d.class(i, &lately, over, controlOf(c, p.Name, d.stats.Classes[i].Size)))
	}
}

func (d *detail) class(i int, lately *pool.Stats, over float64, set *control.ClassControl) classView {
	c := &d.stats.Classes[i]
	v := classView{Size: size(c.Size), countsView: viewCounts(&c.Counts, d.stats.Knows)}
	v.RequestedBytes = figure[size]{} // counted for the pool as a whole
	if over > 0 {
		v.now(&lately.Classes[i].Counts, d.stats.Knows, over)
	} else {
		v.now(&c.Counts, d.stats.Knows, 0)
	}
	if v.IdleBytes.known && d.stats.IdleBytes > 0 {
		v.Now.HeldBar.Width = int(100 * c.IdleBytes / d.stats.IdleBytes)
	}
	if set != nil {
		v.IdleAge, v.Regrets = known(true, seconds(set.IdleAge)), known(true, events(set.Regrets))
	}
	return v
}

// controlOf finds the controller's settings for a class.
func controlOf(c *control.Stats, name string, classSize int64) *control.ClassControl {
	if c == nil {
		return nil
	}
	for i := range c.Classes {
		if c.Classes[i].Pool == name && c.Classes[i].Size == classSize {
			return &c.Classes[i]
		}
	}
	return nil
}

// Controlled reports whether the classes have an idle age.
func (p *poolView) Controlled() bool {
	return slices.ContainsFunc(p.Classes, func(c classView) bool { return c.IdleAge.known })
}

// reasonTable is a printed table of a pool's counts by result or reason.
type reasonTable struct {
	Title    string
	Rows     []reason
	HasBytes bool
}

func (p *poolView) Reasons() []reasonTable {
	return []reasonTable{
		{"Requests", p.Requests.rows(), false},
		{"Returns", p.Returns.rows(), false},
		{"Evictions", p.Evictions.rows(), p.Evictions.bytes != nil},
		{"Misuse", p.Misuse.rows(), false},
	}
}

// The number of findings and holders that a page shows; JSON has all.
const fewFindings, fewHolders = 10, 10

func (p *poolView) FewFindings() []findingView { return p.Findings[:min(len(p.Findings), fewFindings)] }
func (p *poolView) FewHolders() []holder       { return p.Holders[:min(len(p.Holders), fewHolders)] }
func (p *poolView) MoreHolders() int           { return max(len(p.Holders)-fewHolders, 0) }

// NothingToWin: no miss would have been a hit of a larger pool.
func (p *poolView) NothingToWin() bool { return p.Curve[len(p.Curve)-1].Bytes == 0 }

// NothingOfLess: the curve has no points for a smaller pool.
func (p *poolView) NothingOfLess() bool { return p.Curve[0].Bytes == 0 }

// WhatIf reads the curve at round sizes, as far as it is known.
func (p *poolView) WhatIf() (rows []fact) {
	points, held := p.Curve, int64(p.IdleBytes.value)
	if len(points) < 2 {
		return nil
	}
	least, most := points[0].Bytes, points[len(points)-1].Bytes
	for _, step := range []struct {
		name   string
		change int64
	}{
		{"a quarter of that", -held / 4 * 3},
		{"half of that", -held / 2},
		{"its size now, " + byteSize(held), 0},
		{"half as much again", held / 2},
		{"twice as much", held},
		{"four times as much", 3 * held},
		{byteSize(held+most) + ", beyond which no gain is known", most},
	} {
		last := len(rows) > 0 && step.change == most && most == 0
		if step.change >= least && step.change <= most && !last {
			rows = append(rows, fact{step.name, percent(ratioAt(points, step.change))})
		}
	}
	return rows
}
