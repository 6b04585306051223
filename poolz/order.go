package poolz

import (
	"cmp"
	"slices"
	"strings"

	"github.com/otelpool/pool"
)

// orders are the ways to sort pools. Ties are sorted by name, so that rows do
// not move without a reason; a pool that does not know the figure comes last in
// either order.
var orders = map[string]struct {
	order  string // by default: what is most interesting comes first
	figure func(*track) figure[rate]
}{
	"attention": {descending, func(t *track) figure[rate] { return known(true, rate(t.state())) }},
	"name":      {ascending, func(*track) figure[rate] { return figure[rate]{} }},
	"requests":  {descending, func(t *track) figure[rate] { return t.now().Rates.Requests }},
	"hit":       {ascending, func(t *track) figure[rate] { n := t.now(); return known(n.Hit.known, rate(n.Hit.value)) }},
	"misses":    {descending, func(t *track) figure[rate] { return t.now().Rates.Misses }},
	"inuse":     {descending, func(t *track) figure[rate] { return known(t.stats.Knows.Has(pool.KnowsInUse), rate(t.stats.InUse)) }},
	"held": {descending, func(t *track) figure[rate] {
		return known(t.stats.Knows.Has(pool.KnowsIdleBytes), rate(t.stats.IdleBytes))
	}},
	"drops":     {descending, func(t *track) figure[rate] { return t.now().Rates.Drops }},
	"evictions": {descending, func(t *track) figure[rate] { return t.now().Rates.Evictions }},
}

// choose returns the page of pools that the query asks for, and the number of
// all that pass it. Sorting them all costs less than reading them did.
func (f *frame) choose(q *query) (page []*track, matched int) {
	filter := strings.ToLower(q.Filter)
	all := make([]*track, 0, len(f.tracks))
	for _, t := range f.tracks {
		if q.State != "" && t.state().String() != q.State {
			continue
		}
		if filter == "" || strings.Contains(strings.ToLower(t.label+"\n"+t.stats.Strategy), filter) {
			all = append(all, t)
		}
	}
	slices.SortFunc(all, q.comparison())
	from := min(q.Offset, len(all))
	return all[from:min(from+q.Limit, len(all))], len(all)
}

// comparison is the order that the query asks for.
func (q *query) comparison() func(a, b *track) int {
	of, way := orders[q.Sort].figure, 1
	if q.Order == descending {
		way = -1
	}
	return func(a, b *track) int {
		x, y, byName := of(a), of(b), strings.Compare(a.name, b.name)
		switch {
		case x.known != y.known && x.known:
			return -1
		case x.known != y.known:
			return 1
		case q.Sort == "name":
			return way * byName
		case q.Sort == "attention" && x.value == y.value:
			return cmp.Or(way*cmp.Compare(a.stats.IdleBytes, b.stats.IdleBytes), byName)
		}
		return cmp.Or(way*cmp.Compare(x.value, y.value), byName)
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
