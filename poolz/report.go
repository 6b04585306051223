package poolz

import (
	"encoding/json"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

// report is the JSON of a page; doc.go describes it.
type report struct {
	Schema     int             `json:"schema"`
	Time       time.Time       `json:"time"`
	Seconds    float64         `json:"seconds"`
	Summary    summaryJSON     `json:"summary"`
	Controller *controllerJSON `json:"controller,omitempty"`
	Sort       string          `json:"sort"`
	Order      string          `json:"order"`
	Filter     string          `json:"filter"`
	State      string          `json:"state"`
	Offset     int             `json:"offset"`
	Limit      int             `json:"limit"`
	Matched    int             `json:"matched"`
	Next       string          `json:"next,omitempty"`
	Pools      []poolJSON      `json:"pools"`
	Config     string          `json:"config,omitempty"`
}

type summaryJSON struct {
	Open       int            `json:"open"`
	Closed     int            `json:"closed"`
	States     map[string]int `json:"states"`
	HeldBytes  int64          `json:"held_bytes"`
	InUseBytes int64          `json:"in_use_bytes"`
	Budget     *int64         `json:"budget,omitempty"`
	Charged    *int64         `json:"charged,omitempty"`
	HitRatio   *float64       `json:"hit_ratio,omitempty"`
	Requests   *float64       `json:"requests_per_second,omitempty"`
	Panics     uint64         `json:"panics,omitempty"`
	LastPanic  string         `json:"last_panic,omitempty"`
}

type poolJSON struct {
	ID       string     `json:"id"`
	Name     string     `json:"name"`
	Strategy string     `json:"strategy"`
	State    string     `json:"state"`
	Mode     *string    `json:"mode,omitempty"`
	Marks    []markJSON `json:"marks"`
	countsJSON
	InUse       *int64      `json:"in_use,omitempty"`
	InUseBytes  *int64      `json:"in_use_bytes,omitempty"`
	Limit       *int64      `json:"limit,omitempty"`
	ObjectLimit *int64      `json:"object_limit,omitempty"`
	Grown       *uint64     `json:"grown,omitempty"`
	Shrunk      *uint64     `json:"shrunk,omitempty"`
	Pending     *int64      `json:"pending,omitempty"`
	HitRatio    *float64    `json:"hit_ratio,omitempty"`
	Rates       *ratesJSON  `json:"rates,omitempty"`
	Classes     []classJSON `json:"classes,omitempty"`
	Curve       []sizePoint `json:"curve,omitempty"`
	Description string      `json:"description,omitempty"`

	Misuse   map[string]uint64 `json:"misuse,omitempty"`
	Findings []findingJSON     `json:"findings,omitempty"`
	Holders  []holderJSON      `json:"holders,omitempty"`
}

// findingJSON has stacks as lines, innermost first.
type findingJSON struct {
	Kind       string    `json:"kind"`
	Time       time.Time `json:"time"`
	Size       int64     `json:"size,omitempty"`
	Held       float64   `json:"held,omitempty"`
	Taken      []string  `json:"taken,omitempty"`
	Put        []string  `json:"put,omitempty"`
	PutWrongly []string  `json:"put_wrongly,omitempty"`
	Detail     string    `json:"detail,omitempty"`
}

type holderJSON struct {
	Stack   []string  `json:"stack"`
	Samples int       `json:"samples"`
	Objects int64     `json:"objects"`
	Bytes   int64     `json:"bytes"`
	Oldest  time.Time `json:"oldest"`
}

type markJSON struct {
	State string `json:"state"`
	Why   string `json:"why"`
}

type countsJSON struct {
	Requests       map[string]uint64 `json:"requests"`
	Returns        map[string]uint64 `json:"returns"`
	Evictions      map[string]uint64 `json:"evictions"`
	EvictedBytes   map[string]uint64 `json:"evicted_bytes,omitempty"`
	Allocations    uint64            `json:"allocations"`
	AllocatedBytes *uint64           `json:"allocated_bytes,omitempty"`
	RequestedBytes *uint64           `json:"requested_bytes,omitempty"`
	Prewarmed      uint64            `json:"prewarmed"`
	Idle           *int64            `json:"idle,omitempty"`
	IdleBytes      *int64            `json:"idle_bytes,omitempty"`
}

type classJSON struct {
	Size int64 `json:"size"`
	countsJSON
	IdleAge *float64 `json:"idle_age,omitempty"`
	Regrets *uint64  `json:"regrets,omitempty"`
}

type ratesJSON struct {
	Requests  float64  `json:"requests"`
	Hits      float64  `json:"hits"`
	Misses    float64  `json:"misses"`
	Returns   float64  `json:"returns"`
	Drops     float64  `json:"drops"`
	Evictions float64  `json:"evictions"`
	HitRatio  *float64 `json:"hit_ratio,omitempty"`
}

func (v *view) json(config func() string) ([]byte, error) {
	q := v.query
	r := report{
		Schema: 1, Time: v.frame.at.UTC(), Seconds: v.sum.seconds, Summary: v.sum.json(v.frame), Controller: controllerReport(v.frame.controller),
		Sort: q.sort, Order: orderName(q.descending), Filter: q.filter, State: q.state, Offset: q.offset, Limit: q.limit,
		Matched: v.matched, Next: v.next(), Pools: make([]poolJSON, len(v.tracks)),
	}
	for i, t := range v.tracks {
		r.Pools[i] = poolReport(t)
	}
	if v.detail != nil {
		v.detail.addTo(&r.Pools[0], v.frame.controller)
	}
	if q.view == viewConfig {
		r.Config = config()
	}
	return json.MarshalIndent(&r, "", "  ")
}

func (s *summary) json(f *frame) summaryJSON {
	j := summaryJSON{Open: s.open, Closed: s.states[stateClosed], States: map[string]int{}, HeldBytes: s.held, InUseBytes: s.inUse}
	j.Panics, j.LastPanic = f.panics.n, f.panics.last
	for i, n := range s.states {
		j.States[state(i).String()] = n
	}
	if b := f.budget; b.limit != pool.Unlimited {
		j.Budget, j.Charged = &b.limit, &b.charged
	}
	j.HitRatio = known(s.served > 0, s.hits/s.served)
	j.Requests = known(s.seconds > 0, s.requests)
	return j
}

func poolReport(t *track) poolJSON {
	s, k := &t.stats, t.stats.Knows
	p := poolJSON{
		ID: t.id, Name: t.name, Strategy: s.Strategy, State: t.state().String(), Marks: make([]markJSON, len(t.marks)),
		countsJSON:  countsReport(&s.Counts, k),
		InUse:       known(k.Has(pool.KnowsInUse), s.InUse),
		InUseBytes:  known(k.Has(pool.KnowsInUseBytes), s.InUseBytes),
		Limit:       known(k.Has(pool.KnowsLimit), s.Limit),
		ObjectLimit: known(k.Has(pool.KnowsObjectLimit), s.ObjectLimit),
		Grown:       known(k.Has(pool.KnowsResizes), s.Grown),
		Shrunk:      known(k.Has(pool.KnowsResizes), s.Shrunk),
		Pending:     known(k.Has(pool.KnowsPending), s.Pending),
		Misuse:      named[pool.MisuseKind](k.Misuse, s.Misuse[:]),
		HitRatio:    known(t.pools() && s.Requests[hit]+s.Requests[miss] > 0, s.HitRatio()),
	}
	if t.switchable {
		p.Mode = new(t.mode.String())
	}
	for i, m := range t.marks {
		p.Marks[i] = markJSON{m.state.String(), m.why}
	}
	if w := &t.recent; w.seconds > 0 {
		p.Rates = &ratesJSON{w.requests(), w.hits, w.misses, w.puts, w.dropped, w.evicted, known(w.served() > 0, w.hits/w.served())}
	}
	return p
}

func countsReport(c *pool.Counts, k pool.Knowledge) countsJSON {
	j := countsJSON{
		Requests:       named[pool.RequestResult](k.Requests, c.Requests[:]),
		Returns:        named[pool.ReturnResult](k.Returns, c.Returns[:]),
		Evictions:      named[pool.EvictionReason](k.Evictions, c.Evictions[:]),
		Allocations:    c.Allocations,
		AllocatedBytes: known(k.Has(pool.KnowsAllocatedBytes), c.AllocatedBytes),
		RequestedBytes: known(k.Has(pool.KnowsRequestedBytes), c.RequestedBytes),
		Prewarmed:      c.Prewarmed,
		Idle:           known(k.Has(pool.KnowsIdle), c.Idle),
		IdleBytes:      known(k.Has(pool.KnowsIdleBytes), c.IdleBytes),
	}
	if k.Has(pool.KnowsEvictedBytes) {
		j.EvictedBytes = named[pool.EvictionReason](k.Evictions, c.EvictedBytes[:])
	}
	return j
}

func (d *detail) addTo(p *poolJSON, c *control.Stats) {
	for i := range d.stats.Classes {
		class := &d.stats.Classes[i]
		j := classJSON{Size: class.Size, countsJSON: countsReport(&class.Counts, d.stats.Knows)}
		j.RequestedBytes = nil // counted for the pool as a whole
		if control := controlOf(c, p.Name, class.Size); control != nil {
			j.IdleAge, j.Regrets = new(control.IdleAge.Seconds()), &control.Regrets
		}
		p.Classes = append(p.Classes, j)
	}
	p.Curve, p.Description = d.points, d.described
	for _, f := range d.found {
		p.Findings = append(p.Findings, findingJSON{
			Kind: f.Kind.String(), Time: f.at.UTC(), Size: f.Size, Held: f.Held.Seconds(),
			Taken: frameLines(f.Get), Put: frameLines(f.Put), PutWrongly: frameLines(f.Late), Detail: f.Detail,
		})
	}
	for _, h := range d.holders[:min(len(d.holders), maxLimit)] {
		p.Holders = append(p.Holders, holderJSON{frameLines(h.stack), h.samples, h.objects, h.bytes, h.oldest.UTC()})
	}
}

// controlOf is what the controller has set for a class.
func controlOf(c *control.Stats, name string, size int64) *control.ClassControl {
	if c == nil {
		return nil
	}
	for i := range c.Classes {
		if c.Classes[i].Pool == name && c.Classes[i].Size == size {
			return &c.Classes[i]
		}
	}
	return nil
}

func named[N interface {
	~uint8
	String() string
}](known pool.Set, counts []uint64) map[string]uint64 {
	m := map[string]uint64{}
	for i, n := range counts {
		if known.Has(i) {
			m[N(i).String()] = n
		}
	}
	return m
}

func known[V any](yes bool, v V) *V {
	if !yes {
		return nil
	}
	return &v
}
