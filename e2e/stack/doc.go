// Command stack is make stack: the gateway, a real collector and a store with a UI,
// without Docker.
//
//	gateway --OTLP--> collector <--scrape-- VictoriaMetrics <-- your browser
//
// It builds the programs that are not in the cache, with the versions pinned in e2e,
// starts all three on loopback, prints the addresses, and ends them at Ctrl-C. The
// collector runs the shipped configuration, and the UI shows the shipped dashboards.
// Data is in a temporary directory that the program removes at its end.
package main
