package signals

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// realGroup is a group of the first version with a limit, and a shell command in it.
func realGroup(t *testing.T, limit int64, script string) (dir string, cmd *exec.Cmd) {
	t.Helper()
	dir = fmt.Sprintf("/sys/fs/cgroup/memory/otelpool-%d-%d", os.Getpid(), time.Now().UnixNano())
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Skip("thresholds are of control groups of the first version, and root's to set: ", err)
	}
	t.Cleanup(func() {
		for end := time.Now().Add(10 * time.Second); os.Remove(dir) != nil && time.Now().Before(end); {
			time.Sleep(10 * time.Millisecond) // until the kernel has let the last process go
		}
	})
	if _, err := os.Stat(dir + "/cgroup.event_control"); err != nil {
		t.Skip("only control groups of the first version have thresholds, and this machine has none: ", err)
	}
	if err := os.WriteFile(dir+"/memory.limit_in_bytes", fmt.Append(nil, limit), 0); err != nil {
		t.Fatal(err)
	}
	return dir, exec.CommandContext(t.Context(), "sh", "-c", "echo $$ >"+dir+"/cgroup.procs; "+script)
}

// The kernel itself tells that a group has come to be fuller than half.
func TestKernelTellsOfThresholds(t *testing.T) {
	const limit = 32 << 20
	dir, cmd := realGroup(t, limit, "head -c 24000000 /dev/zero | tail -c 23999999 >/dev/null") // tail has all of it in memory
	usage, err := openFile(dir + "/memory.usage_in_bytes")
	if err != nil {
		t.Fatal(err)
	}
	defer usage.close()
	crossed := make(chan struct{}, 100)
	set, err := setThresholds(&level{dir: dir, usage: usage, max: limit, high: NoLimit}, func() { crossed <- struct{}{} })
	if err != nil {
		t.Fatal(err)
	}
	defer set.close()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	select {
	case <-crossed:
	case <-time.After(30 * time.Second):
		t.Error("nothing was told")
	}
}

// A group that does not grow is looked at once a second where the kernel tells, and
// otherwise the more often the fuller it is, at most ten times a second.
func TestGroupsAreLookedAtAsOftenAsNeeded(t *testing.T) {
	const limit = 1 << 30
	for _, c := range []struct {
		usage  int64
		kernel bool
		want   time.Duration
	}{
		{limit / 16, false, limit * 15 / 16 / 2 * time.Second / fastest}, {limit * 5 / 8, false, closer}, {limit * 15 / 16, false, closer},
		{limit / 16, true, farthest}, {limit * 5 / 8, true, farthest},
	} {
		r := newRoot(t, system("1:memory:/api\n", memoryMount))
		dir := "/sys/fs/cgroup/memory/api"
		r.group(1, dir, fmt.Sprint(int64(limit)), fmt.Sprint(c.usage))
		if c.kernel {
			r.write(dir+"/cgroup.event_control", "")
		}
		reader := r.reader(noEnv)
		reader.after(0)
		w := lookout{host: reader.s.host, crossed: make(chan struct{}, 1)}
		w.own[0].Name, w.own[1].Name = heapMetrics[heapTotal], heapMetrics[heapReleased]
		w.look() // the first finds that all of it is new
		if near, again := w.look(); near || again.Round(time.Millisecond) != c.want.Round(time.Millisecond) {
			t.Errorf("%+v: looked at again after %v, near %t", c, again, near)
		}
		if c.kernel {
			text, err := os.ReadFile(r.dir + dir + "/cgroup.event_control")
			if want := fmt.Sprintf(" %d", int64(limit)*15/16); err != nil || !strings.HasSuffix(string(text), want) {
				t.Errorf("%+v: told the kernel %q, %v; want%s last", c, text, err, want)
			}
		}
		if w.kernel.close(); w.kernel != nil != c.kernel {
			t.Errorf("%+v: thresholds are %v", c, w.kernel)
		}
	}
}

// What a program gives back of its page cache was never its working set: nobody takes
// that back from it afterwards.
func TestFilePagesThatGoAreNoGrowthOfOthersLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const dir = "/sys/fs/cgroup/api"
		r := newRoot(t, system("0::/api\n", unifiedMount))
		r.group(2, dir, fmt.Sprint(256<<20), fmt.Sprint(250<<20))
		r.write(dir+"/memory.stat", fmt.Sprintf("anon %d\nfile %d\ninactive_file 1000\nactive_file %d\n", 14<<20, 236<<20, 236<<20))
		reader := r.reader(noEnv)
		reader.after(0)
		w := lookout{host: reader.s.host, crossed: make(chan struct{}, 1)}
		w.own[0].Name, w.own[1].Name = heapMetrics[heapTotal], heapMetrics[heapReleased]
		look := func() {
			t.Helper()
			time.Sleep(closer)
			if near, _ := w.look(); near {
				t.Error("a group that is full of file pages is near its limit")
			}
			if got := reader.after(closer); got.Cgroup.Growth > 0 {
				t.Errorf("others grow by %d bytes a second", got.Cgroup.Growth)
			}
		}
		look()
		look()
		r.write(dir+"/memory.current", fmt.Sprint(14<<20))
		r.write(dir+"/memory.stat", fmt.Sprintf("anon %d\nfile 1000\ninactive_file 1000\nactive_file 0\n", 14<<20))
		time.Sleep(closer)
		w.look() // and the reading comes later
		look()
		look()
	})
}
