package otelpool

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelpool/pool"
)

// seriesWarning is the number of series of one instrument that earns a warning:
// SDKs keep 1,999 by default, and fold the others into one that says nothing.
const seriesWarning = 1900

// classless are the results of objects that belong to no size class.
var classless = pool.Knowledge{
	Requests: pool.SetOf(pool.Bypass),
	Returns:  pool.SetOf(pool.Oversize, pool.Undersize, pool.Foreign, pool.NilReturn),
}

// collector is the state of one run of the callback; runs may overlap, one per
// reader, so each takes its own.
type collector struct {
	inst   *Instrumentation
	out    metric.Observer
	stats  *pool.Stats    // of the pool that is being observed
	known  pool.Knowledge // what is told of it
	series [numInstruments]int
}

// collect is the callback. It must not create instruments or unregister: the
// SDK would deadlock. Nor may it take a lock that is held around Unregister, or
// return an error, for which a PeriodicReader drops what the whole program exports.
//
// Of the program's own code it runs what it is there to ask, the pools' Stats and
// ControllerStats, beside it and not for ever, and nothing else: see tell.
func (i *Instrumentation) collect(_ context.Context, out metric.Observer) error {
	c := &collector{inst: i, out: out}
	all := i.series()
	i.pools.Each(all.entries, (*pool.Entry).Stats, func(n int, s *pool.Stats, _ time.Time) {
		switch p := all.pools[n]; {
		case s == nil:
			i.leaveOut(p, "does not return: a dump of the goroutines has the stack")
		case s.Failed:
			i.leaveOut(p, "panics: pool.Registry.Panics has the stack")
		default:
			c.stats = s
			c.pool(p)
		}
	})
	i.controller.collect(c, all)
	i.warnOf(&c.series)
	return nil
}

// warnOf says once that an instrument has more series than an SDK keeps.
func (i *Instrumentation) warnOf(series *[numInstruments]int) {
	n := slices.Max(series[:])
	if n > seriesWarning && i.warned.CompareAndSwap(false, true) {
		i.tell(fmt.Errorf("otelpool: %s has %d series, and an SDK keeps 1,999 by default and folds the rest into one:"+
			" use WithSizeClasses for fewer pools, or raise the limit with sdk/metric.WithCardinalityLimit",
			instruments[slices.Index(series[:], n)].name, n))
	}
}

// leaveOut reports once that a pool is not exported, and why.
func (i *Instrumentation) leaveOut(p *poolSeries, why string) {
	if p.told.CompareAndSwap(false, true) {
		i.tell(fmt.Errorf("otelpool: pool %q is not exported while its Stats %s", p.entry.Name(), why))
	}
}

// tell hands an error to the program's ErrorHandler, after the callback: a handler
// that makes an instrument or a logger that exports would wait for a lock which the
// SDK holds while it collects. The timer's goroutine is short-lived, and the only
// one there is to be had without one of our own.
func (i *Instrumentation) tell(err error) {
	time.AfterFunc(0, func() { i.registry.Guard(func() { otel.Handle(err) }) })
}

// observeGauge exports one figure of a gauge.
func (c *collector) observeGauge(instrument int, options []metric.ObserveOption, v float64) {
	c.series[instrument]++
	gauge, _ := c.inst.observables[instrument].(metric.Float64Observable) // nil if it could not be made
	c.out.ObserveFloat64(gauge, v, options...)
}

// observe exports one figure. Figures that are differences can be below zero
// while the pool is used, and where callers give what they never took.
func (c *collector) observe(instrument int, s *series, row int, v int64) {
	c.observeWith(instrument, s.row(row), v)
}

func (c *collector) observeWith(instrument int, options []metric.ObserveOption, v int64) {
	c.series[instrument]++
	count, _ := c.inst.observables[instrument].(metric.Int64Observable) // nil if it could not be made
	c.out.ObserveInt64(count, max(v, 0), options...)
}

// observeKnown exports a figure that the pool's strategy can know.
func (c *collector) observeKnown(figure pool.Set, instrument int, s *series, row int, v int64) {
	if c.stats.Knows.Has(figure) {
		c.observe(instrument, s, row, v)
	}
}

