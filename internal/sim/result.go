package sim

import (
	"slices"
	"time"

	"github.com/otelpool/pool/internal/trace"
)

// Result is how a policy did on a trace.
type Result struct {
	Policy          string  `json:"policy"`
	Trace           string  `json:"trace"`
	Gets            int64   `json:"gets"`
	Misses          int64   `json:"misses"`
	MissedBytes     int64   `json:"missed_bytes"`
	IdleByteSeconds float64 `json:"idle_byte_seconds"`
	MeanIdle        float64 `json:"mean_idle_bytes"`
	PeakIdle        int64   `json:"peak_idle_bytes"`
	Cost            float64 `json:"cost_bytes"` // missed bytes + idle byte-seconds/T
	Ratio           float64 `json:"cost_over_optimum"`

	seconds float64
}

func newResult(policy string, t *trace.Trace) Result {
	n, _ := t.Gets()
	return Result{Policy: policy, Trace: t.Name, Gets: n, seconds: t.End().Seconds()}
}

// MissRatio is the share of requests that missed.
func (r *Result) MissRatio() float64 {
	if r.Gets == 0 {
		return 0
	}
	return float64(r.Misses) / float64(r.Gets)
}

// priced is r with the cost that its figures come to.
func (r Result) priced(breakEven time.Duration) Result {
	r.Cost = float64(r.MissedBytes) + r.IdleByteSeconds/breakEven.Seconds()
	if r.seconds > 0 {
		r.MeanIdle = r.IdleByteSeconds / r.seconds
	}
	return r
}

func (r *Result) idle(a *account, end time.Duration) {
	a.add(end, 0)
	r.IdleByteSeconds, r.PeakIdle = a.byteSeconds, a.peak
	if r.seconds > 0 {
		r.MeanIdle = r.IdleByteSeconds / r.seconds
	}
}

// account is idle bytes over time.
type account struct {
	bytes, peak int64
	byteSeconds float64
	at          time.Duration
}

func (a *account) add(at time.Duration, bytes int64) {
	a.byteSeconds += float64(a.bytes) * (at - a.at).Seconds()
	a.at = at
	a.bytes += bytes
}

// settle takes note of the bytes; between an object's coming and another's going
// at the same moment nothing is held that counts.
func (a *account) settle() { a.peak = max(a.peak, a.bytes) }

// levels is a sum of rectangles, for its highest point.
type levels []step

type step struct {
	at    time.Duration
	bytes int64
}

func (l *levels) add(from, to time.Duration, bytes int64) {
	*l = append(*l, step{from, bytes}, step{to, -bytes})
}

func (l levels) peak() (most int64) {
	slices.SortFunc(l, func(a, b step) int {
		if a.at != b.at {
			return int(min(max(a.at-b.at, -1), 1))
		}
		return int(min(max(a.bytes-b.bytes, -1), 1))
	})
	var sum int64
	for _, s := range l {
		sum += s.bytes
		most = max(most, sum)
	}
	return most
}
