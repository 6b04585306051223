package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// String is one run on one line.
func (o *outcome) String() string {
	text := ""
	switch {
	case o.Died != "":
		text = o.Died
	default:
		text = fmt.Sprintf(
			"%d GCs (%d forced), %.1f %% CPU and %.1f %% idle, p50 %v, p99 %v, %.0f op/s, %.1f %% hits",
			o.GCs,
			o.ForcedGC,
			100*o.GCShare,
			100*o.IdleShare,
			o.P50.Round(time.Microsecond),
			o.P99.Round(time.Microsecond),
			o.perSecond(),
			100*o.hits(),
		)
	}
	if o.Neighbour != "" {
		text += ", neighbour " + o.Neighbour
	}
	if o.Decisions > 0 {
		text += fmt.Sprintf(", %d decisions, %d level changes, up to %v", o.Decisions, o.Changes, o.Top)
	}
	return fmt.Sprintf("%s, peak %d MiB", text, o.Peak/mib)
}

// printTable gives medians of the runs that survived.
func printTable(out io.Writer, rows []row, pools []string) {
	for i := range rows {
		r := &rows[i]
		fmt.Fprintf(out, "\n%s\n", r)
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(w, "pool\tsurvived\tneighbour\tboth\thits\tp50\tp99\top/s\tGCs\tGC CPU\tidle GC\tchanges/min\tpeak MiB\t")
		for _, name := range pools {
			if len(r.runs[name]) > 0 {
				s := r.summary(name)
				s.print(w, name, r.neighbour != nil)
			}
		}
		w.Flush()
	}
}

func (s *summary) print(w io.Writer, name string, neighbour bool) {
	beside := "-"
	if neighbour {
		beside = fmt.Sprintf("%d/%d", s.neighbours, s.runs)
	}
	fmt.Fprintf(w, "%s\t%d/%d\t%s\t%d/%d\t", name, s.alone, s.runs, beside, s.survived, s.runs)
	if s.survived == 0 {
		fmt.Fprintf(w, "-\t-\t-\t-\t-\t-\t-\t%.1f\t%d\t\n", s.changes, s.peak/mib)
		return
	}
	fmt.Fprintf(w, "%.1f %%\t%v\t%v\t%.0f\t%d\t%.1f %%\t%.1f %%\t%.1f\t%d\t\n", 100*s.hits, s.p50.Round(time.Microsecond),
		s.p99.Round(time.Microsecond), s.perSecond, s.gcs, 100*s.gcShare, 100*s.idleShare, s.changes, s.peak/mib)
}

// summary is several runs of one pool: medians of those that both survived.
type summary struct {
	runs, alone, neighbours, survived int

	hits, leastHits  float64
	p50, p99         time.Duration
	perSecond        float64
	gcs              uint64
	gcShare, worstGC float64
	idleShare        float64
	changes          float64 // of the level in a minute, the most of all runs
	peak             int64   // of all runs
}

func (r *row) summary(pool string) summary {
	runs := r.runs[pool]
	s := summary{runs: len(runs), leastHits: 1}
	var alive []outcome
	for i := range runs {
		o := &runs[i]
		s.peak = max(s.peak, o.Peak)
		s.changes = max(s.changes, float64(o.Changes)/r.lived(r.setting).Lasts.Minutes())
		s.alone += count(o.Died == "")
		s.neighbours += count(o.Neighbour == "")
		if o.survived() {
			alive = append(alive, *o)
			s.worstGC = max(s.worstGC, o.GCShare)
			s.leastHits = min(s.leastHits, o.hits())
		}
	}
	if s.survived = len(alive); s.survived > 0 {
		s.medians(alive)
	}
	return s
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func (s *summary) medians(alive []outcome) {
	s.hits = median(alive, func(o *outcome) float64 { return o.hits() })
	s.p50 = median(alive, func(o *outcome) time.Duration { return o.P50 })
	s.p99 = median(alive, func(o *outcome) time.Duration { return o.P99 })
	s.perSecond = median(alive, func(o *outcome) float64 { return o.perSecond() })
	s.gcs = median(alive, func(o *outcome) uint64 { return o.GCs })
	s.gcShare = median(alive, func(o *outcome) float64 { return o.GCShare })
	s.idleShare = median(alive, func(o *outcome) float64 { return o.IdleShare })
}

// median is the lower one of an even number.
func median[T cmp.Ordered](runs []outcome, of func(*outcome) T) T {
	values := make([]T, len(runs))
	for i := range runs {
		values[i] = of(&runs[i])
	}
	slices.Sort(values)
	return values[(len(values)-1)/2]
}
