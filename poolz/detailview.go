package poolz

import (
	"time"

	"github.com/otelpool/pool"
)

// fact is a name and a value in print.
type fact struct{ Name, Value string }

// detailView is one pool in depth, ready to print.
type detailView struct {
	row
	FullLabel                   string
	Marks                       []markView
	Facts                       []fact
	Reasons                     []reasonTable
	Classes                     []classRow
	Controlled                  bool // the classes have an idle age
	WhatIf                      []fact
	Tunable                     bool // there may be a curve
	NothingToWin, NothingOfLess bool // what the curve does not have
	Rates                       bool
	HasInUse, HasHeld           bool
	Findings                    []findingView
	Sampler                     bool // there may be holders
	Holders                     []holderView
	MoreHolders                 int
	Self                        string // as JSON
}

type markView struct{ State, Why, Advice string }

type findingView struct {
	Ago, Kind, What string
	Deeds           []deed
}

type holderView struct{ Place, Objects, Bytes, Oldest string }

type classRow struct {
	Size, Idle, Held, Requests, Hit, Misses, Drops, Evictions, IdleAge, Regrets string
	HeldBar                                                                     int // share of what the pool holds
}

func (v *view) view() *detailView {
	t, d := v.tracks[0], v.detail
	lately, seconds := d.lately(v.frame.at)
	s, k := &d.stats, d.stats.Knows
	x := &detailView{
		row: t.row(), FullLabel: t.label, Facts: facts(s), Rates: seconds > 0, WhatIf: whatIfText(d.points, s.IdleBytes),
		HasInUse: k.Has(pool.KnowsInUse), HasHeld: k.Has(pool.KnowsIdleBytes),
	}
	if x.Tunable = d.tunable && len(d.points) > 0; x.Tunable {
		x.NothingToWin = d.points[len(d.points)-1].Bytes == 0
		x.NothingOfLess = d.points[0].Bytes == 0
	}
	for _, m := range t.marks {
		x.Marks = append(x.Marks, markView{m.state.String(), m.why, advice[m.state]})
	}
	if d.described != "" {
		x.Facts = append(x.Facts, fact{"holds", d.described})
	}
	var evicted []uint64
	if k.Has(pool.KnowsEvictedBytes) {
		evicted = s.EvictedBytes[:]
	}
	x.Reasons = []reasonTable{
		{"Requests", reasons[pool.RequestResult](k.Requests, s.Requests[:], lately.Requests[:], nil, seconds), false},
		{"Returns", reasons[pool.ReturnResult](k.Returns, s.Returns[:], lately.Returns[:], nil, seconds), false},
		{"Evictions", reasons[pool.EvictionReason](k.Evictions, s.Evictions[:], lately.Evictions[:], evicted, seconds), evicted != nil},
		{"Misuse", reasons[pool.MisuseKind](k.Misuse, s.Misuse[:], lately.Misuse[:], nil, seconds), false},
	}
	x.Findings = findingViews(d.found, v.frame.at)
	x.Self = v.query.encode() + "&format=json"
	x.Sampler = d.sampler
	x.Holders, x.MoreHolders = holderViews(d.holders, v.frame.at)
	x.Classes, x.Controlled = v.classRows(&lately, seconds)
	return x
}

// Of findings and holders, a page shows so many, and JSON all.
const fewFindings, fewHolders = 10, 10

func findingViews(found []finding, now time.Time) (rows []findingView) {
	for _, f := range found[:min(len(found), fewFindings)] {
		row := findingView{Ago: agoText(now, f.at), Kind: f.Kind.String(), What: f.Kind.Description(), Deeds: f.deeds()}
		if f.Detail != "" {
			row.What = f.Detail
		}
		if f.Size > 0 {
			row.What += ", " + byteSize(f.Size)
		}
		rows = append(rows, row)
	}
	return rows
}

func holderViews(holders []holder, now time.Time) (rows []holderView, more int) {
	for _, h := range holders[:min(len(holders), fewHolders)] {
		row := holderView{place(h.stack), groups(uint64(h.objects)), byteSize(h.bytes), agoText(now, h.oldest)}
		if h.estimated {
			row.Objects, row.Bytes = "≈ "+row.Objects, "≈ "+row.Bytes
		}
		rows = append(rows, row)
	}
	return rows, len(holders) - len(rows)
}

// reasonTable is a pool's counts by result or reason.
type reasonTable struct {
	Title string
	Rows  []reason
	Bytes bool // the rows have them
}

