// Package e2e_test runs the example gateway and a real OpenTelemetry Collector
// with the shipped configuration, and compares what arrives at the collector's
// Prometheus endpoint with the table of metrics and with the gateway's own
// summary. It needs nothing but Go; -short skips it.
package e2e_test
