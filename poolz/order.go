package poolz

import (
	"cmp"
	"slices"
	"strings"
)

// orders are the ways to sort pools. Ties go by name, so that a page does not
// move without a reason.
var orders = map[string]struct {
	descending bool // by default: what is most interesting comes first
	compare    func(a, b *track) int
}{
	"attention": {true, func(a, b *track) int {
		return cmp.Or(cmp.Compare(a.state(), b.state()), cmp.Compare(a.stats.IdleBytes, b.stats.IdleBytes))
	}},
	"name":      {false, func(a, b *track) int { return 0 }},
	"requests":  {true, by(func(t *track) float64 { return t.figure(t.recent.requests(), t.stats.Gets()) })},
	"hit":       {false, by((*track).hitRatio)},
	"misses":    {true, by(func(t *track) float64 { return t.figure(t.recent.misses, t.stats.Requests[miss]) })},
	"inuse":     {true, by(func(t *track) float64 { return float64(t.stats.InUse) })},
	"held":      {true, by(func(t *track) float64 { return float64(t.stats.IdleBytes) })},
	"drops":     {true, by(func(t *track) float64 { return t.figure(t.recent.dropped, t.stats.Dropped()) })},
	"evictions": {true, by(func(t *track) float64 { return t.figure(t.recent.evicted, t.stats.Evicted()) })},
}

func by(key func(*track) float64) func(a, b *track) int {
	return func(a, b *track) int { return cmp.Compare(key(a), key(b)) }
}

// choose is the pools that pass the query, and of those the page it asks for.
// Sorting them all costs less than reading them did.
func (f *frame) choose(q *query) (page []*track, matched int) {
	filter := strings.ToLower(q.filter)
	all := make([]*track, 0, len(f.tracks))
	for _, t := range f.tracks {
		if q.state != "" && t.state().String() != q.state {
			continue
		}
		if strings.Contains(t.searched, filter) {
			all = append(all, t)
		}
	}
	compare := orders[q.sort].compare
	slices.SortFunc(all, func(a, b *track) int {
		if c := compare(a, b); c != 0 {
			if q.descending {
				return -c
			}
			return c
		}
		byName := strings.Compare(a.name, b.name)
		if q.sort == "name" && q.descending {
			return -byName
		}
		return byName
	})
	from := min(q.offset, len(all))
	return all[from:min(from+q.limit, len(all))], len(all)
}

// find is the pool with that name or, if there is none, with that id.
func (f *frame) find(nameOrID string) *track {
	var byID *track
	for _, t := range f.tracks {
		if t.name == nameOrID {
			return t
		}
		if t.id == nameOrID {
			byID = t
		}
	}
	return byID
}
