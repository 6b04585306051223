package adaptive_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
	"unsafe"

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

// resident is the process's resident bytes. With the race detector they are the heap's alone:
// its own notes grow by 44 MiB when 100 MiB are freed.
func resident(t *testing.T) (n int64) {
	t.Helper()
	if raceflag.On {
		return residentHeap(t)
	}
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

// residentHeap is the resident bytes of mappings within 4 GiB of an object.
func residentHeap(t *testing.T) (n int64) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	near, of := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(text))))>>32, uint64(0)
	for line := range bytes.Lines(text) {
		var from, to uint64
		var kib int64
		if fields, _ := fmt.Sscanf(string(line), "%x-%x", &from, &to); fields == 2 {
			of = from >> 32
		} else if _, err := fmt.Sscanf(string(line), "Rss: %d kB", &kib); err == nil && of == near {
			n += kib << 10
		}
	}
	return n
}
