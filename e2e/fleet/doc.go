// Command fleet simulates any number of instances of a service, which export over
// OTLP to a real collector that a real Prometheus scrapes, and measures the load.
//
//	go run ./fleet -n 10,100,1000
//
// An instance sends what otelpool really exports: the command records one export of
// a service with that many pools in use, and each instance sends it under its own
// name, with rising counters. docs/scaling.md has the figures.
package main
