package promtest_test

import (
	"bytes"
	"flag"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/otlptranslator"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/otelpool"
)

var update = flag.Bool("update", false, "write testdata")

// everything is a Source that knows everything there is to know.
type everything struct{}

func (everything) Stats(into *pool.Stats) {
	into.Reset()
	*into = pool.Stats{
		Strategy: "everything",
		Knows: pool.Knowledge{
			Rows:      1<<16 - 1,
			Requests:  1<<pool.NumRequestResults - 1,
			Returns:   1<<pool.NumReturnResults - 1,
			Evictions: 1<<pool.NumEvictionReasons - 1,
			Misuse:    1<<pool.NumMisuseKinds - 1,
		},
		Limit:   1 << 20,
		Classes: append(into.Classes, pool.Class{Size: 4096}),
	}
}

type controller struct{}

func (controller) ControllerStats(into *control.Stats) {
	*into = control.Stats{
		Limit: 1 << 30, Efficiency: 0.75, Signals: []control.Signal{{Name: "heap", Value: 0.5}},
		Classes: []control.ClassControl{{Pool: "http.body", Size: 4096, IdleAge: 2 * time.Second}},
	}
}

// exposition returns the text a scraper gets that takes any name.
func exposition(t *testing.T, strategy otlptranslator.TranslationStrategyOption, opts ...otelpool.Option) string {
	t.Helper()
	registry := prometheus.NewRegistry()
	reader, err := exporter.New(exporter.WithRegisterer(registry), exporter.WithTranslationStrategy(strategy),
		exporter.WithoutScopeInfo(), exporter.WithoutTargetInfo())
	if err != nil {
		t.Fatal(err)
	}
	pools := new(pool.Registry)
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	inst, err := otelpool.Start(append(opts, otelpool.WithRegistry(pools), otelpool.WithMeterProvider(provider))...)
	if err != nil {
		t.Fatal(err)
	}
	defer inst.Stop()
	if _, err := pools.Publish("http.body", everything{}, pool.Reject); err != nil {
		t.Fatal(err)
	}
	if _, err := pools.AddController(controller{}); err != nil {
		t.Fatal(err)
	}
	pools.ObserveWait("http.body", time.Millisecond)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	enc := expfmt.NewEncoder(&b, expfmt.NewFormat(expfmt.TypeTextPlain).WithEscapingScheme(escaping(strategy)))
	for _, f := range families {
		if err := enc.Encode(f); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func TestNamesAreThoseOfTheGoldenFiles(t *testing.T) {
	for _, strategy := range []otlptranslator.TranslationStrategyOption{
		otlptranslator.UnderscoreEscapingWithSuffixes,
		otlptranslator.UnderscoreEscapingWithoutSuffixes,
		otlptranslator.NoUTF8EscapingWithSuffixes,
		otlptranslator.NoTranslation,
	} {
		t.Run(string(strategy), func(t *testing.T) {
			path := "testdata/" + string(strategy) + ".txt"
			got := exposition(t, strategy)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf(
					"what Prometheus sees has changed; if it must, say so in CHANGELOG.md, mend the dashboards and use -update. Got:\n%s",
					got,
				)
			}
		})
	}
}

func TestClassesAreALabel(t *testing.T) {
	got := exposition(t, otlptranslator.UnderscoreEscapingWithSuffixes, otelpool.WithSizeClasses("http.body"))
	const want = `otelpool_requests_total{otelpool_class_size="4096",otelpool_pool_name="http.body",` +
		`otelpool_pool_strategy="everything",otelpool_request_result="hit"} 0`
	if !strings.Contains(got, want) {
		t.Errorf("no %s in\n%s", want, got)
	}
}

// The documented names are the exporter's, not only our idea of them.
func TestDocumentedNamesAreTheExporters(t *testing.T) {
	doc, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := make(map[string]bool)
	for _, m := range regexp.MustCompile("(?m)`(otelpool_[a-z_]+)` \\|$").FindAllStringSubmatch(string(doc), -1) {
		documented[m[1]] = true
	}
	seen := make(map[string]bool)
	text := exposition(t, otlptranslator.UnderscoreEscapingWithSuffixes, otelpool.WithSizeClasses("http.body"))
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\S+) `).FindAllStringSubmatch(text, -1) {
		seen[m[1]] = true
	}
	if !maps.Equal(documented, seen) {
		t.Errorf("documented: %v\nexported: %v", slices.Sorted(maps.Keys(documented)), slices.Sorted(maps.Keys(seen)))
	}
}
