package poolz

import (
	"net/http"
	"strconv"
	"time"
)

// What tests need to see of the inside.
var (
	Label      = label
	Identify   = identify
	Below      = below
	WhatIf     = whatIf
	ParseQuery = parseQuery
	RatioAt    = ratioAt
	StateNames = stateNames
	Meanings   = [][]string{advice[stateOff:]}
)

type SizePoint = sizePoint

const (
	MaxViewers = maxViewers
	PageSize   = pageSize
)

// Encode is a query as a link.
func (q query) Encode() string { return q.encode() }

// Viewers is how many watch.
func Viewers(h http.Handler) int {
	s := h.(*handler).sampler
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.viewers
}

// HasPast reports whether anything is kept.
func HasPast(h http.Handler) bool { return h.(*handler).sampler.show(func(*frame) {}) }

// SetWriteTimeout is for tests that cannot wait so long.
func SetWriteTimeout(h http.Handler, d time.Duration) { h.(*handler).writeTimeout = d }

// Frames is a viewer whose seconds pass when next is called.
func Frames(h http.Handler, w http.ResponseWriter) (next func() error) {
	page := h.(*handler)
	q, _ := parseQuery(nil)
	q.format = "html"
	place, _ := page.viewers.enter(time.Now())
	v := &viewer{handler: page, query: &q, place: place, out: http.NewResponseController(w), w: w, drawn: map[string]uint64{}}
	now := time.Now()
	return func() error {
		now = now.Add(interval)
		page.sampler.sample(now)
		page.viewers.acknowledge(place.token+"."+strconv.FormatUint(place.sent, 10), now)
		return v.send()
	}
}
