package otelpool

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
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

func commentTable() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, m := range documented() {
		star := ""
		if m.perClass {
			star = " *"
		}
		extra := ""
		for _, a := range m.extra {
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
	for _, m := range documented() {
		var attrs []string
		for i, extra := range m.extra {
			a := "`" + extra.key + "`"
			if v := extra.shown(); v != "" {
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
			prometheusName(m.instrument),
		)
	}
	b.WriteString("\nEvery metric but the controller's carries `" + keyPool + "` and `" + keyStrategy + "`;\n◇ also `" + keyClass +
		"`, for the pools named in `otelpool.WithSizeClasses`. A pool exports the rows its\n" +
		"strategy can know, from the start and at 0, and no others.\n")
	return b.String()
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
	for _, m := range documented() {
		writeMetric(&b, &m)
	}
	return b.String()
}

func writeAttribute(b *strings.Builder, a *attrDoc) {
	fmt.Fprintf(b, "      - id: %s\n", a.key)
	if a.briefs == nil {
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

func writeMetric(b *strings.Builder, m *metricDoc) {
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
	ref := func(a *attrDoc, level string) {
		refs += fmt.Sprintf("      - ref: %s\n        requirement_level: %s\n", a.key, level)
	}
	if m.ofPool() {
		ref(&poolDoc, "required")
		ref(&strategyDoc, "recommended")
	}
	for _, a := range m.extra {
		ref(a, "required")
	}
	if m.perClass {
		ref(&classDoc, "opt_in")
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

func TestEveryValueIsDescribed(t *testing.T) {
	for _, a := range attributes {
		if len(a.briefs) != len(a.values) {
			t.Errorf("%s has %d values, and %d are described", a.key, len(a.values), len(a.briefs))
		}
		for i, brief := range a.briefs {
			if brief == "" || !strings.HasSuffix(brief, ".") {
				t.Errorf("%s: value %d is described by %q: want a sentence", a.key, i, brief)
			}
		}
	}
}

// Every row of a series has its place's attribute.
func TestRowsHaveTheirAttributes(t *testing.T) {
	for row, want := range map[int]string{
		rowRequest:  requestAttribute.key + "=hit",
		rowReturn:   returnAttribute.key + "=pooled",
		rowEviction: evictionAttribute.key + "=resize",
		rowIdle:     stateAttribute.key + "=idle",
		rowUsed:     stateAttribute.key + "=used",
		rowAction:   actionAttribute.key + "=hold",
		rowLevel:    levelAttribute.key + "=none",
		rowMisuse:   misuseAttribute.key + "=lost",
		numRows - 1: misuseAttribute.key + "=config",
	} {
		a := rowAttributes(row)[0]
		if got := string(a.Key) + "=" + a.Value.String(); got != want {
			t.Errorf("row %d is %s, want %s", row, got, want)
		}
	}
}
