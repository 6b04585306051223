package direct

import (
	"errors"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/embedded"
	"go.opentelemetry.io/otel/sdk/instrumentation"
)

// pastProvider is a provider whose meters' observable instruments a Producer reads.
type pastProvider struct {
	metric.MeterProvider
	to *Producer
}

// Unwrap is the provider that the rest goes to.
func (p *pastProvider) Unwrap() metric.MeterProvider { return p.MeterProvider }

// Meter returns a meter of the provider, but for its observable instruments.
func (p *pastProvider) Meter(name string, opts ...metric.MeterOption) metric.Meter {
	c := metric.NewMeterConfig(opts...)
	return &meter{
		Meter: p.MeterProvider.Meter(name, opts...),
		to:    p.to,
		scope: instrumentation.Scope{
			Name: name, Version: c.InstrumentationVersion(),
			SchemaURL: c.SchemaURL(), Attributes: c.InstrumentationAttributes(),
		},
	}
}

// meter makes the kinds of observable instruments that otelpool has. It is used
// by one goroutine until RegisterCallback.
type meter struct {
	metric.Meter
	to          *Producer
	scope       instrumentation.Scope
	instruments []*instrument
}

// instrument is what all kinds have.
type instrument struct {
	name, unit, description string
	at                      int // among the meter's
	float                   bool
	monotonic               bool
	points                  atomic.Int64 // of the last collection: about as many as the next has
}

type intInstrument struct {
	metric.Int64Observable
	embedded.Int64ObservableCounter
	embedded.Int64ObservableUpDownCounter
	*instrument
}

type floatInstrument struct {
	metric.Float64Observable
	embedded.Float64ObservableGauge
	*instrument
}

func (m *meter) add(i *instrument) *instrument {
	i.at = len(m.instruments)
	m.instruments = append(m.instruments, i)
	return i
}

func (m *meter) Int64ObservableCounter(name string, opts ...metric.Int64ObservableCounterOption) (metric.Int64ObservableCounter, error) {
	c := metric.NewInt64ObservableCounterConfig(opts...)
	return &intInstrument{instrument: m.add(&instrument{
		name: name, unit: c.Unit(), description: c.Description(), monotonic: true,
	})}, nil
}

func (m *meter) Int64ObservableUpDownCounter(name string, opts ...metric.Int64ObservableUpDownCounterOption) (metric.Int64ObservableUpDownCounter, error) {
	c := metric.NewInt64ObservableUpDownCounterConfig(opts...)
	return &intInstrument{instrument: m.add(&instrument{
		name: name, unit: c.Unit(), description: c.Description(),
	})}, nil
}

func (m *meter) Float64ObservableGauge(name string, opts ...metric.Float64ObservableGaugeOption) (metric.Float64ObservableGauge, error) {
	c := metric.NewFloat64ObservableGaugeConfig(opts...)
	return &floatInstrument{instrument: m.add(&instrument{
		name: name, unit: c.Unit(), description: c.Description(), float: true,
	})}, nil
}

// export is a callback and whose instruments it observes.
type export struct {
	meter    *meter
	callback metric.Callback
	since    time.Time
}

// RegisterCallback takes no instruments but the meter's own. It is called once:
// otelpool has one callback.
func (m *meter) RegisterCallback(fn metric.Callback, instruments ...metric.Observable) (metric.Registration, error) {
	for _, o := range instruments {
		switch o.(type) {
		case *intInstrument, *floatInstrument:
		default:
			return nil, errors.New("direct: an instrument of a kind that is not exported: this is a defect of package direct")
		}
	}
	return registration{remove: m.to.add(&export{meter: m, callback: fn, since: time.Now()})}, nil
}

type registration struct {
	embedded.Registration
	remove func()
}

func (r registration) Unregister() error {
	r.remove()
	return nil
}
