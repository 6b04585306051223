package poolz

import (
	"encoding/json"
	"net/http"
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
	Sort       string          `json:"sort"`
	Order      string          `json:"order"`
	Filter     string          `json:"filter"`
	State      string          `json:"state"`
	Offset     int             `json:"offset"`
	Limit      int             `json:"limit"`
	Matched    int             `json:"matched"`
	Next       string          `json:"next,omitempty"` // the query of the next page
	Pools      []poolView      `json:"pools"`
	Config     string          `json:"config,omitempty"`

	frame  *frame
	query  *query
	tracks []*track // of Pools
	detail *detail  // of the pool asked for, or nil
}

// summary is all pools together.
type summary struct {
	Open       int           `json:"open"`
	Closed     int           `json:"closed"`
	States     stateCounts   `json:"states"`
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

// stateCounts is how many pools are in each state.
type stateCounts [numStates]int

func (c stateCounts) MarshalJSON() ([]byte, error) {
	m := map[string]int{}
	for i, n := range c {
		m[state(i).String()] = n
	}
	return json.Marshal(m)
}

// sums adds up the open pools; each figure is the sum over those that know it.
type sums struct {
	seconds, requests, dropped, evicted float64
	hits, served                        float64 // of pools that can hit
	held, inUse                         int64
	knows                               pool.Knowledge // of any of them
}

func (s *sums) add(t *track) {
	k := &t.stats.Knows
	s.knows.Rows |= k.Rows
	s.knows.Requests |= k.Requests
	s.knows.Returns |= k.Returns
	s.knows.Evictions |= k.Evictions
	s.held += t.stats.IdleBytes
	s.inUse += t.stats.InUseBytes
	w := &t.recent
	s.seconds = max(s.seconds, w.seconds)
	s.requests += w.requests()
	s.dropped += w.dropped
	s.evicted += w.evicted
	if t.pools() {
		s.hits += w.hits
		s.served += w.served()
	}
}

func (f *frame) sum() (s summary, seconds float64) {
	var all sums
	for _, t := range f.tracks {
		s.States[t.state()]++
		if t.stats.Closed {
			continue
		}
		s.Open++
		all.add(t)
	}
	s.Closed = s.States[stateClosed]
	// Without pools a sum is 0; if no pool knows the figure, its sum is unknown.
	tells := func(of pool.Set) bool { return s.Open == 0 || of != 0 }
	k := &all.knows
	s.HeldBytes = known(tells(k.Rows&pool.KnowsIdleBytes), size(all.held))
	s.InUseBytes = known(tells(k.Rows&pool.KnowsInUseBytes), size(all.inUse))
	s.HitRatio = known(all.served > 0, ratio(all.hits/all.served))
	s.Requests = known(all.seconds > 0 && tells(k.Requests), rate(all.requests))
	s.drops, s.evictions = known(tells(k.Returns&^keeping), rate(all.dropped)), known(tells(k.Evictions), rate(all.evicted))
	b := f.budget
	s.Budget, s.Charged = known(b.limit != pool.Unlimited, size(b.limit)), known(b.limit != pool.Unlimited, size(b.charged))
	s.Panics, s.LastPanic = f.panics.n, f.panics.last
	return s, all.seconds
}

// see calls fn with the query's view, or nil if the pool it asks for is not
// there. fn runs under the sampler's lock; calls into the program's code run
// before.
func (h *handler) see(q *query, d *detail, fn func(*view)) {
	for {
		s, config := h.sampler.current(time.Now()), ""
		if t := s.find(q.pool); t != nil {
			d.particulars, d.since = s.inquiry.particulars(t, time.Now())
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
		Schema: 1, Time: f.at.UTC(), Sort: q.sort, Order: orderName(q.descending), Filter: q.filter, State: q.state,
		Offset: q.offset, Limit: q.limit, frame: f, query: q,
		Silent: f.silent, Controller: controllerOf(f.controller, f.at, q.view == viewController),
	}
	v.Summary, v.Seconds = f.sum()
	switch {
	case q.pool != "":
		t := f.find(q.pool)
		if t == nil {
			return nil
		}
		d.follow(t, f.at)
		d.found = h.found.of(t.name)
		v.tracks, v.Matched, v.detail = []*track{t}, 1, d
	case q.view == viewConfig:
		v.Config = config
	case q.view != "" && q.format == "html":
	default:
		v.tracks, v.Matched = f.choose(q)
	}
	v.Pools = viewPools(v.tracks)
	if v.detail != nil {
		v.Pools[0].withDetail(d, f.controller, f.at)
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
	end := v.query.offset + v.query.limit
	if v.query.pool != "" || end >= v.Matched {
		return ""
	}
	q := *v.query
	q.offset = end
	return q.encode()
}

// Detail is the pool that was asked for, or nil.
func (v *view) Detail() *poolView {
	if v.detail == nil {
		return nil
	}
	return &v.Pools[0]
}

// render is a page in the format asked for.
func (h *handler) render(v *view, q *query) rendering {
	if v == nil {
		return notFound(q.pool)
	}
	r := rendering{status: http.StatusInternalServerError}
	switch {
	case q.format == "json":
		r.text, r.err = json.MarshalIndent(v, "", "  ")
	case q.format == "text":
		r.text, r.err = h.text(v)
	default:
		r.text, r.err = h.html(v, "page")
	}
	return r
}

// attention returns the pools to look at, gravest first and at most most, and
// the number of all.
func (f *frame) attention(most int) (worst []poolView, all int) {
	q := query{sort: "attention", descending: true, limit: len(f.tracks)}
	page, _ := f.choose(&q)
	for all < len(page) && page[all].state() >= stateHoarding {
		all++
	}
	return viewPools(page[:min(all, most)]), all
}
