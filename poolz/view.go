package poolz

import (
	"encoding/json"
	"time"

	"github.com/otelpool/pool"
)

// view is a frame as one query sees it, with everything that a page prints:
// JSON is its encoding, which doc.go describes; text and HTML are templates
// over it.
type view struct {
	Schema     int             `json:"schema"`
	Time       time.Time       `json:"time"`
	Seconds    float64         `json:"seconds"` // that the rates cover; 0: there are none
	Summary    summary         `json:"summary"`
	Controller *controllerView `json:"controller,omitempty"`
	Silent     bool            `json:"controller_silent,omitempty"` // there is one, and it does not answer
	*query
	Matched int        `json:"matched"`
	Next    string     `json:"next,omitempty"` // the query of the next page
	Pools   []poolView `json:"pools"`
	Config  string     `json:"config,omitempty"`

	HasConfig bool `json:"-"` // there is one to show
	frame     *frame
	tracks    []*track // of Pools
}

// summary is all pools together.
type summary struct {
	Open       int           `json:"open"`
	Closed     int           `json:"closed"`
	States     map[state]int `json:"states"`
	HeldBytes  figure[size]  `json:"held_bytes,omitzero"`
	InUseBytes figure[size]  `json:"in_use_bytes,omitzero"`
	Budget     figure[size]  `json:"budget,omitzero"`
	Charged    figure[size]  `json:"charged,omitzero"`
	HitRatio   figure[ratio] `json:"hit_ratio,omitzero"`
	Requests   figure[rate]  `json:"requests_per_second,omitzero"`
	Panics     uint64        `json:"panics,omitempty"`
	LastPanic  string        `json:"last_panic,omitempty"`

	drops, evictions figure[rate] // per second
}

// add adds an open pool's figures.
func (s *summary) add(t *track) {
	k, rates := t.stats.Knows, viewRates(t.recent, t.stats.Knows)
	s.HeldBytes.add(known(k.Has(pool.KnowsIdleBytes), size(t.stats.IdleBytes)))
	s.InUseBytes.add(known(k.Has(pool.KnowsInUseBytes), size(t.stats.InUseBytes)))
	s.Requests.add(rates.Requests)
	s.drops.add(rates.Drops)
	s.evictions.add(rates.Evictions)
}

func (f *frame) sum(r *pool.Registry) (s summary, seconds float64) {
	var hits, served float64 // of pools that can hit
	s.States = map[state]int{}
	for i := range state(numStates) {
		s.States[i] = 0
	}
	for _, t := range f.tracks {
		s.States[t.state()]++
		if t.stats.Closed {
			continue
		}
		s.Open++
		s.add(t)
		seconds = max(seconds, t.recent.seconds)
		if t.pools() {
			hits += t.recent.hits
			served += t.recent.served()
		}
	}
	s.Closed = s.States[stateClosed]
	if s.Open == 0 { // without pools a sum is 0; if no pool knows the figure, it is unknown
		s.HeldBytes.known, s.InUseBytes.known, s.drops.known, s.evictions.known = true, true, true, true
	}
	s.HitRatio = known(served > 0, ratio(hits/served))
	s.Requests.known = s.Requests.known && seconds > 0
	b := r.Budget()
	limit := b.Limit()
	s.Budget, s.Charged = known(limit != pool.Unlimited, size(limit)), known(limit != pool.Unlimited, size(b.Used()))
	s.Panics, s.LastPanic = r.Panics()
	return s, seconds
}

// see calls fn with the query's view, or nil if the pool it asks for is not
// there. fn runs under the sampler's lock; calls into the program's code run
// before.
func (h *handler) see(q *query, d *detail, fn func(*view)) {
	for {
		s, config := h.sampler.current(time.Now()), ""
		var entry *pool.Entry
		s.show(func(f *frame) {
			if t := f.find(q.pool); t != nil {
				entry, d.since = t.entry, t.waiting
			}
		})
		if entry != nil {
			d.particulars, d.since = s.inquiry.particulars(entry, d.since)
		}
		if q.view == viewConfig {
			config = s.inquiry.configText(s.registry, h.config)
		}
		if s.show(func(f *frame) { fn(h.look(f, q, d, config)) }) {
			return
		}
	}
}

// look makes the view of a query; nil if the pool it asks for is not there.
func (h *handler) look(f *frame, q *query, d *detail, config string) *view {
	v := &view{
		Schema: 1, Time: f.at.UTC(), Seconds: f.seconds, Summary: f.summary, frame: f, query: q, HasConfig: h.config != nil,
		Silent: f.silent, Controller: controllerOf(f.controller, f.at, q.view == viewController),
	}
	switch {
	case q.pool != "":
		t := f.find(q.pool)
		if t == nil {
			return nil
		}
		d.follow(t, f.at)
		v.tracks, v.Matched = []*track{t}, 1
	case q.view == viewConfig:
		v.Config = config
	case q.view != "" && q.format == "html":
	default:
		v.tracks, v.Matched = f.choose(q)
	}
	v.Pools = viewPools(v.tracks)
	if q.pool != "" {
		v.Pools[0].withDetail(d, f.controller, f.at)
		v.Pools[0].Findings = h.found.of(v.Pools[0].Name, f.at)
	}
	v.Next = v.next()
	return v
}

func viewPools(tracks []*track) []poolView {
	pools := make([]poolView, len(tracks))
	for i, t := range tracks {
		pools[i] = t.view()
	}
	return pools
}

// next is the query of the page after this one, "" on the last.
func (v *view) next() string {
	end := v.Offset + v.Limit
	if v.pool != "" || end >= v.Matched {
		return ""
	}
	q := *v.query
	q.Offset = end
	return q.encode()
}

// Detail is the pool that was asked for, or nil.
func (v *view) Detail() *poolView {
	if v.pool == "" {
		return nil
	}
	return &v.Pools[0]
}

// render is a page in the format asked for.
func (h *handler) render(v *view) ([]byte, error) {
	switch v.format {
	case "json":
		return json.MarshalIndent(v, "", "  ")
	case "text":
		return v.text()
	default:
		return h.html(v, "page")
	}
}
