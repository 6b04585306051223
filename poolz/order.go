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
	absent     func(t *track) bool // nothing to compare: last, either way
}{
	"attention": {true, func(a, b *track) int {
		return cmp.Or(cmp.Compare(a.state(), b.state()), cmp.Compare(a.stats.IdleBytes, b.stats.IdleBytes))
	}, nil},
	"name":      {false, func(a, b *track) int { return 0 }, nil},
	"requests":  {true, by(func(t *track) float64 { return t.figure(t.recent.requests(), t.stats.Gets()) }), nil},
	"hit":       {false, by((*track).hitRatio), func(t *track) bool { return t.hitRatio() > 1 }},
	"misses":    {true, by(func(t *track) float64 { return t.figure(t.recent.misses, t.stats.Requests[miss]) }), nil},
	"inuse":     {true, by(func(t *track) float64 { return float64(t.stats.InUse) }), nil},
	"held":      {true, by(func(t *track) float64 { return float64(t.stats.IdleBytes) }), nil},
	"drops":     {true, by(func(t *track) float64 { return t.figure(t.recent.dropped, t.stats.Dropped()) }), nil},
	"evictions": {true, by(func(t *track) float64 { return t.figure(t.recent.evicted, t.stats.Evicted()) }), nil},
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
	slices.SortFunc(all, q.comparison())
	from := min(q.offset, len(all))
	return all[from:min(from+q.limit, len(all))], len(all)
}

// comparison is the order that the query asks for.
func (q *query) comparison() func(a, b *track) int {
	o := orders[q.sort]
	way := 1
	if q.descending {
		way = -1
	}
	return func(a, b *track) int {
		if o.absent != nil && o.absent(a) != o.absent(b) {
			if o.absent(a) {
				return 1
			}
			return -1
		}
		byName := strings.Compare(a.name, b.name)
		if q.sort == "name" {
			return way * byName
		}
		return cmp.Or(way*o.compare(a, b), byName)
	}
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
