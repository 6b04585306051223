package otelpool

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

var update = flag.Bool("update", false, "write the documents that are made from the table of instruments")

func TestDocsAreMadeFromTheTable(t *testing.T) {
	t.Run("Start", func(t *testing.T) {
		rewrite(t, "start.go", func(old string) (string, error) {
			table := regexp.MustCompile(`(?m)(^//\t.*\n)+(func Start\()`)
			if !table.MatchString(old) {
				return "", errors.New("no table in the comment of Start")
			}
			return table.ReplaceAllString(old, strings.ReplaceAll(commentTable(), "$", "$$")+"$2"), nil
		})
	})
	t.Run("docs/metrics.md", func(t *testing.T) {
		rewrite(t, "../docs/metrics.md", func(string) (string, error) { return markdown(t), nil })
	})
	t.Run("registry/metrics.yaml", func(t *testing.T) {
		rewrite(t, "registry/metrics.yaml", func(string) (string, error) { return weaver(), nil })
	})
}

// rewrite compares a file with what it should be, or makes it so.
func rewrite(t *testing.T, path string, edit func(old string) (string, error)) {
	t.Helper()
	old, err := os.ReadFile(path)
	if err != nil && !(*update && errors.Is(err, fs.ErrNotExist)) {
		t.Fatal(err)
	}
	want, err := edit(string(old))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if string(old) == want {
		return
	}
	if !*update {
		t.Fatalf("%s differs from the table in instruments.go: go test ./otelpool -run TestDocs -update", path)
	}
	if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

var kindNames = map[kind]string{counter: "counter", upDownCounter: "updowncounter", gauge: "gauge", histogram: "histogram"}

func (a *attr) values() string {
	var values []string
	for _, m := range a.told() {
		values = append(values, m.value)
	}
	return strings.Join(values, " ")
}

// told is the members that are exported.
func (a *attr) told() []member {
	return slices.DeleteFunc(slices.Clone(a.members), func(m member) bool { return m.untold })
}

// extra is a metric's attributes beside the pool's own.
func (m *instrument) extra() (attrs []*attr) {
	for _, a := range []*attr{m.attribute, m.second} {
		if a != nil {
			attrs = append(attrs, a)
		}
	}
	return attrs
}

func commentTable() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, m := range instruments {
		star := ""
		if m.perClass {
			star = " *"
		}
		extra := ""
		for _, a := range m.extra() {
			extra = strings.TrimLeft(extra+" "+a.key, " ")
		}
		fmt.Fprintf(w, "%s%s\t%s\t%s\t%s\n", m.name, star, kindNames[m.kind], m.unit, extra)
	}
	w.Flush()
	var out strings.Builder
	for line := range strings.Lines(b.String()) {
		out.WriteString("//\t" + strings.TrimRight(line, " \n") + "\n")
	}
	return out.String()
}

func markdown(t *testing.T) string {
	return "# Metrics\n\n" + generated("<!--", " -->") +
		"\nScope `" + ScopeName + "`. An export reads all of them but the wait histogram;\nGet and Put record nothing.\n\n" +
		markdownMetrics() + "\n## Rows by strategy\n\n" + markdownRows(t) + "\n## Attributes\n\n" + markdownAttributes()
}

func generated(begin, end string) string {
	return begin + " Made from otelpool/instruments.go by go test ./otelpool -run TestDocs -update; do not edit." + end + "\n"
}

