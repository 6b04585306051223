// Command fleet plays any number of instances of a service, over OTLP, into a real
// collector that a real Prometheus scrapes, and measures what they take.
//
//	go run ./fleet -n 10,100,1000
//
// What an instance sends is what otelpool really exports: one export of a service
// with that many pools in use is recorded, and each instance sends it under its own
// name, with counters that rise. docs/scaling.md has the figures.
package main
