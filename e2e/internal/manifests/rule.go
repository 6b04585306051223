package manifests

import (
	"errors"
	"strings"
)

const head = `# Made of deploy/prometheus/rules/otelpool.yml, which says what they are and what tests
# them: go test ./internal/manifests -update in e2e.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: otelpool
  labels: {app.kubernetes.io/name: otelpool}
spec:
  groups:
`

// PrometheusRule is a file of rules as an object. Only the indentation of the groups
// changes: comments and the text of expressions stay.
func PrometheusRule(rules string) (string, error) {
	_, groups, found := strings.Cut(rules, "\ngroups:\n")
	if !found {
		return "", errors.New("manifests: the rules have no line \"groups:\"")
	}
	var b strings.Builder
	b.WriteString(head)
	for line := range strings.Lines(groups) {
		if line != "\n" {
			b.WriteString("  ")
		}
		b.WriteString(line)
	}
	return b.String(), nil
}
