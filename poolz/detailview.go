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
	lately, since := d.past.lately(&d.stats, now)
	over := since.Seconds()
	p.countsView = viewCounts(&d.stats.Counts, &lately.Counts, over, d.stats.Knows)
	p.Misuse.lately, p.Misuse.seconds = lately.Misuse[:], over
	if d.curve != nil {
		p.Curve = whatIf(d.curve, &d.stats)
	}
	p.Description, p.Watched, p.Sampler = d.described, over > 0, d.sampler
	p.Holders = d.holders[:min(len(d.holders), maxLimit)]
	if !d.since.IsZero() && p.State != stateFailed {
		p.Marks = append(p.Marks, mark{stateFailed, hung("its particulars", d.since, now)})
	}
	for i := range d.stats.Classes {
		p.Classes = append(p.Classes, d.class(i, &lately, over))
	}
	if c != nil {
		p.controlledBy(c)
	}
}

func (d *detail) class(i int, lately *pool.Stats, over float64) classView {
	c := &d.stats.Classes[i]
	v := classView{Size: size(c.Size), countsView: viewCounts(&c.Counts, &lately.Classes[i].Counts, over, d.stats.Knows)}
	v.RequestedBytes = figure[size]{} // counted for the pool as a whole
	w := windowOf(&c.Counts, 1)
	if over > 0 {
		w = windowOf(&lately.Classes[i].Counts, over)
	}
	rates := viewRates(w, d.stats.Knows)
	v.Now = nowView{Rates: rates, Hit: rates.HitRatio}
	if v.IdleBytes.known && d.stats.IdleBytes > 0 {
		v.Now.HeldBar = bar{"held", int(100 * c.IdleBytes / d.stats.IdleBytes)}
	}
	return v
}

// controlledBy adds what the controller has set for the classes.
func (p *poolView) controlledBy(c *control.Stats) {
	for _, set := range c.Classes {
		i := slices.IndexFunc(p.Classes, func(v classView) bool { return set.Pool == p.Name && set.Size == int64(v.Size) })
		if i >= 0 && !p.Classes[i].IdleAge.known {
			p.Classes[i].IdleAge, p.Classes[i].Regrets = known(true, seconds(set.IdleAge)), known(true, events(set.Regrets))
		}
	}
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
		{"Requests", p.Requests.rows(nil), false},
		{"Returns", p.Returns.rows(nil), false},
		{"Evictions", p.Evictions.rows(p.EvictedBytes.totals), p.EvictedBytes.totals != nil},
		{"Misuse", p.Misuse.rows(nil), false},
	}
}

// The number of findings and holders that a page shows; JSON has all.
const fewFindings, fewHolders = 10, 10

func (p *poolView) FewFindings() []finding { return p.Findings[:min(len(p.Findings), fewFindings)] }
func (p *poolView) FewHolders() []holder   { return p.Holders[:min(len(p.Holders), fewHolders)] }
func (p *poolView) MoreHolders() int       { return max(len(p.Holders)-fewHolders, 0) }

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
