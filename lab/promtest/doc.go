// Package promtest pins the names that Prometheus sees. Dashboards and alerts
// are written against testdata/*.txt: one file for each way in which the
// exporter can translate names, the first being the default everywhere.
//
// It is a module of its own so that the Prometheus libraries stay out of the
// pool library's build list.
package promtest
