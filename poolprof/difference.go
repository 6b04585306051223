package poolprof

import (
	"context"
	"time"

	"github.com/google/pprof/profile"
)

// since returns the change since before, after a wait of d; nil if ctx is done
// first.
func since(ctx context.Context, before *profile.Profile, o options, d time.Duration) *profile.Profile {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return nil
	case <-timer.C:
	}
	after := build(o)
	at := after.TimeNanos
	before.Scale(-1)
	difference, err := profile.Merge([]*profile.Profile{before, after})
	if err != nil {
		return after // cannot happen: both have the same types
	}
	difference.TimeNanos, difference.DurationNanos = at, int64(d)
	return difference
}
