package otelpool

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

// Rows of a series: every attribute beside the pool's own that one of its
// metrics can have. Metrics share them: object.count and memory.usage, say.
const (
	rowPlain    = 0
	rowRequest  = rowPlain + 1
	rowReturn   = rowRequest + pool.NumRequestResults
	rowEviction = rowReturn + pool.NumReturnResults
	rowIdle     = rowEviction + pool.NumEvictionReasons
	rowUsed     = rowIdle + 1
	rowAction   = rowUsed + 1
	rowLevel    = rowAction + control.NumActions
	rowMisuse   = rowLevel + control.NumPressureLevels
	numRows     = rowMisuse + pool.NumMisuseKinds
)

// rowGroups are the attributes of the rows and the row of each one's first value.
var rowGroups = []struct {
	first int
	attr  *attr
}{
	{rowRequest, &requestAttribute}, {rowReturn, &returnAttribute}, {rowEviction, &evictionAttribute},
	{rowIdle, &stateAttribute}, {rowAction, &actionAttribute}, {rowLevel, &levelAttribute}, {rowMisuse, &misuseAttribute},
}

// rowAttributes has the row's extra attribute; there is none for rowPlain.
func rowAttributes(row int) []attribute.KeyValue {
	for _, group := range slices.Backward(rowGroups) {
		if row >= group.first {
			return []attribute.KeyValue{group.attr.member(row - group.first)}
		}
	}
	return nil
}

// member is the attribute with its i-th value.
func (a *attr) member(i int) attribute.KeyValue { return attribute.String(a.key, a.values[i]) }

// series is the rows of one pool, or of one of its classes, with the options
// the SDK wants. An option costs four allocations to make, so each is made once,
// when the row is first observed.
type series struct {
	base []attribute.KeyValue
	rows [numRows]atomic.Pointer[[]metric.ObserveOption]
}

// with is the attributes and more, sharing nothing.
func with(base []attribute.KeyValue, more ...attribute.KeyValue) []attribute.KeyValue {
	return append(slices.Clip(slices.Clone(base)), more...)
}

// row returns the options of a row. Two callbacks may make it at once; either
// will do.
func (s *series) row(i int) []metric.ObserveOption {
	if made := s.rows[i].Load(); made != nil {
		return *made
	}
	made := observing(s.base, rowAttributes(i)...)
	s.rows[i].Store(&made)
	return made
}

// observing is the options that put the attributes on an observation.
func observing(base []attribute.KeyValue, more ...attribute.KeyValue) []metric.ObserveOption {
	return []metric.ObserveOption{metric.WithAttributeSet(attribute.NewSet(with(base, more...)...))}
}

// poolSeries is the series of one name.
type poolSeries struct {
	entry  *pool.Entry
	common []attribute.KeyValue // WithAttributes
	detail bool                 // WithSizeClasses
	told   atomic.Bool          // that it is left out

	total   atomic.Pointer[series]
	mu      sync.Mutex        // guards classes
	classes map[int64]*series // by size
}

// of returns the pool's own series. The strategy that comes first stays: if
// another pool of the name came with another one, its rows would begin at the
// counts of the pools before it, and delta readers would see those twice.
func (p *poolSeries) of(strategy string) *series {
	if s := p.total.Load(); s != nil {
		return s
	}
	attrs := with(p.common, attribute.String(keyPool, p.entry.Name()))
	if strategy != "" {
		attrs = append(attrs, attribute.String(keyStrategy, pool.ValidName(strategy)))
	}
	p.total.CompareAndSwap(nil, &series{base: attrs})
	return p.total.Load()
}

// ofClass returns the series of a size class. It is kept: a pool's classes do not
// change as a rule, and an entry keeps those of all pools that had its name.
func (p *poolSeries) ofClass(total *series, size int64) *series {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.classes[size] == nil {
		p.classes[size] = &series{base: with(total.base, attribute.Int64(keyClass, size))}
	}
	return p.classes[size]
}

// class is the series of a size class, or nil if there is none.
func (p *poolSeries) class(size int64) *series {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.classes[size]
}

// waitOption is the option of a pool's wait histogram: that of its plain row, which
// is one for every kind of measurement.
func (i *Instrumentation) waitOption(name string) metric.RecordOption {
	if p := i.series().byName[name]; p != nil {
		if s := p.collected(i); s != nil {
			return s.row(rowPlain)[0].(metric.MeasurementOption)
		}
	}
	return metric.WithAttributes(with(i.attributes, attribute.String(keyPool, name))...)
}

// collected returns the pool's own series. If nothing was collected yet it asks the
// pool for its strategy, and returns nil if the pool does not answer.
func (p *poolSeries) collected(i *Instrumentation) (s *series) {
	if s = p.total.Load(); s != nil {
		return s
	}
	i.pools.Each([]*pool.Entry{p.entry}, (*pool.Entry).Stats, func(_ int, stats *pool.Stats, _ time.Time) {
		if stats != nil && !stats.Failed {
			s = p.of(stats.Strategy)
		}
	})
	return s
}

// catalog is the registry's list of pools with the series of each. It is
// immutable, and made anew when the registry's list is another one.
type catalog struct {
	entries []*pool.Entry
	pools   []*poolSeries
	byName  map[string]*poolSeries
}

// series returns the catalog of the registry's present list.
func (i *Instrumentation) series() *catalog {
	i.mu.Lock()
	defer i.mu.Unlock()
	if entries := i.registry.All(); !sameList(i.catalog.entries, entries) {
		i.catalog = i.catalogOf(entries, i.catalog)
	}
	return i.catalog
}

// catalogOf takes the series of entries that were in the old catalog from there.
func (i *Instrumentation) catalogOf(entries []*pool.Entry, old *catalog) *catalog {
	c := &catalog{entries: entries, byName: make(map[string]*poolSeries, len(entries))}
	for _, e := range entries {
		p := old.byName[e.Name()]
		if p == nil || p.entry != e {
			p = &poolSeries{entry: e, common: i.attributes, detail: i.classes[e.Name()], classes: map[int64]*series{}}
		}
		c.pools = append(c.pools, p)
		c.byName[e.Name()] = p
	}
	return c
}

// sameList reports whether a and b are one slice. A registry never changes the
// list it gave out.
func sameList(a, b []*pool.Entry) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}
