package sim

import (
	"time"

	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/internal/trace"
)

// Patient is a break-even time so long that only the budget makes a pool drop
// anything: what is compared is what a limited room is used for.
const Patient = 24 * time.Hour

// PeakIdle is the most idle bytes of a pool that keeps everything.
func PeakIdle(t *trace.Trace) int64 {
	r := Replay(t, "", Unlimited(t.Sizes), Patient, nil)
	return r.PeakIdle
}

// Budgeted runs a trace through the shipped policy with room for a share of what
// a pool without limit would hold at its peak, and through one that knows the
// future.
func Budgeted(t *trace.Trace, share float64) (shipped, clairvoyant Result, err error) {
	budget := max(int64(share*float64(PeakIdle(t))), 1)
	s := Shipped{Config: adaptive.Config{MaxIdleBytes: budget, Interval: time.Second}}
	shipped, err = s.Replay(t, "shipped", Patient)
	return shipped, Clairvoyant(t, budget), err
}
