package dashboards

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"strings"

	"github.com/otelpool/pool/e2e/internal/built"
)

// Names are what metrics and labels are called where the pages are used. The zero
// value has them as the pages are written: the default translation of
// OpenTelemetry to Prometheus, with underscores and suffixes.
type Names struct {
	metrics, labels map[string]string
}

// UTF8 are the names of NoUTF8EscapingWithSuffixes: with the dots they have in
// OpenTelemetry. They are made of the table of metrics, so that there is no second
// list of them.
func UTF8() (Names, error) {
	file, err := built.RepoPath("otelpool", "registry", "metrics.md")
	if err != nil {
		return Names{}, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return Names{}, err
	}
	n := Names{metrics: maps.Clone(ofGo), labels: map[string]string{"otel_metric_overflow": "otel.metric.overflow"}}
	for _, row := range metricRow.FindAllStringSubmatch(string(text), -1) {
		suffix := strings.TrimPrefix(row[2], underscored(row[1]))
		n.metrics[row[2]] = row[1] + suffix
		n.metrics[row[2]+"_bucket"] = row[1] + suffix + "_bucket"
	}
	for _, row := range attributeRow.FindAllStringSubmatch(string(text), -1) {
		n.labels[underscored(row[1])] = row[1]
	}
	if len(n.metrics) < 20 || len(n.labels) < 5 {
		return Names{}, fmt.Errorf("dashboards: %s has %d metrics and %d attributes: is its form another one now?", file, len(n.metrics), len(n.labels))
	}
	return n, nil
}

var (
	metricRow    = regexp.MustCompile("(?m)^\\| `([a-z._]+)` \\|.*\\| `([a-z_]+)` \\|$")
	attributeRow = regexp.MustCompile("(?m)^\\| `([a-z._]+)` \\| [^|]*\\|$")
)

// ofGo are the metrics of Go's own that the pages show.
var ofGo = map[string]string{
	"go_memory_used_bytes":            "go.memory.used_bytes",
	"go_memory_limit_bytes":           "go.memory.limit_bytes",
	"go_memory_gc_goal_bytes":         "go.memory.gc.goal_bytes",
	"go_memory_allocated_bytes_total": "go.memory.allocated_bytes_total",
	"go_goroutine_count":              "go.goroutine.count",
}

func underscored(name string) string { return strings.ReplaceAll(name, ".", "_") }

// word is text in quotes, or a name with the brace that follows it. A recorded
// name is a word of its own, for its colons.
var word = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|[\w:.$]+\{?`)

// Expr is an expression with these names. Those that are not plain go in quotes,
// and a metric's into the braces.
func (n Names) Expr(expr string) string {
	if n.metrics == nil {
		return expr
	}
	translated := word.ReplaceAllStringFunc(expr, func(s string) string {
		name, brace := strings.CutSuffix(s, "{")
		switch {
		case n.labels[name] != "":
			return `"` + n.labels[name] + `"`
		case n.metrics[name] == "":
			return s
		case brace:
			return `{"` + n.metrics[name] + `",`
		default:
			return `{"` + n.metrics[name] + `"}`
		}
	})
	return strings.ReplaceAll(translated, ",}", "}")
}

// label is a label's name, and field how a link of Grafana refers to it.
func (n Names) label(name string) string {
	if dotted := n.labels[name]; dotted != "" {
		return dotted
	}
	return name
}

func (n Names) field(name string) string {
	if dotted := n.labels[name]; dotted != "" {
		return `["` + dotted + `"]`
	}
	return "." + name
}

var legendWord = regexp.MustCompile(`\{\{(\w+)\}\}`)

// legend is a legend with these names.
func (n Names) legend(legend string) string {
	return legendWord.ReplaceAllStringFunc(legend, func(s string) string {
		return "{{" + n.label(s[2:len(s)-2]) + "}}"
	})
}

var alertLabel = regexp.MustCompile(`\$labels\.(otelpool_\w+)`)

// Rules is a file of Prometheus' rules with these names.
func (n Names) Rules(text string) string {
	if n.metrics == nil {
		return text
	}
	text = alertLabel.ReplaceAllStringFunc(text, func(s string) string {
		return "index $labels `" + n.label(strings.TrimPrefix(s, "$labels.")) + "`"
	})
	return n.Expr(text)
}
