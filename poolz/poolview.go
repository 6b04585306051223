package poolz

import "github.com/otelpool/pool"

// poolView is a pool as every format shows it: encoded as JSON, or printed by a
// template. Fields without a name in JSON are only printed.
type poolView struct {
	ID       string     `json:"id"`
	Name     string     `json:"name"`
	Strategy string     `json:"strategy"`
	State    string     `json:"state"`
	Mode     string     `json:"mode,omitempty"`
	Marks    []markView `json:"marks"`
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
	Findings []findingView           `json:"findings,omitempty"`
	Holders  []holder                `json:"holders,omitempty"`

	Label   string  `json:"-"`
	Now     nowView `json:"-"`
	Watched bool    `json:"-"` // there are rates by reason and class
	Sampler bool    `json:"-"` // there may be holders
}

type markView struct {
	State string `json:"state"`
	Why   string `json:"why"`
	state state
}

func (m markView) Advice() string { return advice[m.state] }

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
	Requests, Misses, Drops, Evictions figure[rate]
	Hit                                figure[ratio]
	HitBar, HeldBar                    bar
	Missing, Dropping, Evicting        bool // worth a colour
}

// bar is a share drawn beside its figure; Width is in per cent, −1 for none.
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
		ID: t.id, Name: t.name, Label: t.label, Strategy: s.Strategy, State: t.state().String(),
		Marks: make([]markView, len(t.marks)), countsView: viewCounts(&s.Counts, k), Now: t.now(),
		InUse:       known(k.Has(pool.KnowsInUse), objects(s.InUse)),
		InUseBytes:  known(k.Has(pool.KnowsInUseBytes), size(s.InUseBytes)),
		Limit:       known(k.Has(pool.KnowsLimit), size(s.Limit)),
		ObjectLimit: known(k.Has(pool.KnowsObjectLimit), objects(s.ObjectLimit)),
		Grown:       known(k.Has(pool.KnowsResizes), events(s.Grown)),
		Shrunk:      known(k.Has(pool.KnowsResizes), events(s.Shrunk)),
		Pending:     known(k.Has(pool.KnowsPending), objects(s.Pending)),
		HitRatio:    known(t.pools() && s.Requests[hit]+s.Requests[miss] > 0, ratio(s.HitRatio())),
		Misuse:      counts[pool.MisuseKind]{known: k.Misuse, totals: s.Misuse[:]},
	}
	if t.switchable {
		p.Mode = t.mode.String()
	}
	for i, m := range t.marks {
		p.Marks[i] = markView{m.state.String(), m.why, m.state}
	}
	if w := &t.recent; w.seconds > 0 {
		p.Rates = viewRates(w, k)
	}
	return p
}

// keeping has the returns that drop nothing.
var keeping = pool.SetOf(pool.Pooled, pool.NilReturn)

func viewRates(w *window, k pool.Knowledge) *ratesView {
	return &ratesView{
		Requests:  known(k.Requests != 0, rate(w.requests())),
		Hits:      known(k.Requests.Has(int(hit)), rate(w.hits)),
		Misses:    known(k.Requests.Has(int(miss)), rate(w.misses)),
		Returns:   known(k.Returns != 0, rate(w.puts)),
		Drops:     known(k.Returns&^keeping != 0, rate(w.dropped)),
		Evictions: known(k.Evictions != 0, rate(w.evicted)),
		HitRatio:  known(w.served() > 0, ratio(w.hits/w.served())),
	}
}

func viewCounts(c *pool.Counts, k pool.Knowledge) countsView {
	v := countsView{
		Requests:       counts[pool.RequestResult]{known: k.Requests, totals: c.Requests[:]},
		Returns:        counts[pool.ReturnResult]{known: k.Returns, totals: c.Returns[:]},
		Evictions:      counts[pool.EvictionReason]{known: k.Evictions, totals: c.Evictions[:]},
		Allocations:    known(k.Allocations(), events(c.Allocations)),
		AllocatedBytes: known(k.Has(pool.KnowsAllocatedBytes), size(c.AllocatedBytes)),
		RequestedBytes: known(k.Has(pool.KnowsRequestedBytes), size(c.RequestedBytes)),
		Prewarmed:      known(k.Allocations(), events(c.Prewarmed)),
		Idle:           known(k.Has(pool.KnowsIdle), objects(c.Idle)),
		IdleBytes:      known(k.Has(pool.KnowsIdleBytes), size(c.IdleBytes)),
	}
	if k.Has(pool.KnowsEvictedBytes) {
		v.EvictedBytes = counts[pool.EvictionReason]{known: k.Evictions, totals: c.EvictedBytes[:]}
		v.Evictions.bytes = c.EvictedBytes[:]
	}
	return v
}

// now has a pool's rates of the last seconds.
func (t *track) now() nowView {
	s, w, k := &t.stats, &t.recent, t.stats.Knows
	n := nowView{
		Requests:  t.figure(k.Requests, w.requests(), s.Gets()),
		Misses:    t.figure(k.Requests&pool.SetOf(miss), w.misses, s.Requests[miss]),
		Drops:     t.figure(k.Returns&^keeping, w.dropped, s.Dropped()),
		Evictions: t.figure(k.Evictions, w.evicted, s.Evicted()),
		Missing:   w.misses >= 0.05, Dropping: w.dropped >= 0.05, Evicting: w.evicted >= 0.05,
		HitBar: bar{"hit", -1}, HeldBar: bar{"held", -1},
	}
	hits := t.hitRatio()
	if n.Hit = known(t.pools() && hits <= 1, ratio(hits)); n.Hit.known && !s.Closed {
		n.HitBar.Width = int(hits * 100)
	}
	if !s.Closed && s.Limit > 0 && k.Has(pool.KnowsLimit|pool.KnowsIdleBytes) {
		n.HeldBar.Width = int(min(100*float64(s.IdleBytes)/float64(s.Limit), 100))
	}
	return n
}

// now shows the counts n of a class: rates over the seconds given, totals if those are 0.
func (c *classView) now(n *pool.Counts, k pool.Knowledge, overSeconds float64) {
	if overSeconds == 0 {
		overSeconds = 1
	}
	per := func(of pool.Set, n uint64) figure[rate] { return known(of != 0, rate(float64(n)/overSeconds)) }
	served := n.Requests[hit] + n.Requests[miss]
	c.Now = nowView{
		Requests: per(k.Requests, n.Gets()), Misses: per(k.Requests&pool.SetOf(miss), n.Requests[miss]),
		Drops: per(k.Returns&^keeping, n.Dropped()), Evictions: per(k.Evictions, n.Evicted()),
		Hit:     known(served > 0, ratio(float64(n.Requests[hit])/float64(served))),
		HeldBar: bar{"held", -1},
	}
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

func (p *poolView) closed() bool { return p.State == stateClosed.String() }

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
func (p *poolView) Facts() (facts []fact) {
	add := func(name string, f interface {
		IsZero() bool
		String() string
	}) {
		if !f.IsZero() {
			facts = append(facts, fact{name, f.String()})
		}
	}
	add("idle objects", p.Idle)
	add("object limit", p.ObjectLimit)
	add("bytes in use", p.InUseBytes)
	add("callers waiting", p.Pending)
	add("allocations", p.Allocations)
	add("bytes allocated", p.AllocatedBytes)
	add("bytes asked for", p.RequestedBytes)
	add("made in advance", known(p.Prewarmed.value > 0, p.Prewarmed.value))
	add("limit raised", p.Grown)
	add("limit lowered", p.Shrunk)
	if p.Description != "" {
		facts = append(facts, fact{"holds", p.Description})
	}
	return facts
}