func (c *collector) pool(p *poolSeries) {
	s := c.stats
	c.known = told(s.Knows)
	total := p.of(s.Strategy)
	if p.detail && len(s.Classes) > 0 {
		c.byClass(p, total)
	} else {
		c.counts(total, c.known, c.known, &s.Counts)
		c.idle(total, &s.Counts, true)
	}
	c.results(misuses, total, rowMisuse, c.known.Misuse, c.known.Misuse, s.Misuse[:])
	if !s.Closed {
		c.poolGauges(total)
	}
}

// byClass exports the counts per class, and what belongs to none without a
// class, so that the sum over classes is the pool's, whoever takes it. Bytes that were
// asked for say nothing without them: waste is what is handed out beyond, by class.
func (c *collector) byClass(p *poolSeries, total *series) {
	s := c.stats
	rest := s.Counts
	known := without(c.known, classless)
	for i := range s.Classes {
		class, cs := &s.Classes[i].Counts, p.ofClass(total, s.Classes[i].Size)
		c.counts(cs, known, known, class)
		c.idle(cs, class, true)
		rest.Sub(class)
		rest.Idle -= class.Idle
		rest.IdleBytes -= class.IdleBytes
	}
	c.counts(total, c.known, classless, &rest)
	c.idle(total, &rest, false)
	c.observeKnown(pool.KnowsRequestedBytes, memoryRequested, total, rowPlain, int64(s.RequestedBytes))
}

// counts exports counts of the known results: those in always even at zero, for
// a rate needs a zero to rise from.
func (c *collector) counts(to *series, known, always pool.Knowledge, n *pool.Counts) {
	c.results(requests, to, rowRequest, known.Requests, always.Requests, n.Requests[:])
	c.results(returns, to, rowReturn, known.Returns, always.Returns, n.Returns[:])
	c.results(evictions, to, rowEviction, known.Evictions, always.Evictions, n.Evictions[:])
	if known.Has(pool.KnowsEvictedBytes) && always.Evictions != 0 { // no object without a class is evicted
		c.observe(memoryEvicted, to, rowPlain, evictedBytes(known, n))
	}
	if known.Allocations() || always.Allocations() {
		c.observe(allocations, to, rowPlain, int64(n.Allocations))
	}
	c.observeKnown(pool.KnowsAllocatedBytes, memoryAllocated, to, rowPlain, int64(n.AllocatedBytes))
}

func (c *collector) results(instrument int, to *series, row int, known, always pool.Set, n []uint64) {
	for i, v := range n {
		if known.Has(i) && (int64(v) > 0 || always.Has(i)) {
			c.observe(instrument, to, row+i, int64(v))
		}
	}
}

// evictedBytes is those of the reasons that are told.
func evictedBytes(known pool.Knowledge, n *pool.Counts) (sum int64) {
	for reason, bytes := range n.EvictedBytes {
		if known.Evictions.Has(reason) {
			sum += int64(bytes)
		}
	}
	return sum
}

// idle exports what is held, unless the pool is closed.
func (c *collector) idle(to *series, n *pool.Counts, always bool) {
	if c.stats.Closed {
		return
	}
	if always || n.Idle > 0 {
		c.observeKnown(pool.KnowsIdle, objectCount, to, rowIdle, n.Idle)
	}
	if always || n.IdleBytes > 0 {
		c.observeKnown(pool.KnowsIdleBytes, memoryUsage, to, rowIdle, n.IdleBytes)
	}
}

// poolGauges exports the state of an open pool.
func (c *collector) poolGauges(to *series) {
	s := c.stats
	c.observeKnown(pool.KnowsInUse, objectCount, to, rowUsed, s.InUse)
	c.observeKnown(pool.KnowsInUseBytes, memoryUsage, to, rowUsed, s.InUseBytes)
	c.observeKnown(pool.KnowsObjectLimit, objectLimit, to, rowPlain, s.ObjectLimit)
	if s.Limit != pool.Unlimited {
		c.observeKnown(pool.KnowsLimit, memoryLimit, to, rowPlain, s.Limit)
	}
	c.observeKnown(pool.KnowsPending, pendingRequests, to, rowPlain, s.Pending)
}
