package otelpool

import (
	"cmp"
	"errors"
	"slices"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelpool/pool"
)

// Option configures [Start] or [Wrap].
type Option func(*config)

type config struct {
	provider   metric.MeterProvider
	global     bool // provider is whatever the global one was at the time
	registry   *pool.Registry
	attributes []attribute.KeyValue
	classes    map[string]bool
	errs       []error
}

func newConfig(opts []Option) *config {
	c := &config{registry: pool.Default, classes: make(map[string]bool)}
	for _, o := range opts {
		o(c)
	}
	if c.provider == nil {
		c.provider, c.global = otel.GetMeterProvider(), true
	}
	return c
}

// WithMeterProvider exports through mp. The default, also for nil, is the
// global provider, which may be set before or after Start. Wrap ignores it.
func WithMeterProvider(mp metric.MeterProvider) Option {
	return func(c *config) { c.provider = mp }
}

// WithRegistry takes the pools and the controller from r, or publishes a
// wrapped pool in it. The default, also for nil, is [pool.Default].
func WithRegistry(r *pool.Registry) Option {
	return func(c *config) { c.registry = cmp.Or(r, pool.Default) }
}

// WithAttributes puts the attributes on every row, for what the resource does
// not say. They must tell two registries apart that are exported to one
// provider, if those may have pools of the same name. Start refuses attributes
// that are not UTF-8, for which OTLP exporters drop all metrics of a program, and
// those without a key. Wrap ignores it.
func WithAttributes(attrs ...attribute.KeyValue) Option {
	attrs = slices.Clone(attrs) // NewSet sorts in place
	return func(c *config) {
		c.errs = append(c.errs, unfit(attrs)...)
		c.attributes = append(c.attributes, attrs...)
	}
}

// WithSizeClasses adds otelpool.class.size to what the named pools report per
// size class. It multiplies their series by the number of classes: a pool of 20
// classes has about 60 of otelpool.returns alone, of the 2,000 an SDK keeps by
// default for all pools. Names may be those of pools yet to be made. Wrap
// ignores it.
func WithSizeClasses(names ...string) Option {
	names = slices.Clone(names)
	return func(c *config) {
		for _, name := range names {
			if name == "" {
				c.errs = append(c.errs, errors.New("otelpool: WithSizeClasses: a name is empty: name pools as their configs do"))
			}
			c.classes[pool.ValidName(name)] = true
		}
	}
}
