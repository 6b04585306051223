// Package collector runs a real OpenTelemetry Collector for the end-to-end
// tests: the shipped configuration, deploy/otelcol/config.yaml, in a collector
// of the version that docker compose pins, with only its listeners moved to
// free ports of the loopback interface.
//
//	binary, err := collector.Build(ctx)
//	c, err := collector.Start(ctx, collector.Options{Binary: binary})
//	defer c.Stop()
//	// let a service export to c.GRPCEndpoint() or c.HTTPEndpoint(), then
//	text, err := c.Scrape(ctx)
//
// A collector that is to come back after [Collector.Kill] or [Collector.Stop] is
// started again with the [Collector.Ports] of the first.
//
// Cost: the first build takes one to two minutes of two cores and 33 MB in the
// cache directory, later ones a few milliseconds; a start takes a fraction of a
// second. Files are found by walking up from the working directory, which go
// test sets to the directory of the tested package.
package collector
