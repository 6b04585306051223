package cgroup_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/otelpool/pool/internal/cgroup"
)

func newGroup(t *testing.T, limit int64) *cgroup.Group {
	t.Helper()
	g, err := cgroup.New(limit)
	if err != nil {
		t.Skipf("no control group can be made here: %v", err)
	}
	t.Cleanup(func() {
		if err := g.Remove(); err != nil {
			t.Error(err)
		}
	})
	return g
}

func TestGroupContainsAndKills(t *testing.T) {
	g := newGroup(t, 16<<20)
	// A shell variable of 64 MiB is memory that nothing can reclaim.
	err := g.Command(t.Context(), "/bin/sh", "-c", `x=$(head -c 67108864 /dev/zero | tr '\0' x); echo "${#x}"`).Run()
	kills, killsErr := g.OOMKills()
	if err == nil || kills == 0 || killsErr != nil {
		t.Errorf("a program that outgrows its group: %v, %d kills, %v", err, kills, killsErr)
	}
	if peak, err := g.Peak(); peak < 8<<20 || peak > 17<<20 || err != nil {
		t.Errorf("peak is %d, %v; want about 16 MiB", peak, err)
	}
}

func TestRemoveEndsWhatRuns(t *testing.T) {
	g, err := cgroup.New(64 << 20)
	if err != nil {
		t.Skipf("no control group can be made here: %v", err)
	}
	cmd := g.Command(t.Context(), "/bin/sh", "-c", "cat /proc/self/cgroup; exec sleep 600")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 4096)
	n, _ := out.Read(line)
	if !strings.Contains(string(line[:n]), "/otelpool-") {
		t.Errorf("the program is not in the group: %s", line[:n])
	}
	if err := g.Remove(); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the program ended by itself")
	}
	if _, err := os.Stat("/proc/" + strconv.Itoa(cmd.Process.Pid)); err == nil {
		t.Error("the program still runs")
	}
}
