package main

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// latencies is a histogram of durations that any number of goroutines may add
// to: buckets of microseconds, eight to a doubling, so that a quantile is at
// most an eighth too high.
type latencies struct {
	buckets [latencyBuckets]atomic.Uint64
}

const latencyBuckets = 8 * 40

// latencyCounts is a snapshot, or the difference of two.
type latencyCounts [latencyBuckets]uint64

func (l *latencies) add(d time.Duration) { l.buckets[latencyBucket(d)].Add(1) }

func latencyBucket(d time.Duration) int {
	us := uint64(max(d.Microseconds(), 0))
	shift := max(bits.Len64(us)-4, 0)
	return min(shift*8+int(us>>shift), latencyBuckets-1)
}

// latencyEnd is the end of a bucket: the smallest duration beyond it.
func latencyEnd(bucket int) time.Duration {
	shift := max(bucket/8-1, 0)
	return time.Duration((bucket-shift*8+1)<<shift) * time.Microsecond
}

func (l *latencies) counts() (c latencyCounts) {
	for i := range l.buckets {
		c[i] = l.buckets[i].Load()
	}
	return c
}

// since is what was added after an earlier snapshot.
func (c latencyCounts) since(earlier latencyCounts) latencyCounts {
	for i := range c {
		c[i] -= earlier[i]
	}
	return c
}

// quantile is a duration that the share q of all do not exceed; 0 for none.
func (c latencyCounts) quantile(q float64) time.Duration {
	var total, seen uint64
	for _, n := range c {
		total += n
	}
	for i, n := range c {
		if seen += n; n > 0 && float64(seen) >= q*float64(total) {
			return latencyEnd(i)
		}
	}
	return 0
}
