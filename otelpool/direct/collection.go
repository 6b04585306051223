package direct

import (
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/embedded"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// collection is what one run of a callback observes. Readers keep it, so its memory
// is not used again.
type collection struct {
	embedded.Observer
	from   *export
	now    time.Time
	ints   [][]metricdata.DataPoint[int64] // by instrument
	floats [][]metricdata.DataPoint[float64]
}

func newCollection(from *export) *collection {
	all := from.meter.instruments
	c := &collection{
		from: from, now: time.Now(),
		ints:   make([][]metricdata.DataPoint[int64], len(all)),
		floats: make([][]metricdata.DataPoint[float64], len(all)),
	}
	for at, i := range all {
		if n := i.points.Load(); i.float {
			c.floats[at] = make([]metricdata.DataPoint[float64], 0, n)
		} else {
			c.ints[at] = make([]metricdata.DataPoint[int64], 0, n)
		}
	}
	return c
}

// ObserveInt64 takes a figure as a point. An attribute set must not come twice, and
// does not: otelpool observes each row once.
func (c *collection) ObserveInt64(o metric.Int64Observable, v int64, opts ...metric.ObserveOption) {
	if i, ok := o.(*intInstrument); ok {
		c.ints[i.at] = append(c.ints[i.at], metricdata.DataPoint[int64]{
			Attributes: metric.NewObserveConfig(opts).Attributes(),
			StartTime:  c.from.since, Time: c.now, Value: v,
		})
	}
}

// ObserveFloat64 is as ObserveInt64.
func (c *collection) ObserveFloat64(o metric.Float64Observable, v float64, opts ...metric.ObserveOption) {
	if i, ok := o.(*floatInstrument); ok {
		c.floats[i.at] = append(c.floats[i.at], metricdata.DataPoint[float64]{
			Attributes: metric.NewObserveConfig(opts).Attributes(),
			StartTime:  c.from.since, Time: c.now, Value: v,
		})
	}
}

// metrics is what was observed, without the instruments that were not.
func (c *collection) metrics() (all []metricdata.Metrics) {
	for at, i := range c.from.meter.instruments {
		n := len(c.ints[at]) + len(c.floats[at])
		i.points.Store(int64(n))
		if n > 0 {
			all = append(all, metricdata.Metrics{Name: i.name, Unit: i.unit, Description: i.description, Data: c.data(at, i)})
		}
	}
	return all
}

func (c *collection) data(at int, i *instrument) metricdata.Aggregation {
	if i.float {
		return metricdata.Gauge[float64]{DataPoints: c.floats[at]}
	}
	return metricdata.Sum[int64]{
		DataPoints: c.ints[at], Temporality: metricdata.CumulativeTemporality, IsMonotonic: i.monotonic,
	}
}