func markdownMetrics() string {
	var b strings.Builder
	b.WriteString("| Metric | Instrument | Unit | Attributes | Meaning | In Prometheus |\n|---|---|---|---|---|---|\n")
	for _, m := range instruments {
		var attrs []string
		for i, extra := range m.extra() {
			a := "`" + extra.key + "`"
			if v := extra.values(); v != "" {
				a += ": " + v
			}
			if i > 0 {
				attrs[i-1] += ","
			}
			attrs = append(attrs, a)
		}
		if m.perClass {
			attrs = append(attrs, "◇")
		}
		description := m.description
		if m.optIn != "" {
			description += " Only of " + m.optIn + "."
		}
		fmt.Fprintf(
			&b,
			"| `%s` | %s | `%s` | %s | %s | `%s` |\n",
			m.name,
			kindNames[m.kind],
			m.unit,
			strings.Join(attrs, " "),
			description,
			prometheusName(m),
		)
	}
	b.WriteString("\nEvery metric but the controller's carries `" + keyPool + "` and `" + keyStrategy + "`;\n◇ also `" + keyClass +
		"`, for the pools named in `otelpool.WithSizeClasses`. A pool exports the rows its\n" +
		"strategy can know, from the start and at 0, and no others.\n")
	return b.String()
}

// Attributes that every metric of a pool has.
var (
	poolAttribute = attr{
		key: keyPool, typ: "string", brief: "Name of the pool, unique among the open pools of the process.", example: "http.body",
	}
	strategyAttribute = attr{
		key: keyStrategy, typ: "string", brief: "Kind of pool; that of the first pool of the name.", example: "sizeclasses",
	}
	classAttribute = attr{
		key: keyClass, typ: "int",
		brief: "Capacity of the buffers of one size class, in bytes; absent on the rows that belong to no class.", example: "4096",
	}
)

// attributes is every attribute, in the order of the documentation.
var attributes = []*attr{
	&poolAttribute, &strategyAttribute, &classAttribute, &requestAttribute, &returnAttribute, &stateAttribute,
	&evictionAttribute, &misuseAttribute, &signalAttribute, &actionAttribute,
	&levelAttribute, &causeAttribute,
}

func markdownAttributes() string {
	var b strings.Builder
	b.WriteString("| Attribute | Meaning |\n|---|---|\n")
	for _, a := range attributes {
		fmt.Fprintf(&b, "| `%s` | %s", a.key, a.brief)
		for _, m := range a.told() {
			fmt.Fprintf(&b, "<br>`%s`: %s", m.value, m.brief)
		}
		b.WriteString(" |\n")
	}
	return b.String()
}

// weaver renders the registry in Weaver's first format, the one that the
// semantic conventions themselves are written in.
func weaver() string {
	var b strings.Builder
	b.WriteString(generated("#", "") + "groups:\n" +
		"  - id: registry.otelpool\n    type: attribute_group\n    display_name: otelpool attributes\n" +
		"    brief: \"Attributes of the metrics of pools.\"\n    attributes:\n")
	for _, a := range attributes {
		writeAttribute(&b, a)
	}
	for i := range instruments {
		writeMetric(&b, &instruments[i])
	}
	return b.String()
}

func writeAttribute(b *strings.Builder, a *attr) {
	fmt.Fprintf(b, "      - id: %s\n", a.key)
	if a.members == nil {
		example := a.example
		if a.typ == "string" {
			example = strconv.Quote(example)
		}
		fmt.Fprintf(b, "        type: %s\n        examples: [%s]\n", a.typ, example)
	} else {
		b.WriteString("        type:\n          members:\n")
		for _, m := range a.told() {
			fmt.Fprintf(b,
				"            - id: %s\n              value: %q\n              brief: %q\n              stability: development\n",
				m.value, m.value, m.brief)
		}
	}
	fmt.Fprintf(b, "        brief: %q\n        stability: development\n", a.brief)
}

func writeMetric(b *strings.Builder, m *instrument) {
	fmt.Fprintf(
		b,
		"  - id: metric.%s\n    type: metric\n    metric_name: %s\n    instrument: %s\n    unit: %q\n    brief: %q\n    "+
			"stability: development\n",
		m.name,
		m.name,
		kindNames[m.kind],
		m.unit,
		m.description,
	)
	refs := ""
	ref := func(a *attr, level string) {
		refs += fmt.Sprintf("      - ref: %s\n        requirement_level: %s\n", a.key, level)
	}
	if m.perPool {
		ref(&poolAttribute, "required")
		ref(&strategyAttribute, "recommended")
	}
	for _, a := range m.extra() {
		ref(a, "required")
	}
	if m.perClass {
		ref(&classAttribute, "opt_in")
	}
	if refs != "" {
		b.WriteString("    attributes:\n" + refs)
	}
}

