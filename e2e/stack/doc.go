// Command stack is make stack: the gateway, a real collector and a store with a UI,
// without Docker.
//
//	gateway --OTLP--> collector <--scrape-- VictoriaMetrics <-- your browser
//
// It builds what is not built, with the versions pinned in e2e, starts all three on
// loopback, says where to look, and ends them at Ctrl-C. The collector runs the
// configuration that is shipped, the UI shows the dashboards that are. Data is in a
// temporary directory and gone with the program.
package main
