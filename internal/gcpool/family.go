package gcpool

import (
	"sync"
	"weak"
)

// Family counts what several pools have done, those included that are gone. It keeps
// none of them alive. The zero value is ready to use; it must not be copied.
type Family struct {
	mu      sync.Mutex
	members []*member // as many as there were pools at a time, or twice that
	free    []*member // whose pool is gone
	search  int       // how many members there are when it is time to look for such
}

// member is a tally and the pool that has it, or had it.
type member struct {
	Tally
	pool weak.Pointer[Pool]
	free bool
}

// fewMembers is how many there may be before Join looks for some that are free.
const fewMembers = 8

// Join makes a pool, which was not used before, one of the family. It takes over the tally of
// one that is gone, so that the family does not grow with the pools there ever were. It
// looks for such when there are twice as many as there were pools the last time.
func (f *Family) Join(p *Pool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.free) == 0 && len(f.members) >= max(f.search, fewMembers) {
		f.bury()
		f.search = 2 * (len(f.members) - len(f.free))
	}
	m := f.vacant()
	m.pool, m.free = weak.Make(p), false
	m.Of(p)
}

// vacant returns a member without a pool.
func (f *Family) vacant() *member {
	if last := len(f.free) - 1; last >= 0 {
		m := f.free[last]
		f.free = f.free[:last]
		return m
	}
	m := new(member)
	f.members = append(f.members, m)
	return m
}

// bury counts what is left of pools that are gone. Who uses a pool refers to it until the use
// is counted, so the counters of one that the collector found dead are final.
func (f *Family) bury() {
	for _, m := range f.members {
		if !m.free && m.pool.Value() == nil {
			m.Tally.bury(0)
			m.Tally.bury(1)
			m.free = true
			f.free = append(f.free, m)
		}
	}
}

// Counts is the sum over all pools there ever were.
func (f *Family) Counts() (c Counts) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.bury()
	for _, m := range f.members {
		c.add(m.Counts())
	}
	return c
}
