package otelpool

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/strategies"
)

// mostPoints is what a pool may cost its user in series, one by one paid for.
const mostPoints = 34

func TestAPoolHasFewPoints(t *testing.T) {
	t.Parallel()
	for strategy, rows := range rowsByStrategy(t) {
		if n := points(rows); n > mostPoints {
			t.Errorf("a default pool %s exports %d points, want at most %d: %v", strategy, n, mostPoints, rows)
		}
	}
}

func points(rows map[string][]string) (n int) {
	for _, values := range rows {
		n += len(values)
	}
	return n
}

// markdownRows is the table of what a new pool of each strategy exports.
func markdownRows(t *testing.T) string {
	all := rowsByStrategy(t)
	columns := []string{"sizeclasses", "bounded", "fixed", "sync", "wrap"}
	var b strings.Builder
	b.WriteString("The rows of a pool with its default config, a `Bounded` one of objects of one size. `SafetyOff` takes\n" +
		"`otelpool.misuse` away, and has `double` among the returns of `Fixed` instead; a strict `Bounded` has `foreign`\n" +
		"returns too. A `Values` is a `bounded` with `SafetyOff`. The names are without `otelpool.`.\n\n" +
		"| Metric | " + strings.Join(columns, " | ") + " |\n|---" + strings.Repeat("|---", len(columns)) + "|\n")
	for _, m := range documented() {
		line, any := "| "+strings.TrimPrefix(m.name, "otelpool.")+" |", false
		for _, strategy := range columns {
			values := all[strategy][m.name]
			if len(m.extra) > 0 {
				slices.SortFunc(values, m.extra[0].inOrder)
			}
			any = any || len(values) > 0
			line += " " + cell(values) + " |"
		}
		if any {
			b.WriteString(line + "\n")
		}
	}
	b.WriteString("| **points** |")
	for _, strategy := range columns {
		fmt.Fprintf(&b, " %d |", points(all[strategy]))
	}
	return b.String() + "\n"
}

// inOrder compares values by their places in the table.
func (a *attr) inOrder(v, w string) int {
	return slices.Index(a.values, v) - slices.Index(a.values, w)
}

// cell is the values of a metric's rows, or that it has one.
func cell(values []string) string {
	if text := strings.Join(values, " "); text != "" || len(values) == 0 {
		return text
	}
	return "yes"
}

// rowsByStrategy is what a new pool of each strategy exports: metrics, and the values
// that their rows have beside the pool's own attributes.
func rowsByStrategy(t *testing.T) map[string]map[string][]string {
	t.Helper()
	reader := metric.NewManualReader()
	inst, err := Start(WithMeterProvider(metric.NewMeterProvider(metric.WithReader(reader))), WithRegistry(poolOfEach(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer inst.Stop()
	var rm metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &rm); err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string][]string{}
	for _, m := range rm.ScopeMetrics[0].Metrics {
		for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
			strategy, value := whose(p)
			if all[strategy] == nil {
				all[strategy] = map[string][]string{}
			}
			all[strategy][m.Name] = append(all[strategy][m.Name], value)
		}
	}
	return all
}

// whose is the point's strategy, and its value of the attribute that is not the pool's.
func whose(p metricdata.DataPoint[int64]) (strategy, value string) {
	for _, kv := range p.Attributes.ToSlice() {
		switch kv.Key {
		case keyStrategy:
			strategy = kv.Value.AsString()
		case keyPool:
		default:
			value = kv.Value.AsString()
		}
	}
	return strategy, value
}

// poolOfEach is a registry with a pool of each strategy.
func poolOfEach(t *testing.T) *pool.Registry {
	t.Helper()
	r := new(pool.Registry)
	open := func(p interface{ Close() }, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Close)
	}
	object := func() *[64]byte { return new([64]byte) }
	open(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "a", Registry: r}))
	open(strategies.NewBounded(strategies.BoundedConfig[[64]byte]{Name: "b", Registry: r, New: object}))
	open(strategies.NewFixed(strategies.FixedConfig{Name: "c", Registry: r, Size: 64, Count: 2}))
	open(strategies.NewSync(strategies.SyncConfig[[64]byte]{Name: "d", Registry: r, New: object}))
	wrapped := Wrap(&sync.Pool{New: func() any { return object() }}, "e", WithRegistry(r))
	t.Cleanup(wrapped.Close)
	return r
}
