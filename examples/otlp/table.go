package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/otelpool/pool"
)

// table is the view as the terminal shows it, one line to an element.
func (v *view) table() []string {
	lines := []string{v.title, ""}
	lines = append(lines, fmt.Sprintf("%-22s %8s %7s %7s %10s %10s %8s", "pool", "gets/s", "hit %", "in use", "held", "limit", "drops/s"))
	for i := range v.pools {
		p := &v.pools[i]
		lines = append(lines, fmt.Sprintf("%-22s %8s %7s %7s %10s %10s %8s", p.stats.Name,
			p.rate(p.stats.Gets()), p.hits(), p.inUse(), p.held(), p.limit(), p.rate(p.stats.Dropped())))
	}
	lines = append(lines, "")
	lines = append(lines, v.comparison()...)
	if v.now.Failed+v.now.Skipped > 0 {
		lines = append(lines, "", fmt.Sprintf("failed %d, skipped %d: see -rate", v.now.Failed, v.now.Skipped))
	}
	if v.pooling {
		lines = append(append(lines, ""), controlLines(v.control, v.at)...)
	}
	return append(append(lines, ""), strings.Split(v.export, "\n")...)
}

// comparison is the runtime's figures beside those without pooling. Those per
// second are the calibration's per request, at this second's rate.
func (v *view) comparison() []string {
	f := v.now
	heading := "with pooling"
	if !v.pooling {
		heading = "pooling off"
	}
	rows := [][3]string{
		{"", heading, ""},
		{"requests/s", fmt.Sprintf("%.0f", f.perSecond(f.Requests)), ""},
		{"latency p50 / p99", latencyPair(f), ""},
		{"allocated/request", bytesText(f.PerRequest), ""},
		{"allocations/s", bytesText(f.perSecond(f.Allocated)) + "/s", ""},
		{"GC/s", fmt.Sprintf("%.1f", f.perSecond(f.GCs)), ""},
		{"heap", bytesText(float64(f.Heap)), ""},
	}
	if w := v.without; w != nil {
		requests := f.perSecond(f.Requests + f.Failed)
		for i, text := range []string{
			"without",
			"",
			latencyPair(*w),
			bytesText(w.PerRequest),
			bytesText(w.PerRequest*requests) + "/s",
			fmt.Sprintf("%.1f", w.GCsPerRequest*requests),
			bytesText(float64(w.Heap)),
		} {
			rows[i][2] = text
		}
	}
	lines := make([]string, len(rows))
	for i, r := range rows {
		lines[i] = strings.TrimRight(fmt.Sprintf("%-22s %16s %20s", r[0], r[1], r[2]), " ")
	}
	return lines
}

// line is the view in one line, for logs and pipes.
func (v *view) line(at time.Duration) string {
	f := v.now
	var b strings.Builder
	fmt.Fprintf(&b, "%4.0fs  %.0f req/s  p50 %s  p99 %s  alloc %s/req %s/s  %.1f GC/s  heap %s",
		at.Seconds(), f.perSecond(f.Requests), millis(f.P50), millis(f.P99),
		bytesText(f.PerRequest), bytesText(f.perSecond(f.Allocated)), f.perSecond(f.GCs), bytesText(float64(f.Heap)))
	if f.Failed+f.Skipped > 0 {
		fmt.Fprintf(&b, "  failed %d  skipped %d", f.Failed, f.Skipped)
	}
	for i := range v.pools {
		p := &v.pools[i]
		fmt.Fprintf(&b, "  | %s hit %s use %s held %s drop %s", strings.TrimPrefix(p.stats.Name, "gateway."),
			p.hits(), p.inUse(), p.held(), p.rate(p.stats.Dropped()))
	}
	if c := v.control; c != nil {
		fmt.Fprintf(&b, "  | pressure %s, limit %s", c.Level, limitText(c.Limit))
		if n := len(c.Decisions); n > 0 && v.at.Sub(c.Decisions[n-1].Time) < time.Second {
			fmt.Fprintf(&b, ": %s", decisionText(&c.Decisions[n-1]))
		}
	}
	return b.String()
}

func (p *poolView) rate(n uint64) string {
	if p.seconds <= 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f", float64(n)/p.seconds)
}

func (p *poolView) hits() string { return percent(&p.stats.Counts) }

func percent(c *pool.Counts) string {
	if c.Requests[pool.Hit]+c.Requests[pool.Miss] == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", 100*c.HitRatio())
}

func (p *poolView) inUse() string {
	if !p.stats.Knows.Has(pool.KnowsInUse) {
		return "-"
	}
	return fmt.Sprint(p.stats.InUse)
}

func (p *poolView) held() string { return heldText(&p.stats) }

func heldText(s *pool.Stats) string {
	switch {
	case s.Knows.Has(pool.KnowsIdleBytes):
		return bytesText(float64(s.IdleBytes))
	case s.Knows.Has(pool.KnowsIdle):
		return fmt.Sprintf("%d obj", s.Idle)
	default:
		return "-"
	}
}

func (p *poolView) limit() string {
	switch s := &p.stats; {
	case s.Knows.Has(pool.KnowsLimit) && s.Limit != pool.Unlimited:
		return bytesText(float64(s.Limit))
	case s.Knows.Has(pool.KnowsObjectLimit):
		return fmt.Sprintf("%d obj", s.ObjectLimit)
	default:
		return "none"
	}
}

func latencyPair(f figures) string { return millis(f.P50) + " / " + millis(f.P99) }

func millis(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case d == 0:
		return "-"
	case ms < 10:
		return fmt.Sprintf("%.1f ms", ms)
	default:
		return fmt.Sprintf("%.0f ms", ms)
	}
}

// bytesText is a number of bytes in three digits or so.
func bytesText(n float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for n >= 999.5 && i < len(units)-1 {
		n /= 1024
		i++
	}
	if i > 0 && n < 99.95 {
		return fmt.Sprintf("%.1f %s", n, units[i])
	}
	return fmt.Sprintf("%.0f %s", n, units[i])
}
