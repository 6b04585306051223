// Package direct exports very many pools: their figures go to the readers as
// they are, past the SDK's aggregation.
//
// Most of what a collection takes is the SDK's: some 0.6 µs and three allocations
// for each of a pool's 40 points, to look up, sum and forget again figures that
// are sums already. With a hundred pools that is 3 ms, which nobody minds once in
// fifteen seconds, and [otelpool.Start] is the thing to use. With a thousand, or size
// classes of a hundred, a collection keeps a processor for tens of milliseconds;
// through a [Producer] it takes about a tenth of that:
//
//	producer := direct.New()
//	provider := metric.NewMeterProvider(metric.WithReader(
//		metric.NewPeriodicReader(exporter, metric.WithProducer(producer))))
//	inst, err := producer.Start(provider) // in place of otelpool.Start
//	if err != nil { … }
//	defer inst.Stop()
//
// Names, attributes and values are the same. What the SDK would do to them is not
// done, which is the price:
//
//   - Views do not apply: a collector has to rename or drop.
//   - Sums are cumulative, whatever temporality the exporter prefers.
//   - There is no limit on series. Nothing is folded into an overflow; a
//     backend that minds is to be asked first.
//
// The histogram of waits, which is recorded and not read, goes through the SDK, with
// its views and temporality.
//
// The package imports the SDK for metrics, which package otelpool does not.
package direct
