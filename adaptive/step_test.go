package adaptive_test

import (
	"testing"
	"time"

	"github.com/otelpool/pool/adaptive"
)

// churn has n objects taken and given back ten times a second, for so long.
func (l *lab) churn(n int, d time.Duration, each func()) {
	for end := l.at + d; l.at < end; {
		for next := l.at + 250*time.Millisecond; l.at < next; l.at += 50 * time.Millisecond {
			l.fill(0, n)
		}
		l.at -= 250 * time.Millisecond // step lets it pass
		l.step()
		if each != nil {
			each()
		}
	}
}

func TestDemandThatRisesMissesOnce(t *testing.T) {
	t.Parallel()
	const T = 10 * time.Second
	for _, before := range []int{0, 1, 10, 100} {
		l := newLab(t, adaptive.Config{})
		l.churn(before, 2*time.Minute, nil)
		cold := l.misses()
		l.fill(0, 300)
		if rose := l.misses() - cold; rose != uint64(300-before) {
			t.Errorf("from %d to 300: %d misses, want %d", before, rose, 300-before)
		}
		after := l.misses()
		l.churn(300, T, nil)
		if more := l.misses() - after; more != 0 {
			t.Errorf("from %d to 300: %d misses after the first burst", before, more)
		}
	}
}

func TestDemandThatFallsIsFollowedWithinTheIdleAge(t *testing.T) {
	t.Parallel()
	const needed = 10
	for _, c := range []adaptive.Config{{}, {BreakEven: 2 * time.Second}, {BreakEven: time.Minute}} {
		l := newLab(t, c)
		l.churn(300, 2*time.Minute, nil)
		fell, misses := l.at, l.misses()
		age := l.stats().Classes[0].IdleAge
		var reached time.Duration
		l.churn(needed, 2*age+5*time.Second, func() {
			if reached == 0 && l.budget.Used() <= needed*11/10*(64<<10) {
				reached = l.at - fell
			}
			age = max(age, l.stats().Classes[0].IdleAge)
		})
		if tick := 250 * time.Millisecond; reached == 0 || reached > age+tick {
			t.Errorf("T %v: idle is down to what is needed after %v, want %v and a tick", c.BreakEven, reached, age)
		}
		if more := l.misses() - misses; more != 0 {
			t.Errorf("T %v: %d misses on the way down", c.BreakEven, more)
		}
	}
}
