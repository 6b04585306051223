package poolz

import (
	"slices"

	"github.com/otelpool/pool"
)

// poolView is a pool as every format shows it: encoded as JSON, or printed by a
// template. Fields without a name in JSON are only printed.
type poolView struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Strategy string `json:"strategy"`
	State    state  `json:"state"`
	Mode     string `json:"mode,omitempty"`
	Marks    []mark `json:"marks"`
	countsView
	InUse       figure[objects] `json:"in_use,omitzero"`
	InUseBytes  figure[size]    `json:"in_use_bytes,omitzero"`
	Limit       figure[size]    `json:"limit,omitzero"`
	ObjectLimit figure[objects] `json:"object_limit,omitzero"`
	Grown       figure[events]  `json:"grown,omitzero"`
	Shrunk      figure[events]  `json:"shrunk,omitzero"`
	Pending     figure[objects] `json:"pending,omitzero"`
	HitRatio    figure[ratio]   `json:"hit_ratio,omitzero"`
	Rates       *ratesView      `json:"rates,omitempty"`
	Classes     []classView     `json:"classes,omitempty"`
	Curve       []sizePoint     `json:"curve,omitempty"`
	Description string          `json:"description,omitempty"`

	Misuse   counts[pool.MisuseKind] `json:"misuse,omitzero"`
	Findings []finding               `json:"findings,omitempty"`
	Holders  []holder                `json:"holders,omitempty"`

	Label   string  `json:"-"`
	Now     nowView `json:"-"`
	Watched bool    `json:"-"` // there are rates by reason and class
	Sampler bool    `json:"-"` // there may be holders
}

// countsView has the counts that pools and classes share.
type countsView struct {
	Requests       counts[pool.RequestResult]  `json:"requests"`
	Returns        counts[pool.ReturnResult]   `json:"returns"`
	Evictions      counts[pool.EvictionReason] `json:"evictions"`
	EvictedBytes   counts[pool.EvictionReason] `json:"evicted_bytes,omitzero"`
	Allocations    figure[events]              `json:"allocations,omitzero"`
	AllocatedBytes figure[size]                `json:"allocated_bytes,omitzero"`
	RequestedBytes figure[size]                `json:"requested_bytes,omitzero"`
	Prewarmed      figure[events]              `json:"prewarmed,omitzero"`
	Idle           figure[objects]             `json:"idle,omitzero"`
	IdleBytes      figure[size]                `json:"idle_bytes,omitzero"`
}

// ratesView has the recent counts, per second.
type ratesView struct {
	Requests  figure[rate]  `json:"requests,omitzero"`
	Hits      figure[rate]  `json:"hits,omitzero"`
	Misses    figure[rate]  `json:"misses,omitzero"`
	Returns   figure[rate]  `json:"returns,omitzero"`
	Drops     figure[rate]  `json:"drops,omitzero"`
	Evictions figure[rate]  `json:"evictions,omitzero"`
	HitRatio  figure[ratio] `json:"hit_ratio,omitzero"`
}

// nowView is a row of a table: rates while somebody watches, else totals.
type nowView struct {
	Rates                       ratesView
	Hit                         figure[ratio] // of all time if there were no requests lately
	HitBar, HeldBar             bar
	Missing, Dropping, Evicting bool // worth a colour
}

// bar is a share drawn beside its figure, if it has a color; Width is in per cent.
type bar struct {
	Color string
	Width int
}

type classView struct {
	Size size `json:"size"`
	countsView
	IdleAge figure[seconds] `json:"idle_age,omitzero"`
	Regrets figure[events]  `json:"regrets,omitzero"`
	Now     nowView         `json:"-"`
}

func (t *track) view() poolView {
	s, k := &t.stats, t.stats.Knows
	p := poolView{
		ID: t.id, Name: t.name, Label: t.label, Strategy: s.Strategy, State: t.state(),
		Marks: append([]mark{}, t.marks...), countsView: viewCounts(&s.Counts, &s.Counts, 0, k), Now: t.now(),
		InUse:       known(k.Has(pool.KnowsInUse), objects(s.InUse)),
		InUseBytes:  known(k.Has(pool.KnowsInUseBytes), size(s.InUseBytes)),
		Limit:       known(k.Has(pool.KnowsLimit), size(s.Limit)),
		ObjectLimit: known(k.Has(pool.KnowsObjectLimit), objects(s.ObjectLimit)),
		Grown:       known(k.Has(pool.KnowsResizes), events(s.Grown)),
		Shrunk:      known(k.Has(pool.KnowsResizes), events(s.Shrunk)),
		Pending:     known(k.Has(pool.KnowsPending), objects(s.Pending)),
		HitRatio:    t.everHit(),
		Misuse:      counts[pool.MisuseKind]{known: k.Misuse, totals: s.Misuse[:]},
	}
	if t.switchable {
		p.Mode = t.mode.String()
	}
	if t.recent.seconds > 0 {
		p.Rates = new(p.Now.Rates)
	}
	return p
}