func reasons[N interface {
	~uint8
	String() string
	Description() string
}](known pool.Set, totals, lately, sizes []uint64, seconds float64) (rows []reason) {
	for i, n := range totals {
		if !known.Has(i) {
			continue
		}
		r := reason{Name: N(i).String(), Meaning: N(i).Description(), Total: groups(n), Rate: unknown, Lately: lately[i] > 0, Color: "drop"}
		switch r.Name {
		case hit.String(), pool.Pooled.String():
			r.Color = "hit"
		case miss.String():
			r.Color = "miss"
		}
		if seconds > 0 {
			r.Rate = count(float64(lately[i]) / seconds)
		}
		if sizes != nil {
			r.Bytes = byteSize(int64(sizes[i]))
		}
		rows = append(rows, r)
	}
	return rows
}

// facts is what else is known of a pool.
func facts(s *pool.Stats) (f []fact) {
	add := func(known bool, name, value string) {
		if known {
			f = append(f, fact{name, value})
		}
	}
	k := s.Knows
	add(k.Has(pool.KnowsIdle), "idle objects", grouped(s.Idle))
	add(k.Has(pool.KnowsObjectLimit), "object limit", grouped(s.ObjectLimit))
	add(k.Has(pool.KnowsInUseBytes), "bytes in use", byteSize(s.InUseBytes))
	add(k.Has(pool.KnowsPending), "callers waiting", grouped(s.Pending))
	add(true, "allocations", groups(s.Allocations))
	add(k.Has(pool.KnowsAllocatedBytes), "bytes allocated", byteSize(int64(s.AllocatedBytes)))
	add(k.Has(pool.KnowsRequestedBytes), "bytes asked for", byteSize(int64(s.RequestedBytes)))
	add(s.Prewarmed > 0, "made in advance", groups(s.Prewarmed))
	add(k.Has(pool.KnowsResizes), "limit raised, lowered", groups(s.Grown)+", "+groups(s.Shrunk))
	return f
}

func (v *view) classRows(lately *pool.Stats, seconds float64) (rows []classRow, controlled bool) {
	s := &v.detail.stats
	for i := range s.Classes {
		c := &s.Classes[i]
		now := &c.Counts
		if seconds > 0 {
			now = &lately.Classes[i].Counts
		}
		figure := func(n uint64) string {
			if seconds > 0 {
				return count(float64(n) / seconds)
			}
			return count(float64(n))
		}
		r := classRow{
			Size: byteSize(c.Size), Idle: unknown, Held: unknown, Hit: ratioText(float64(now.Requests[hit]), float64(now.Requests[hit]+now.Requests[miss])),
			Requests: figure(now.Gets()), Misses: figure(now.Requests[miss]), Drops: figure(now.Dropped()), Evictions: figure(now.Evicted()), HeldBar: -1,
		}
		if s.Knows.Has(pool.KnowsIdle) {
			r.Idle = grouped(c.Idle)
		}
		if s.Knows.Has(pool.KnowsIdleBytes) {
			r.Held = byteSize(c.IdleBytes)
			if s.IdleBytes > 0 {
				r.HeldBar = int(100 * c.IdleBytes / s.IdleBytes)
			}
		}
		if control := controlOf(v.frame.controller, s.Name, c.Size); control != nil {
			controlled = true
			r.IdleAge, r.Regrets = duration(control.IdleAge), groups(control.Regrets)
		}
		rows = append(rows, r)
	}
	return rows, controlled
}

// whatIfText reads the curve at sizes that people think of, where it is known.
func whatIfText(points []sizePoint, held int64) (rows []fact) {
	if len(points) < 2 {
		return nil
	}
	least, most := points[0].Bytes, points[len(points)-1].Bytes
	for _, size := range []struct {
		name   string
		change int64
	}{
		{"a quarter of that", -held / 4 * 3},
		{"half of that", -held / 2},
		{"what it holds now, " + byteSize(held), 0},
		{"half as much again", held / 2},
		{"twice as much", held},
		{"four times as much", 3 * held},
		{byteSize(held+most) + ", beyond which nothing is known to be won", most},
	} {
		last := len(rows) > 0 && size.change == most && most == 0
		if size.change >= least && size.change <= most && !last {
			rows = append(rows, fact{size.name, percent(ratioAt(points, size.change))})
		}
	}
	return rows
}

func (c classRow) HeldBarOf() bar { return bar{"held", c.HeldBar} }
