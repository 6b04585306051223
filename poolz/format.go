package poolz

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/otelpool/pool"
)

const unknown = "–"

// count is a number as people read it: four digits or so.
func count(v float64) string {
	switch a := math.Abs(v); {
	case a < 9.95 && v != math.Trunc(v):
		return strconv.FormatFloat(v, 'f', 1, 64)
	case a < 99_950:
		return grouped(int64(math.Round(v)))
	case a < 999.5e6:
		return significant(v/1e6) + " M"
	case a < 999.5e9:
		return significant(v/1e9) + " G"
	default:
		return significant(v/1e12) + " T"
	}
}

// significant has three digits.
func significant(v float64) string {
	switch a := math.Abs(v); {
	case a < 9.995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case a < 99.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

// grouped is an exact number with its thousands apart.
func grouped(n int64) string {
	if n < 0 {
		return "−" + groups(uint64(-n))
	}
	return groups(uint64(n))
}

func groups(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// bytes is a size in binary units, exact where it is round.
func byteSize(n int64) string {
	if n == pool.Unlimited {
		return "unlimited"
	}
	v, unit := float64(n), 0
	for math.Abs(v) >= 1000 && unit < 5 {
		v, unit = v/1024, unit+1
	}
	suffix := [...]string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}[unit]
	if v == math.Trunc(v) {
		return strconv.FormatFloat(v, 'f', 0, 64) + " " + suffix
	}
	return significant(v) + " " + suffix
}

// percent never says 100 % or 0 % of what is not quite that.
func percent(ratio float64) string {
	p := ratio * 100
	switch {
	case p > 0 && p < 0.1:
		return "<0.1 %"
	case p > 99.9 && p < 100:
		return ">99.9 %"
	case p == 0, p == 100:
		return strconv.FormatFloat(p, 'f', 0, 64) + " %"
	}
	return strconv.FormatFloat(p, 'f', 1, 64) + " %"
}

func duration(d time.Duration) string {
	switch s := d.Seconds(); {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case s < 9.95 && d%time.Second != 0:
		return strconv.FormatFloat(s, 'f', 1, 64) + " s"
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", s)
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.0f h", d.Hours())
}

func plural(n uint64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return groups(n) + " " + what + "s"
}

// finite is v where JSON and people can take it.
func finite(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return min(max(v, -math.MaxFloat64), math.MaxFloat64)
}
