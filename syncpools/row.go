//go:build linux || darwin || windows || freebsd

package syncpools

import (
	"fmt"
	"sync/atomic"

	"github.com/otelpool/pool"
)

// row is the registry's source for a pool, or for all pools that one function
// made. The census' lock guards its figures.
type row struct {
	census  *Census
	pub     *pool.Publication
	place   string // file:line of New
	object  string // the type of its objects
	pools   int
	objects int64
	mean    int64 // bytes of a sampled object
	dropped uint64
	misses  atomic.Uint64
}

func (r *row) clear() { r.pools, r.objects = 0, 0 }

// weigh adds a sample's bytes to the mean, in which the last eight count most.
func (r *row) weigh(bytes int64) {
	if r.mean == 0 {
		r.mean = bytes
	}
	r.mean += (bytes - r.mean) / 8
}

// Stats implements pool.Source.
func (r *row) Stats(into *pool.Stats) {
	r.census.mu.Lock()
	defer r.census.mu.Unlock()
	r.census.refresh()
	into.Reset()
	into.Name = r.pub.Name()
	into.Strategy = "sync.Pool"
	into.Idle = r.objects
	into.IdleBytes = r.objects * r.mean
	into.Evictions[pool.EvictGC] = r.dropped
	into.Knows = pool.Knowledge{
		Rows:      pool.KnowsIdle | pool.KnowsIdleBytes,
		Evictions: pool.SetOf(pool.EvictGC),
	}
	if r.census.config.CountMisses {
		into.Requests[pool.Miss] = r.misses.Load()
		into.Allocations = r.misses.Load()
		into.Knows.Requests = pool.SetOf(pool.Miss)
	}
}

// Describe gives the type of the pool's objects and the place of its New.
func (r *row) Describe() string {
	r.census.mu.Lock()
	defer r.census.mu.Unlock()
	text := r.object
	if r.place != "" {
		text += ", made at " + r.place
	}
	if r.pools > 1 {
		text += fmt.Sprintf(", %d pools", r.pools)
	}
	return text + "; bytes are estimated"
}
