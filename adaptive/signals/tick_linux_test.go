package signals

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/otelpool/pool/internal/raceflag"
	"github.com/otelpool/pool/internal/testcost"
)

const childVariable, looksOfChild = "OTELPOOL_TEST_LOOKS_OF_CHILD", 50

// What a look costs in a program that is idle is the switches of context that it makes,
// tens of microseconds each, and unlike the time they do not depend on the machine and
// its load. With the runtime's timers and system calls that it is told of it was seven.
func TestALookIsOneSwitchOfContext(t *testing.T) {
	if raceflag.On {
		t.Skip("the race detector has threads of its own")
	}
	if os.Getenv(childVariable) != "" {
		fmt.Println("switches:", looks(t))
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), childVariable+"=1")
	out, err := cmd.CombinedOutput()
	var switches int64
	if _, after, ok := strings.Cut(string(out), "switches: "); !ok || err != nil {
		t.Fatalf("%v: %s", err, out)
	} else if _, err := fmt.Sscan(after, &switches); err != nil {
		t.Fatal(err)
	}
	if switches > 3*looksOfChild {
		t.Errorf("%d looks made %d switches of context, want at most 3 each", looksOfChild, switches)
	}
}

// looks makes looks, and nothing else happens in the process meanwhile.
func looks(t *testing.T) (switches int64) {
	timer, err := newTick()
	if err != nil {
		t.Fatal(err)
	}
	defer timer.close()
	f, err := openFile("/proc/self/oom_score_adj") // holds a number
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 64)
	look := func() {
		if err := timer.wait(10 * time.Millisecond); err != nil {
			t.Fatal(err)
		}
		f.brief = true // as where it takes less than 50 µs
		if _, err := f.read(buf); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 {
		look()
	}
	var before, after syscall.Rusage
	err = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	for range looksOfChild {
		look()
	}
	if err2 := syscall.Getrusage(syscall.RUSAGE_SELF, &after); err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	return int64(after.Nvcsw - before.Nvcsw) //nolint:unconvert // 32 bits on some machines
}

// Ten looks a second and a reading take what three hundred reads of a file in memory
// take, a tenth of the thousandth of a CPU that there is for them. The rest is for the
// switches of context.
func TestLooksAndReadingsTakeAFewReads(t *testing.T) {
	if raceflag.On {
		t.Skip("the race detector's time is not that of the calls")
	}
	const limit = 1 << 30
	r := newRoot(t, system("0::/api\n", unifiedMount))
	r.group(2, "/sys/fs/cgroup/api", fmt.Sprint(limit), fmt.Sprint(limit*5/8))
	reader := r.reader(noEnv)
	reader.after(0)
	w := lookout{host: reader.s.host, crossed: make(chan struct{}, 1)}
	w.own[0].Name, w.own[1].Name = heapMetrics[heapTotal], heapMetrics[heapReleased]
	w.look() // the first finds that all of it is new
	_, again := w.look()
	var into Reading
	testcost.Within(t, "what is looked at in a second, beyond three hundred reads,", 0, func() time.Duration {
		start := time.Now()
		for range time.Second / again {
			w.look()
		}
		reader.s.Read(start, &into)
		took := time.Since(start)
		for range 300 {
			if _, err := w.cgroup.tight.usage.read(w.cgroup.buf); err != nil {
				t.Fatal(err)
			}
		}
		return 2*took - time.Since(start)
	})
}

// Where time is not the kernel's, nobody waits for the kernel's.
func TestATickIsOfTheKernelsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if timer, err := newTick(); err == nil {
			timer.close()
			t.Error("the kernel ticks in a bubble, whose time stands still meanwhile")
		}
	})
	timer, err := newTick()
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := timer.wait(20 * time.Millisecond); err != nil || time.Since(start) < 20*time.Millisecond {
		t.Errorf("waited for %v, %v", time.Since(start), err)
	}
	time.AfterFunc(10*time.Millisecond, timer.close)
	if err := timer.wait(time.Hour); err == nil {
		t.Error("a tick that was closed told of no error")
	}
}
