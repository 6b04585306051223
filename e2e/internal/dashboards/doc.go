// Package dashboards is the source of the shipped dashboards: their queries in Go,
// from which it generates the JSON for Grafana (deploy/grafana/dashboards) and for
// VictoriaMetrics' own UI (deploy/victoriametrics/dashboards).
//
//	go test ./internal/dashboards -update
//
// writes the files; without -update the test names the stale ones. Checking a query
// takes data: the tests of e2e run each of them.
//
// # Rules of the pages
//
// A row's title is a question, and its panels answer it; what is rarely asked is
// folded. Every query adds up with sum by: a pool's rows may be split by size class,
// by replica, and by labels of the scope that change with each release, none of which
// a panel may depend on. Services of one name in two clusters or namespaces are two:
// @job, @pool and @instance of [Page.expand] have those labels. Colours are those of
// palette.go, mean one thing on every page and differ within a panel. What is always
// zero has no line in a legend. A panel without data says why that may be. What of it
// a machine can check is in the tests here; whether there is data, in e2e's.
package dashboards
