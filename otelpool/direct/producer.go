package direct

import (
	"context"
	"errors"
	"slices"
	"sync"

	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/otelpool/pool/otelpool"
)

// Producer is what readers get pools' figures from. It is safe for concurrent
// use, and serves any number of readers, each of which has to be made with
// [sdkmetric.WithProducer].
type Producer struct {
	mu      sync.RWMutex // held for reading by collections
	exports []*export
}

// New returns a Producer that has nothing to tell until Start.
func New() *Producer { return new(Producer) }

// Start is [otelpool.Start], with its options and errors, but that the readers
// with p get the figures from p. provider takes the histogram of waits, and is the one
// with those readers; WithMeterProvider among the options has no effect. A registry
// is exported to one provider in one way: to start it a second time is an error,
// with otelpool.Start too.
func (p *Producer) Start(provider metric.MeterProvider, opts ...otelpool.Option) (*otelpool.Instrumentation, error) {
	if provider == nil {
		return nil, errors.New("direct: the MeterProvider is nil: give the one whose readers have the Producer")
	}
	past := &pastProvider{MeterProvider: provider, to: p}
	return otelpool.Start(append(slices.Clip(opts), otelpool.WithMeterProvider(past))...)
}

// Produce reads all pools. The SDK calls it, once for each reader and collection.
func (p *Producer) Produce(ctx context.Context) ([]metricdata.ScopeMetrics, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	var all []metricdata.ScopeMetrics
	var errs []error
	for _, e := range p.exports {
		c := newCollection(e)
		errs = append(errs, e.callback(ctx, c))
		if m := c.metrics(); len(m) > 0 {
			all = append(all, metricdata.ScopeMetrics{Scope: e.meter.scope, Metrics: m})
		}
	}
	return all, errors.Join(errs...)
}

// add begins to export. The result ends it, and waits for collections that are
// under way.
func (p *Producer) add(e *export) (remove func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.exports = append(p.exports, e)
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.exports = slices.DeleteFunc(p.exports, func(x *export) bool { return x == e })
	}
}

var _ sdkmetric.Producer = (*Producer)(nil)
