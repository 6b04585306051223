package pool_test

import (
	"testing"
	"time"

	"github.com/otelpool/pool"
)

// young is a member with nothing to give, that counts how often it is asked.
type young struct{ asked *int }

func (y young) LongestWait(time.Duration) (time.Duration, bool) { *y.asked++; return 0, false }

func (young) Evict(int64, time.Duration, bool) int64 { return 0 }
func (young) Detach()                                {}
func (young) Drain()                                 {}

func TestARefusalCostsTheSameWithAThousandPools(t *testing.T) {
	for _, pools := range []int{1, 8, 1000} {
		var asked int
		b := pool.NewBudget(0)
		for range pools {
			b.Join(young{&asked})
		}
		const puts = 5000
		for range puts {
			if b.MakeRoom(1, 0) {
				t.Fatal("room was made of nothing")
			}
		}
		if asked > 8*puts {
			t.Errorf("%d pools: %d of them asked at a refusal", pools, asked/puts)
		}
	}
}
