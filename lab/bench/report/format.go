package main

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/perf/benchunit"
)

// trimmed is a number with about three significant digits.
func trimmed(x float64) string {
	digits := 2
	if x < 1 {
		digits = 3
	}
	switch {
	case x >= 100:
		return strconv.FormatFloat(x, 'f', 0, 64)
	case x >= 10:
		return strings.TrimSuffix(strconv.FormatFloat(x, 'f', 1, 64), ".0")
	default:
		text := strconv.FormatFloat(x, 'f', digits, 64)
		return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
}

// scaled is a figure with a unit that suits its size.
func scaled(x float64, unit string) string {
	switch unit {
	case "sec/op":
		return benchunit.Scale(x, benchunit.Decimal) + "s"
	case "B/op", "peak-B", "overhead-B":
		return benchunit.Scale(x, benchunit.Binary) + "B"
	default:
		return trimmed(x)
	}
}

// nanoseconds is a time as the tables have it.
func nanoseconds(seconds float64) string {
	ns := seconds * 1e9
	switch {
	case ns >= 100:
		return strconv.FormatFloat(ns, 'f', 0, 64)
	default:
		return strconv.FormatFloat(ns, 'f', 1, 64)
	}
}

// table is a Markdown table.
type table struct {
	strings.Builder
}

func newTable(header ...string) *table {
	t := &table{}
	t.row(header...)
	t.WriteString("|" + strings.Repeat(" --- |", 1) + strings.Repeat(" ---: |", len(header)-1) + "\n")
	return t
}

func (t *table) row(cells ...string) {
	fmt.Fprintf(t, "| %s |\n", strings.Join(cells, " | "))
}
