package e2e_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/otelpool/pool/e2e/internal/collector"
	"github.com/otelpool/pool/e2e/internal/gateway"
)

// series identifies a figure: the metric's name in OpenTelemetry, the pool, and
// the value of the metric's own attribute. Where a pool's rows are split by size
// class it stands for their sum.
type series struct{ metric, pool, strategy, value string }

func (s series) String() string {
	return strings.TrimRight(fmt.Sprintf("%s %s %s %s", s.metric, s.pool, s.strategy, s.value), " ")
}

// scrape returns every figure of otelpool that the collector shows. What is not
// as the table has it is an error: a name, a type, a description, a label.
func scrape(ctx context.Context, c *collector.Collector, table map[string]*metric) (map[series]float64, error) {
	text, err := c.Scrape(ctx)
	if err != nil {
		return nil, err
	}
	return parse(text, table)
}

func parse(text string, table map[string]*metric) (map[series]float64, error) {
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	byName := map[string]*metric{}
	for _, m := range table {
		byName[m.prometheus] = m
	}
	figures := map[series]float64{}
	for name, f := range families {
		if !strings.HasPrefix(name, "otelpool_") {
			continue
		}
		m := byName[name]
		if m == nil {
			return nil, fmt.Errorf("%s is not in the table", name)
		}
		if err := m.figures(f, figures); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return figures, nil
}

// figures adds what the family has, once per series.
func (m *metric) figures(f *dto.MetricFamily, to map[series]float64) error {
	if got := strings.ToLower(f.GetType().String()); got != m.kind() {
		return fmt.Errorf("it is a %s; want a %s", got, m.kind())
	}
	if f.GetHelp() != m.help {
		return fmt.Errorf("it is described as %q; want %q", f.GetHelp(), m.help)
	}
	seen := map[string]bool{}
	for _, p := range f.GetMetric() {
		s, class, err := m.identify(p.GetLabel())
		if err != nil {
			return err
		}
		id := s.String() + " " + class
		if seen[id] {
			return fmt.Errorf("two series for %s", id)
		}
		seen[id] = true
		to[s] += value(f.GetType(), p)
	}
	return nil
}

func value(kind dto.MetricType, p *dto.Metric) float64 {
	switch kind {
	case dto.MetricType_COUNTER:
		return p.GetCounter().GetValue()
	case dto.MetricType_HISTOGRAM: // of it the number, which tells whether all were counted
		return float64(p.GetHistogram().GetSampleCount())
	default:
		return p.GetGauge().GetValue()
	}
}

// wantedLabel is a label that must be there.
type wantedLabel struct {
	name  string
	value *string // what it must be; if that is "", any, which is put there
}

// identify requires exactly the labels of the table and those that every series gets
// from its service and scope. The size class is optional.
func (m *metric) identify(pairs []*dto.LabelPair) (s series, class string, err error) {
	labels := map[string]string{}
	for _, p := range pairs {
		labels[p.GetName()] = p.GetValue()
	}
	s.metric = m.name
	job, instance, scope, schema := gateway.Service, gateway.Instance, "github.com/otelpool/pool/otelpool", ""
	version := labels["otel_scope_version"] // any
	wanted := []wantedLabel{
		{"job", &job}, {"instance", &instance},
		{"otel_scope_name", &scope}, {"otel_scope_version", &version}, {"otel_scope_schema_url", &schema},
	}
	if m.perPool() {
		wanted = append(wanted, wantedLabel{"otelpool_pool_name", &s.pool}, wantedLabel{"otelpool_pool_strategy", &s.strategy})
	}
	values := make([]string, len(m.attributes))
	for i, a := range m.attributes {
		wanted = append(wanted, wantedLabel{label(a.key), &values[i]})
	}
	for _, w := range wanted {
		v, ok := labels[w.name]
		if !ok {
			return s, "", fmt.Errorf("a series has no label %s: %v", w.name, pairs)
		}
		if *w.value != "" && *w.value != v {
			return s, "", fmt.Errorf("%s is %q; want %q", w.name, v, *w.value)
		}
		*w.value = v
		delete(labels, w.name)
	}
	if m.perClass {
		class = labels["otelpool_class_size"]
		delete(labels, "otelpool_class_size")
	}
	if len(labels) > 0 {
		return s, "", fmt.Errorf("a series has labels that the table does not promise: %v", labels)
	}
	for i, a := range m.attributes {
		if len(a.values) > 0 && !slices.Contains(a.values, values[i]) {
			return s, "", fmt.Errorf("%s is %q, which the table does not promise", a.key, values[i])
		}
	}
	s.value = strings.Join(values, " ")
	return s, class, nil
}

// difference is nil if all that is wanted has arrived, and nothing else.
func difference(got, want map[series]float64) error {
	var lines []string
	for s, w := range want {
		if g, ok := got[s]; !ok {
			lines = append(lines, fmt.Sprintf("%s: absent, want %v", s, w))
		} else if math.Abs(g-w) > 1e-12*math.Abs(w) { // sums of seconds, in any order
			lines = append(lines, fmt.Sprintf("%s: %v, want %v", s, g, w))
		}
	}
	for s, g := range got {
		if _, ok := want[s]; !ok {
			lines = append(lines, fmt.Sprintf("%s: %v, want none", s, g))
		}
	}
	if lines == nil {
		return nil
	}
	slices.Sort(lines)
	return fmt.Errorf("%d series arrived, %d wanted; differences:\n%s", len(got), len(want), strings.Join(lines, "\n"))
}

// names is the metrics that the series are of.
func names(of map[series]float64) map[string]bool {
	n := map[string]bool{}
	for s := range maps.Keys(of) {
		n[s.metric] = true
	}
	return n
}
