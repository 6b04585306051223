package dashboards

import "strings"

// expand puts in full what the queries of a page abbreviate:
//
//	@pools    the matchers of the choices: service, instance, strategy, pool
//	@service  the same for metrics that belong to no pool
//	@pool     the labels that tell one pool from another, across services
//	@rate     the window of a rate
//
// The window is Grafana's, four scrapes at least, so that a rate is never without
// a second sample.
var expand = strings.NewReplacer(
	"@pools", `job=~"$job",instance=~"$instance",otelpool_pool_strategy=~"$strategy",otelpool_pool_name=~"$pool"`,
	"@service", `job=~"$job",instance=~"$instance"`,
	"@pool", "job, otelpool_pool_name",
	"@rate", "[$__rate_interval]",
).Replace
