package poolz

import "net/http"

// view is a frame as one query sees it: what every format is made of.
type view struct {
	frame   *frame
	query   *query
	sum     summary
	tracks  []*track // the page's; with a pool asked for, that one
	matched int
	detail  *detail // of the pool asked for, or nil
}

// summary is all pools together.
type summary struct {
	open             int
	states           [numStates]int
	held, inUse      int64
	seconds          float64 // that the rates cover; 0: none
	requests         float64 // per second
	hits, served     float64
	drops, evictions float64
}

func (f *frame) sum() (s summary) {
	for _, t := range f.tracks {
		s.states[t.state()]++
		if t.stats.Closed {
			continue
		}
		s.open++
		s.held += t.stats.IdleBytes
		s.inUse += t.stats.InUseBytes
		w := &t.recent
		s.seconds = max(s.seconds, w.seconds)
		s.requests += w.requests()
		s.drops += w.dropped
		s.evictions += w.evicted
		if t.pools() {
			s.hits += w.hits
			s.served += w.served()
		}
	}
	return s
}

// look makes the view of a query; nil if the pool it asks for is not there.
func (f *frame) look(q *query, d *detail, found *findings) *view {
	v := &view{frame: f, query: q, sum: f.sum()}
	switch {
	case q.pool != "":
		t := f.find(q.pool)
		if t == nil {
			return nil
		}
		d.read(t, f.at)
		d.found = found.of(t.name)
		v.tracks, v.matched, v.detail = []*track{t}, 1, d
	case q.view != "" && q.format == "html", q.view == viewConfig:
	default:
		v.tracks, v.matched = f.choose(q)
	}
	return v
}

// next is the query of the page after this one, "" on the last.
func (v *view) next() string {
	end := v.query.offset + v.query.limit
	if v.query.pool != "" || end >= v.matched {
		return ""
	}
	q := *v.query
	q.offset = end
	return q.encode()
}

// render is a page in the format asked for. It runs under the sampler's lock.
func (h *handler) render(f *frame, q *query, d *detail) rendering {
	v := f.look(q, d, h.found)
	if v == nil {
		return notFound(q.pool)
	}
	r := rendering{status: http.StatusInternalServerError}
	switch {
	case q.format == "json":
		r.text, r.err = v.json(h.config)
	case q.format == "text" && q.view == viewConfig:
		r.text = []byte(h.config())
	case q.format == "text":
		r.text = v.text()
	default:
		r.text, r.err = h.html(v, "page")
	}
	return r
}

// attention is the pools to look at, gravest first, and how many there are.
func (f *frame) attention(most int) (worst []*track, all int) {
	q := query{sort: "attention", descending: true, limit: len(f.tracks)}
	page, _ := f.choose(&q)
	for all < len(page) && page[all].state() >= stateHoarding {
		all++
	}
	return page[:min(all, most)], all
}

// reason is a row of counts by result or reason.
type reason struct {
	Name, Meaning string
	Total, Rate   string
	Bytes         string
	Color         string // of the palette
	Lately        bool   // it happened within the rate's time
}
