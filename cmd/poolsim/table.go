package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"github.com/otelpool/pool/internal/sim"
)

func (r *report) writeJSON(w io.Writer) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(r)
}

func (r *report) writeTables(w io.Writer, each bool) {
	for i, s := range r.Sections {
		if i > 0 {
			fmt.Fprintln(w)
		}
		rows := s.rows()
		for trace := range rows[0] {
			if each || len(rows[0]) == 1 {
				s.writeTrace(w, rows, trace)
			}
		}
		if len(rows[0]) > 1 {
			s.writeSummary(w, rows)
		}
		fmt.Fprintln(w, "* knows the recording beforehand")
	}
}

// ratio is the heading of the last columns.
func (s *section) ratio() string {
	if s.missed {
		return "missed/clairvoyant"
	}
	return "cost/OPT"
}

func table(w io.Writer) *tabwriter.Writer {
	return tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
}

// writeTrace is the table of one trace.
func (s *section) writeTrace(w io.Writer, rows [][]sim.Result, trace int) {
	fmt.Fprintf(w, "%s, %s\n", rows[0][trace].Trace, s.Title)
	out := table(w)
	fmt.Fprintf(out, "policy\tmiss %%\tmean idle\tpeak idle\t%s\t\n", s.ratio())
	for i, row := range rows {
		r := &row[trace]
		fmt.Fprintf(
			out,
			"%s\t%.3f\t%s\t%s\t%.3f\t\n",
			s.label(i),
			100*r.MissRatio(),
			megabytes(r.MeanIdle),
			megabytes(float64(r.PeakIdle)),
			r.Ratio,
		)
	}
	out.Flush()
}

// writeSummary is the table over all traces: means of the first columns, the
// geometric mean and the worst of the ratio.
func (s *section) writeSummary(w io.Writer, rows [][]sim.Result) {
	fmt.Fprintf(w, "%s, %d traces\n", s.Title, len(rows[0]))
	out := table(w)
	fmt.Fprintf(out, "policy\tmiss %%\tmean idle\tpeak idle\t%s geomean\tworst\ton\t\n", s.ratio())
	for i, row := range rows {
		m := mean(row)
		fmt.Fprintf(
			out,
			"%s\t%.3f\t%s\t%s\t%.3f\t%.3f\t%s\t\n",
			s.label(i),
			m.miss,
			megabytes(m.idle),
			megabytes(m.peak),
			m.geomean,
			m.worst,
			m.on,
		)
	}
	out.Flush()
}

// label is a policy's name as tables show it.
func (s *section) label(i int) string {
	if s.policies[i].foresees {
		return s.policies[i].name + "*"
	}
	return s.policies[i].name
}

type summary struct {
	miss, idle, peak float64
	geomean, worst   float64
	on               string
}

func mean(row []sim.Result) (m summary) {
	n := float64(len(row))
	for i := range row {
		r := &row[i]
		m.miss += 100 * r.MissRatio() / n
		m.idle += r.MeanIdle / n
		m.peak = max(m.peak, float64(r.PeakIdle))
		m.geomean += math.Log(r.Ratio) / n
		if r.Ratio > m.worst {
			m.worst, m.on = r.Ratio, r.Trace
		}
	}
	m.geomean = math.Exp(m.geomean)
	return m
}

func megabytes(bytes float64) string { return fmt.Sprintf("%.2f MB", bytes/1e6) }
