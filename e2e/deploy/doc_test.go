// Package deploy_test checks what deploy/ and docker-compose.yml ship, each file
// by the program that reads it where that can run here: the collector's
// configuration by the collector, Prometheus' and its rules by promtool, the
// dashboards by the types of Grafana's own schema, compose by compose's library.
// Docker and Grafana themselves cannot be had from the registries in use. The first
// run builds promtool, for minutes: make test-deploy, and not make test, runs it.
package deploy_test
