package main

import (
	"sync"
	"time"
)

// history has the exports that each instance has made, also those that failed.
type history struct {
	mu      sync.Mutex
	exports map[string]map[int64]int64 // instance → time in milliseconds → number of the export
	latest  map[string]int64
}

func newHistory() *history {
	return &history{exports: map[string]map[int64]int64{}, latest: map[string]int64{}}
}

// add is called before the export.
func (h *history) add(instance string, at time.Time, export int64) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.exports[instance] == nil {
		h.exports[instance] = map[int64]int64{}
	}
	h.exports[instance][at.UnixMilli()] = export
	h.latest[instance] = max(h.latest[instance], export)
}

// sent is the sum of all instances' latest exports by number, and last the highest.
func (h *history) sent() (sum, last int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, n := range h.latest {
		sum += n
		last = max(last, n)
	}
	return sum, last
}
