package adaptive_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/internal/raceflag"
	"github.com/otelpool/pool/internal/testcost"
)

// alone is set in the process that a test has for itself.
const alone = "ADAPTIVE_TEST_ALONE"

// What the runtime keeps of what one collection freed is no use to others in the
// group. The heap of a process of its own has nothing else in it.
func TestALargeTrimGoesBackToTheSystem(t *testing.T) {
	if raceflag.On {
		t.Skip("the race detector's notes on the freed memory become resident: with small pages, half as much as was freed")
	}
	if os.Getenv(alone) == "" {
		t.Parallel()
		for _, memLimit := range []string{"off", "1GiB"} {
			self := exec.Command(os.Args[0], "-test.run=^TestALargeTrimGoesBackToTheSystem$", "-test.v")
			self.Env = append(os.Environ(), alone+"=1", "GOMEMLIMIT="+memLimit)
			out, err := self.CombinedOutput()
			if t.Logf("GOMEMLIMIT=%s: %s", memLimit, out); err != nil {
				t.Error(err)
			}
		}
		return
	}
	s := newShop(t, adaptive.Config{MemoryLimit: limit, MaxIdleBytes: pool.Unlimited, BreakEven: time.Minute})
	s.reading.Heap.Limit = adaptive.NoLimit
	p := s.buffers(t, "a")
	s.step(time.Second)
	calm := s.reading
	testcost.Within(t, "nine tenths of what a trim drops, back at the system,", time.Second, func() time.Duration {
		s.reading = calm
		touched(p, 1600)
		s.step(time.Second)
		s.step(5 * time.Second)
		before := resident(t)
		s.reading.Cgroup = group(0.92)
		s.reading.Heap.Footprint = 100 * mib
		start := time.Now()
		d := s.step(time.Second)
		if d.Freed < 90*mib || !d.ForcedGC {
			t.Fatalf("%d bytes dropped: too few to test with: %+v", d.Freed, d)
		}
		testcost.Until(t, fmt.Sprintf("resident bytes down from %d by 90 %% of %d", before, d.Freed), func() bool {
			return before-resident(t) >= d.Freed*9/10
		})
		t.Logf("%d bytes dropped, resident bytes down by %d after %v", d.Freed, before-resident(t), time.Since(start))
		return time.Since(start)
	})
}

// touched makes n buffers of 64 KiB idle, with memory behind them.
func touched(p pool.Bytes, n int) {
	held := make([][]byte, n)
	for i := range held {
		held[i] = p.Get(64 << 10)
		for at := 0; at < len(held[i]); at += 4 << 10 {
			held[i][at] = 1
		}
	}
	for _, b := range held {
		p.Put(b)
	}
}

func resident(t *testing.T) (n int64) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	var total int64
	if _, err := fmt.Fscan(bytes.NewReader(text), &total, &n); err != nil {
		t.Fatal(err)
	}
	return n * int64(os.Getpagesize())
}
