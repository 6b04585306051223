// Package otelpool exports pools through OpenTelemetry.
//
// One call in main, before or after the pools are made and before or after
// otel.SetMeterProvider, exports every named pool and the controller:
//
//	inst, err := otelpool.Start()
//	if err != nil { … }
//	defer inst.Stop()
//
// Code that has a sync.Pool changes its type, and keeps its call sites:
//
//	var bufs = otelpool.Pool{New: func() any { return new(bytes.Buffer) }, Name: "render"}
//
// Get and Put pay nothing for it: pools count on their own, and an export reads
// the counts, by a callback that takes no lock that Get, Put or Close wants. Only
// a wait in Fixed.Acquire records a measurement on the caller's goroutine, after
// the wait.
//
// Rows are pool-level: SDKs keep 2,000 series per instrument by default and silently fold
// the rest into one. [WithSizeClasses] adds the size class for the pools that are worth it.
// A row that a pool's strategy cannot know is never exported, and one that it can know is
// exported from the start, at 0. An export takes some 20 µs a pool, nearly all of it inside
// the SDK.
//
// At shutdown, stop the MeterProvider first and close the pools after it: the
// provider's last export then still sees them.
//
// This is the only package of the module that imports OpenTelemetry, and it
// imports the API alone. The names are listed at [Start], in docs/metrics.md
// and, for OpenTelemetry Weaver, in registry/metrics.yaml.
package otelpool