// keeping has the returns that drop nothing.
var keeping = pool.SetOf(pool.Pooled, pool.NilReturn)

func viewRates(w window, k pool.Knowledge) ratesView {
	return ratesView{
		Requests:  known(k.Requests != 0, rate(w.requests())),
		Hits:      known(k.Requests.Has(int(hit)), rate(w.hits)),
		Misses:    known(k.Requests.Has(int(miss)), rate(w.misses)),
		Returns:   known(k.Returns != 0, rate(w.puts)),
		Drops:     known(k.Returns&^keeping != 0, rate(w.dropped)),
		Evictions: known(k.Evictions != 0, rate(w.evicted)),
		HitRatio:  known(w.served() > 0, ratio(w.hits/w.served())),
	}
}

// viewCounts has the counts of all time, and those of the last seconds: 0 if they are not watched.
func viewCounts(c, lately *pool.Counts, seconds float64, k pool.Knowledge) countsView {
	v := countsView{
		Requests:       counts[pool.RequestResult]{k.Requests, c.Requests[:], lately.Requests[:], seconds},
		Returns:        counts[pool.ReturnResult]{k.Returns, c.Returns[:], lately.Returns[:], seconds},
		Evictions:      counts[pool.EvictionReason]{k.Evictions, c.Evictions[:], lately.Evictions[:], seconds},
		Allocations:    known(k.Allocations(), events(c.Allocations)),
		AllocatedBytes: known(k.Has(pool.KnowsAllocatedBytes), size(c.AllocatedBytes)),
		RequestedBytes: known(k.Has(pool.KnowsRequestedBytes), size(c.RequestedBytes)),
		Prewarmed:      known(k.Allocations(), events(c.Prewarmed)),
		Idle:           known(k.Has(pool.KnowsIdle), objects(c.Idle)),
		IdleBytes:      known(k.Has(pool.KnowsIdleBytes), size(c.IdleBytes)),
	}
	if k.Has(pool.KnowsEvictedBytes) {
		v.EvictedBytes = counts[pool.EvictionReason]{known: k.Evictions, totals: c.EvictedBytes[:]}
	}
	return v
}

// now has a pool's rates of the last seconds, or the totals where nobody has
// watched yet. A new pool has no rates.
func (t *track) now() nowView {
	s, w, k := &t.stats, &t.recent, t.stats.Knows
	n := nowView{Missing: w.misses >= 0.05, Dropping: w.dropped >= 0.05, Evicting: w.evicted >= 0.05}
	switch {
	case w.seconds > 0:
		n.Rates = viewRates(*w, k)
	case !t.watched:
		n.Rates = viewRates(windowOf(&s.Counts, 1), k)
	}
	if n.Hit = t.hitRatio(); n.Hit.known && !s.Closed {
		n.HitBar = bar{"hit", int(n.Hit.value * 100)}
	}
	if !s.Closed && s.Limit > 0 && k.Has(pool.KnowsLimit|pool.KnowsIdleBytes) {
		n.HeldBar = bar{"held", int(min(100*float64(s.IdleBytes)/float64(s.Limit), 100))}
	}
	return n
}

// Held is the idle memory, and Most its limit, in bytes or in objects.
func (p *poolView) Held() string { return p.amount(p.IdleBytes, p.Idle) }
func (p *poolView) Most() string { return p.amount(p.Limit, p.ObjectLimit) }

func (p *poolView) amount(bytes figure[size], number figure[objects]) string {
	switch {
	case p.closed():
		return unknown
	case !bytes.known && number.known:
		return plural(uint64(max(number.value, 0)), "object")
	}
	return bytes.String()
}

func (p *poolView) closed() bool { return p.State == stateClosed }

// Users is the number of objects in use.
func (p *poolView) Users() string {
	return known(p.InUse.known && !p.closed(), rate(p.InUse.value)).String()
}

// Why is the gravest mark's reason.
func (p *poolView) Why() string {
	if len(p.Marks) == 0 {
		return ""
	}
	return p.Marks[0].Why
}

// ShortLabel fits a table.
func (p *poolView) ShortLabel() string { return clip(p.Label, 80) }

// fact is a name and a value in print.
type fact struct{ Name, Value string }

// Facts are the figures without a place of their own on a pool's page.
func (p *poolView) Facts() []fact {
	facts := []fact{
		{"idle objects", p.Idle.String()},
		{"object limit", p.ObjectLimit.String()},
		{"bytes in use", p.InUseBytes.String()},
		{"callers waiting", p.Pending.String()},
		{"allocations", p.Allocations.String()},
		{"bytes allocated", p.AllocatedBytes.String()},
		{"bytes asked for", p.RequestedBytes.String()},
		{"made in advance", known(p.Prewarmed.value > 0, p.Prewarmed.value).String()},
		{"limit raised", p.Grown.String()},
		{"limit lowered", p.Shrunk.String()},
	}
	facts = slices.DeleteFunc(facts, func(f fact) bool { return f.Value == unknown })
	if p.Description != "" {
		facts = append(facts, fact{"holds", p.Description})
	}
	return facts
}
