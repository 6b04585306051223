package e2e_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// metric is a row of the table of metrics, and how it is to look in Prometheus.
type metric struct {
	name       string // in OpenTelemetry
	instrument string
	unit       string
	attributes []dimension // beside the pool's own
	perClass   bool        // may be split by size class
	help       string
	prometheus string
}

// dimension is an attribute with the values that it may have; none for any.
type dimension struct {
	key    string
	values []string
}

// perPool reports whether the metric has the pool's attributes.
func (m *metric) perPool() bool { return !strings.HasPrefix(m.name, "otelpool.controller.") }

// kind is the type that Prometheus knows.
func (m *metric) kind() string {
	if m.instrument == "updowncounter" {
		return "gauge"
	}
	return m.instrument
}

// readTable reads the Markdown that is made from otelpool's Go table, and checked
// against it there.
func readTable(t *testing.T) map[string]*metric {
	t.Helper()
	const file = "../docs/metrics.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	table := map[string]*metric{}
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "| `otelpool.") || strings.Count(line, "|") != 7 {
			continue
		}
		m, err := parseRow(line)
		if err != nil {
			t.Fatalf("%s: %v: %s", file, err, line)
		}
		table[m.name] = m
	}
	if len(table) < 15 {
		t.Fatalf("%s has %d metrics: is its form another one now?", file, len(table))
	}
	return table
}

var (
	attributeCell  = regexp.MustCompile("^(?:`[a-z._]+`(?:: [a-z ]+?)?(?:, |$| ◇$))*◇?$")
	attributeWords = regexp.MustCompile("`([a-z._]+)`(?:: ([a-z ]+))?")
)

// parseRow is: name, instrument, unit, attribute and its values, description,
// name in Prometheus.
func parseRow(line string) (*metric, error) {
	cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	if !attributeCell.MatchString(cells[3]) {
		return nil, fmt.Errorf("attributes %q", cells[3])
	}
	var attributes []dimension
	for _, words := range attributeWords.FindAllStringSubmatch(cells[3], -1) {
		attributes = append(attributes, dimension{words[1], strings.Fields(words[2])})
	}
	// What opting in takes is in the table's description and not in the metric's.
	help, _, _ := strings.Cut(cells[4], " Only of ")
	code := func(s string) string { return strings.Trim(s, "`") }
	return &metric{
		name: code(cells[0]), instrument: cells[1], unit: code(cells[2]),
		attributes: attributes, perClass: strings.Contains(cells[3], "◇"),
		help: help, prometheus: code(cells[5]),
	}, nil
}

// label is an attribute's name in Prometheus.
func label(attribute string) string { return strings.ReplaceAll(attribute, ".", "_") }

// This test checks the suffix of a unit separately from the table's names, because
// people type it.
func TestTableNamesUnitsAsPrometheusDoes(t *testing.T) {
	suffixes := map[string]string{
		"By counter": "_bytes_total", "By updowncounter": "_bytes", "s histogram": "_seconds", "s gauge": "_seconds",
		"1 gauge": "_ratio", "1 updowncounter": "",
	}
	for _, m := range readTable(t) {
		want, ok := suffixes[m.unit+" "+m.instrument]
		switch {
		case ok:
		case !strings.HasPrefix(m.unit, "{"):
			t.Errorf("%s: no rule for a %s of unit %s", m.name, m.instrument, m.unit)
		case m.instrument == "counter":
			want = "_total"
		}
		if want = label(m.name) + want; m.prometheus != want {
			t.Errorf("%s, a %s of unit %s, is %s in Prometheus; the table says %s", m.name, m.instrument, m.unit, want, m.prometheus)
		}
	}
}