func TestDocsOfTheRegistryNameThisVersion(t *testing.T) {
	manifest, err := os.ReadFile("registry/manifest.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(strings.TrimSpace(string(manifest)), "/registry/"+Version) {
		t.Errorf("registry/manifest.yaml: schema_url does not end in /registry/%s, this Version", Version)
	}
}

func TestTableFollowsTheNamingRules(t *testing.T) {
	name := regexp.MustCompile(`^otelpool(\.[a-z][a-z_]*[a-z])+$`)
	for _, m := range instruments {
		if !name.MatchString(m.name) || regexp.MustCompile(`\b(bytes|seconds|total|ratio)\b`).MatchString(m.name) {
			t.Errorf("%s: a name is lower case with dots, and has no unit or total in it", m.name)
		}
		if !strings.HasSuffix(m.description, ".") {
			t.Errorf("%s: the description has no full stop", m.name)
		}
	}
	for _, a := range attributes {
		if !name.MatchString(a.key) {
			t.Errorf("%s: an attribute is lower case with dots", a.key)
		}
	}
}

// prometheusName is the default translation, for names such as ours; the module
// promtest has the exporter's word on it.
func prometheusName(m instrument) string {
	s := strings.ReplaceAll(m.name, ".", "_")
	s += map[string]string{"By": "_bytes", "s": "_seconds"}[m.unit]
	switch {
	case m.kind == counter:
		s += "_total"
	case m.kind == gauge && m.unit == "1":
		s += "_ratio"
	}
	return s
}

func TestTableHasTheValuesOfTheVocabulary(t *testing.T) {
	check := func(a *attr, n int, name func(i int) string) {
		t.Helper()
		if len(a.members) != n {
			t.Errorf("%s has %d values, want %d", a.key, len(a.members), n)
			return
		}
		for i, m := range a.members {
			if m.value != name(i) {
				t.Errorf("%s: value %d is %q, want %q", a.key, i, m.value, name(i))
			}
		}
	}
	check(&requestAttribute, pool.NumRequestResults, func(i int) string { return pool.RequestResult(i).String() })
	check(&returnAttribute, pool.NumReturnResults, func(i int) string { return pool.ReturnResult(i).String() })
	check(&evictionAttribute, pool.NumEvictionReasons, func(i int) string { return pool.EvictionReason(i).String() })
	check(&misuseAttribute, pool.NumMisuseKinds, func(i int) string { return pool.MisuseKind(i).String() })
	check(&actionAttribute, control.NumActions, func(i int) string { return control.Action(i).String() })
	check(&levelAttribute, control.NumPressureLevels, func(i int) string { return control.PressureLevel(i).String() })
	check(&causeAttribute, control.NumCauses, func(i int) string { return control.Cause(i).String() })
}

// Every row of a series has its place's attribute.
func TestRowsHaveTheirAttributes(t *testing.T) {
	for row, want := range map[int]string{
		rowRequest:  keyRequest + "=hit",
		rowReturn:   keyReturn + "=pooled",
		rowEviction: keyEviction + "=resize",
		rowIdle:     keyState + "=idle",
		rowUsed:     keyState + "=used",
		rowAction:   keyAction + "=hold",
		rowLevel:    keyLevel + "=none",
		rowMisuse:   keyMisuse + "=lost",
		numRows - 1: keyMisuse + "=config",
	} {
		a := rowAttribute(row)
		if got := string(a.Key) + "=" + a.Value.String(); got != want {
			t.Errorf("row %d is %s, want %s", row, got, want)
		}
	}
}
