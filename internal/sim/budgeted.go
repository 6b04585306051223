package sim

import (
	"time"

	"github.com/otelpool/pool/internal/trace"
)

// Patient is a break-even time so long that only the budget makes a pool drop
// anything, so that a comparison shows how policies use limited room.
const Patient = 24 * time.Hour

// PeakIdle is the most idle bytes of a pool that keeps everything.
func PeakIdle(t *trace.Trace) int64 {
	r := Replay(t, "", Unlimited(t.Sizes), Patient, nil)
	return r.PeakIdle
}
