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
	if o.Died != "" {
		return fmt.Sprintf("%s at %d MiB", o.Died, o.Peak/mib)
	}
	return fmt.Sprintf("%d GCs (%d forced), %.1f %% CPU and %.1f %% idle, p50 %v, p99 %v, %.0f op/s, peak %d MiB",
		o.GCs, o.ForcedGC, 100*o.GCShare, 100*o.IdleShare, o.P50.Round(time.Microsecond), o.P99.Round(time.Microsecond), o.perSecond(), o.Peak/mib)
}

// printTables gives medians of the runs that survived.
func printTables(out io.Writer, tables []table) {
	for _, t := range tables {
		fmt.Fprintf(out, "\n%s\n", t.name)
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(w, "pool\tsurvived\tGCs\tGC CPU\tidle GC\tp50\tp99\top/s\tpeak MiB\t")
		for _, name := range t.names {
			s := summarize(t.runs[name])
			fmt.Fprintf(w, "%s\t%d/%d\t", name, s.survived, s.runs)
			if s.survived == 0 {
				fmt.Fprintf(w, "-\t-\t-\t-\t-\t-\t%d\t\n", s.peak/mib)
				continue
			}
			fmt.Fprintf(w, "%d\t%.1f %%\t%.1f %%\t%v\t%v\t%.0f\t%d\t\n", s.gcs, 100*s.gcShare, 100*s.idleShare,
				s.p50.Round(time.Microsecond), s.p99.Round(time.Microsecond), s.perSecond, s.peak/mib)
		}
		w.Flush()
	}
}

// summary is several runs of one pool: medians of those that survived.
type summary struct {
	runs, survived   int
	gcs              uint64
	gcShare, worstGC float64
	idleShare        float64
	p50, p99         time.Duration
	perSecond        float64
	peak             int64  // of all runs
	fault            string // of any
}

func summarize(runs []outcome) summary {
	s := summary{runs: len(runs)}
	var alive []outcome
	for _, o := range runs {
		s.peak = max(s.peak, o.Peak)
		if o.Fault != "" {
			s.fault = o.Fault
		}
		if o.Died == "" {
			alive = append(alive, o)
			s.worstGC = max(s.worstGC, o.GCShare)
		}
	}
	s.survived = len(alive)
	if s.survived == 0 {
		return s
	}
	s.gcs = median(alive, func(o *outcome) uint64 { return o.GCs })
	s.gcShare = median(alive, func(o *outcome) float64 { return o.GCShare })
	s.idleShare = median(alive, func(o *outcome) float64 { return o.IdleShare })
	s.p50 = median(alive, func(o *outcome) time.Duration { return o.P50 })
	s.p99 = median(alive, func(o *outcome) time.Duration { return o.P99 })
	s.perSecond = median(alive, func(o *outcome) float64 { return o.perSecond() })
	return s
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
