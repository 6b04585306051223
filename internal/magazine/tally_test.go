package magazine

import (
	"testing"

	"github.com/otelpool/pool"
)

// A word of the tally ends after 2^15 hits. On 32-bit platforms it need not lie
// where atomic operations on 64 bits may go, so all classes of some are tried.
func TestMoreHitsThanAWordOfTheTallyHolds(t *testing.T) {
	const hits = 1<<15 + 1000
	p := newAged(t, Config{Sizes: []int64{64, 128, 256}})
	for class := range 3 {
		for range hits {
			p.burst(class, 1)
		}
	}
	var s pool.Stats
	p.Stats(&s)
	for _, c := range s.Classes {
		if got := c.Requests[pool.Hit] + c.Requests[pool.Miss]; got != hits || c.RequestedBytes != hits || c.Idle < 1 {
			t.Errorf("%d requests for %d bytes counted, %d idle; want %d, as many, 1 a P", got, c.RequestedBytes, c.Idle, hits)
		}
	}
}
