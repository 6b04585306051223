package otelpool

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/ask"
)

// ScopeName is the name of the instrumentation scope of every metric.
const ScopeName = "github.com/otelpool/pool/otelpool"

// Version is the version of the instrumentation scope: the module's.
const Version = "0.1.0"

// Instrumentation is a running export; see [Start].
type Instrumentation struct {
	registry     *pool.Registry
	attributes   []attribute.KeyValue
	classes      map[string]bool
	observables  [numInstruments]metric.Observable
	waits        metric.Float64Histogram
	registration metric.Registration
	stop         func() error // once

	mu         sync.Mutex // guards catalog; never held around a call of the SDK
	catalog    *catalog
	pools      ask.Asker[*pool.Entry, pool.Stats]
	controller controllerRows
	warned     atomic.Bool
}

// Start exports every named pool and the controller of the registry, those too
// that come later, until Stop. Call it once, in main, before or after the global
// MeterProvider is set. It is an error to start a second time for one registry
// and one provider before the first was stopped: every figure would be doubled.
//
// A configuration mistake starts nothing and returns a nil Instrumentation,
// which is safe to Stop. If single instruments could not be made, for a View
// that does not fit them, Start returns that error with an Instrumentation
// that exports the others.
//
// The metrics, with their kind, unit and attributes. Every one but the
// controller's has otelpool.pool.name and otelpool.pool.strategy; those with a *
// have otelpool.class.size where [WithSizeClasses] asks for it.
//
//	otelpool.requests *                       counter        {request}     otelpool.request.result
//	otelpool.returns *                        counter        {return}      otelpool.return.result
//	otelpool.object.count *                   updowncounter  {object}      otelpool.object.state
//	otelpool.object.limit                     updowncounter  {object}
//	otelpool.memory.usage *                   updowncounter  By            otelpool.object.state
//	otelpool.memory.limit                     updowncounter  By
//	otelpool.allocations *                    counter        {allocation}
//	otelpool.memory.allocated *               counter        By
//	otelpool.memory.requested                 counter        By
//	otelpool.evictions *                      counter        {eviction}    otelpool.eviction.reason
//	otelpool.memory.evicted *                 counter        By
//	otelpool.misuse                           counter        {misuse}      otelpool.misuse.kind
//	otelpool.pending_requests                 updowncounter  {request}
//	otelpool.wait.duration                    histogram      s
//	otelpool.object.idle_age *                gauge          s
//	otelpool.controller.memory.usage          updowncounter  By
//	otelpool.controller.memory.kept           updowncounter  By
//	otelpool.controller.memory.limit          updowncounter  By
//	otelpool.controller.memory.pressure       gauge          1             otelpool.controller.signal
//	otelpool.controller.pressure.status       updowncounter  1             otelpool.controller.pressure.level
//	otelpool.controller.pressure.transitions  counter        {transition}  otelpool.controller.pressure.level otelpool.controller.cause
//	otelpool.controller.signal.age            gauge          s             otelpool.controller.signal
//	otelpool.controller.runs                  counter        {run}         otelpool.controller.action
//	otelpool.controller.collections           counter        {collection}
//	otelpool.controller.regrets               counter        {request}
//	otelpool.controller.efficiency            gauge          1
func Start(opts ...Option) (*Instrumentation, error) {
	c := newConfig(opts)
	if err := errors.Join(c.errs...); err != nil {
		return nil, err
	}
	release, err := claim(c)
	if err != nil {
		return nil, err
	}
	i := &Instrumentation{registry: c.registry, attributes: slices.Clip(c.attributes), classes: c.classes, catalog: new(catalog)}
	i.controller.rows.base = i.attributes
	meter := c.provider.Meter(ScopeName, metric.WithInstrumentationVersion(Version))
	all, instrumentErr := i.create(meter)
	i.registration, err = meter.RegisterCallback(i.collect, all...)
	if err != nil {
		release()
		return nil, errors.Join(instrumentErr, fmt.Errorf("otelpool: %w", err))
	}
	removeWait := i.registry.OnWait(i.observeWait)
	i.stop = sync.OnceValue(func() error {
		removeWait()
		defer release()
		return i.registration.Unregister()
	})
	return i, instrumentErr
}

// Stop ends the export. It waits for a collection that is under way, and must
// not be called from one. Stopping twice does nothing more.
//
// A provider with a reader of delta temporality that outlives Stop and sees a
// second Start is told all counts once more: stop at the end of the program.
func (i *Instrumentation) Stop() error {
	if i == nil {
		return nil
	}
	return i.stop()
}

// create makes the instruments of the table. One that fails is still made, by
// the API's rules, so that the others work.
func (i *Instrumentation) create(meter metric.Meter) ([]metric.Observable, error) {
	var all []metric.Observable
	var errs []error
	for at := range instruments {
		o, err := i.createOne(meter, &instruments[at])
		if err != nil {
			errs = append(errs, fmt.Errorf("otelpool: %s: %w", instruments[at].name, err))
		}
		i.observables[at] = o
		if o != nil {
			all = append(all, o)
		}
	}
	return all, errors.Join(errs...)
}

func (i *Instrumentation) createOne(meter metric.Meter, row *instrument) (o metric.Observable, err error) {
	unit, description := metric.WithUnit(row.unit), metric.WithDescription(row.description)
	switch row.kind {
	case counter:
		return meter.Int64ObservableCounter(row.name, unit, description)
	case upDownCounter:
		return meter.Int64ObservableUpDownCounter(row.name, unit, description)
	case gauge:
		return meter.Float64ObservableGauge(row.name, unit, description)
	default: // histogram: one, and not observed by the callback
		i.waits, err = meter.Float64Histogram(row.name, unit, description, metric.WithExplicitBucketBoundaries(waitBounds...))
		return nil, err
	}
}

// observeWait records a wait. Waiters have no context to pass on.
func (i *Instrumentation) observeWait(name string, d time.Duration) {
	if ctx := context.Background(); i.waits.Enabled(ctx) {
		i.waits.Record(ctx, d.Seconds(), i.waitOption(name))
	}
}

// target is a registry and a provider, between which Start may run once at a time.
type target struct {
	registry *pool.Registry
	provider metric.MeterProvider // nil for the global one, whichever that is
}

// started has the targets that are exported now. It is state of the process because
// providers are, and the API offers no way to ask one.
var started sync.Map

// claiming makes a claim of several targets one step: of two calls for the same two, one succeeds.
var claiming sync.Mutex

// targets are what the config exports to. A provider that is no pointer, such as
// the no-op one, has no identity and is left out. A global provider that delegates
// and the one it delegates to are different to us.
func (c *config) targets() (all []target) {
	if c.global {
		all = append(all, target{registry: c.registry})
	}
	if reflect.ValueOf(c.provider).Kind() == reflect.Pointer {
		all = append(all, target{c.registry, c.provider})
	}
	return all
}

// claim notes that the config's targets are started, until release. It takes all or none.
func claim(c *config) (release func(), err error) {
	claiming.Lock()
	defer claiming.Unlock()
	all := c.targets()
	for _, t := range all {
		if _, taken := started.Load(t); taken {
			return nil, errors.New("otelpool: Start was called for this registry and MeterProvider before," +
				" which would double every figure: Stop the first, or use WithRegistry or WithMeterProvider")
		}
	}
	for _, t := range all {
		started.Store(t, true)
	}
	return func() {
		for _, t := range all {
			started.Delete(t)
		}
	}, nil
}
