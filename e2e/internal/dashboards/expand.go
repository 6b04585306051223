package dashboards

import "strings"

// expand expands the abbreviations in a page's queries:
//
//	@pools     the matchers of the page's choices
//	@service   the same for metrics that belong to no pool
//	@alerts    the same for alerts, some of which belong to no pool
//	@pool      the labels that tell one pool from another, across services
//	@job       the labels that tell one service from another, across clusters
//	@instance  the labels that tell one instance from another
//	@rate      the window of a rate
//
// The window is Grafana's, at least four scrapes, so that a rate always has a second
// sample. The matchers use only variables of the page: Grafana leaves an unknown one
// as it stands, which matches nothing.
func (p *Page) expand(expr string) string {
	var pools, service, alerts []string
	for _, v := range p.Variables {
		is := v.Of + `=~"$` + v.Name + `"`
		pools = append(pools, is)
		switch v.Of {
		case poolLabel:
			alerts = append(alerts, v.Of+`=~"$`+v.Name+`|"`)
		case "otelpool_pool_strategy":
		case "instance":
			service = append(service, is) // an alert is of no instance
		default:
			service, alerts = append(service, is), append(alerts, is)
		}
	}
	return strings.NewReplacer(
		"@pools", strings.Join(pools, ","),
		"@service", strings.Join(service, ","),
		"@alerts", strings.Join(alerts, ","),
		"@pool", poolLabels, "@job", jobLabels, "@instance", instanceLabels,
		"@rate", "[$__rate_interval]",
	).Replace(expr)
}

// What tells targets apart: the labels that Prometheus' operators, Mimir and Thanos
// give to clusters and namespaces, absent where there is one only, and ours.
const (
	jobLabels      = "cluster, namespace, job"
	instanceLabels = jobLabels + ", instance"
	poolLabels     = jobLabels + ", " + poolLabel
	poolLabel      = "otelpool_pool_name"
)

// The legends of series by pool, instance and service. An absent label is empty,
// and the blank before it does not show.
const (
	poolLegend     = "{{cluster}} {{namespace}} {{job}} {{otelpool_pool_name}}"
	instanceLegend = "{{cluster}} {{namespace}} {{job}} {{instance}}"
)
