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

// rowAttribute is the row's extra attribute; there is none for rowPlain.
func rowAttribute(row int) attribute.KeyValue {
	at := len(rowGroups) - 1
	for row < rowGroups[at].first {
		at--
	}
	return rowGroups[at].attr.member(row - rowGroups[at].first)
}

// member is the attribute with its i-th value.
func (a *attr) member(i int) attribute.KeyValue { return attribute.String(a.key, a.values[i]) }

// series is the rows of one pool, or of one of its classes, with the options
// the SDK wants. An option costs four allocations to make, so each is made once,
// when the row is first observed.
type series struct {
	size int64 // of the class; 0 for none
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
	var extra []attribute.KeyValue
	if i != rowPlain {
		extra = append(extra, rowAttribute(i))
	}
	made := observing(s.base, extra...)
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
	wait    atomic.Pointer[[]metric.RecordOption]
	mu      sync.Mutex // serializes changes of classes
	classes atomic.Pointer[[]*series]
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

// ofClasses returns one series per class, in the same order. The list is kept
// for as long as the classes are the same, which is as a rule forever.
func (p *poolSeries) ofClasses(total *series, classes []pool.Class) []*series {
	if kept := p.classes.Load(); kept != nil && matches(*kept, classes) {
		return *kept
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]*series, len(classes))
	for i := range classes {
		size := classes[i].Size
		if list[i] = p.class(size); list[i] == nil {
			list[i] = &series{size: size, base: with(total.base, attribute.Int64(keyClass, size))}
		}
	}
	p.classes.Store(&list)
	return list
}

// class is the series of a size class, or nil if there is none.
func (p *poolSeries) class(size int64) *series {
	if kept := p.classes.Load(); kept != nil {
		if i := slices.IndexFunc(*kept, func(s *series) bool { return s.size == size }); i >= 0 {
			return (*kept)[i]
		}
	}
	return nil
}

func matches(list []*series, classes []pool.Class) bool {
	return slices.EqualFunc(list, classes, func(s *series, c pool.Class) bool { return s.size == c.Size })
}

// waitOptions are the options of the pool's wait histogram.
func (p *poolSeries) waitOptions(i *Instrumentation) []metric.RecordOption {
	if made := p.wait.Load(); made != nil {
		return *made
	}
	s := p.total.Load()
	if s == nil { // nothing was collected yet
		i.pools.Each([]*pool.Entry{p.entry}, (*pool.Entry).Stats, func(_ int, stats *pool.Stats, _ time.Time) {
			if stats != nil && !stats.Failed {
				s = p.of(stats.Strategy)
			}
		})
	}
	if s == nil {
		return []metric.RecordOption{metric.WithAttributes(with(p.common, attribute.String(keyPool, p.entry.Name()))...)}
	}
	made := []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(with(s.base)...))}
	p.wait.Store(&made)
	return made
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
	if c := i.catalog.Load(); c != nil && sameList(c.entries, i.registry.All()) {
		return c
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	entries, old := i.registry.All(), i.catalog.Load()
	if old == nil {
		old = new(catalog)
	} else if sameList(old.entries, entries) {
		return old
	}
	c := i.catalogOf(entries, old)
	i.catalog.Store(c)
	return c
}

// catalogOf takes the series of entries that were in the old catalog from there.
func (i *Instrumentation) catalogOf(entries []*pool.Entry, old *catalog) *catalog {
	c := &catalog{entries: entries, byName: make(map[string]*poolSeries, len(entries))}
	for _, e := range entries {
		p := old.byName[e.Name()]
		if p == nil || p.entry != e {
			p = &poolSeries{entry: e, common: i.attributes, detail: i.classes[e.Name()]}
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
