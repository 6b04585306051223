package inside

import (
	"testing"

	"github.com/otelpool/pool/adaptive"
)

const (
	mib    = 1 << 20
	nobody = 65534
)

// wantLimits checks a reading of a group that nothing is wrong with.
func wantLimits(t *testing.T, r *adaptive.Reading, limit, tight int64) {
	t.Helper()
	c := &r.Cgroup
	if !c.OK() || c.Version != 2 || c.Max != limit || c.TightMax != tight || c.Current <= 0 {
		t.Errorf("%+v; want a limit of %d, the tightest %d", *c, limit, tight)
	}
	if !r.PSI.OK() || !r.Heap.OK() || r.MemTotal < 256*mib {
		t.Errorf("other signals: %+v, %+v, %d bytes of memory", r.PSI, r.Heap, r.MemTotal)
	}
}

func TestRootGroupHasNoLimit(t *testing.T) {
	r := start(t, "", "as-is", 0)
	got := r.read()
	if c := got.Cgroup; c.OK() && c.Max != adaptive.NoLimit {
		t.Errorf("a limit of the root group: %+v", c)
	}
	if !got.PSI.OK() {
		t.Errorf("no stalls: %+v", got.PSI)
	}
}

func TestNestedGroupsHaveTheLeastLimit(t *testing.T) {
	group(t, "outer", "memory.max=209715200")
	group(t, "outer/middle")
	r := start(t, group(t, "outer/middle/inner", "memory.max=314572800"), "as-is", 0)
	got := r.read()
	wantLimits(t, &got, 200*mib, 200*mib)
}

func TestNamespaceHidesNothingOfTheOwnGroup(t *testing.T) {
	for _, mount := range []string{"namespace", "read-only", "container"} {
		t.Run(mount, func(t *testing.T) {
			r := start(t, group(t, "app", "memory.max=209715200"), mount, 0)
			got := r.read()
			wantLimits(t, &got, 200*mib, 200*mib)
		})
	}
}

func TestContainerOfKubernetes(t *testing.T) {
	group(t, "kubepods.slice")
	group(t, "kubepods.slice/kubepods-burstable.slice")
	group(t, "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1f.slice", "memory.max=419430400")
	own := group(
		t,
		"kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1f.slice/cri-containerd-0a.scope",
		"memory.max=209715200",
	)
	for _, mount := range []string{"as-is", "container"} {
		r := start(t, own, mount, 0)
		got := r.read()
		wantLimits(t, &got, 200*mib, 200*mib)
	}
}

func TestNobodyReadsTheSame(t *testing.T) {
	r := start(t, group(t, "app", "memory.max=209715200"), "as-is", nobody)
	got := r.read()
	wantLimits(t, &got, 200*mib, 200*mib)
}

func TestThrottlingIsCounted(t *testing.T) {
	r := start(t, group(t, "app", "memory.max=209715200", "memory.high=67108864"), "as-is", 0)
	if got := r.read(); got.Cgroup.High != 64*mib || got.Cgroup.HighEvents != 0 {
		t.Errorf("at first: %+v", got.Cgroup)
	}
	r.take(80)
	r.eventually("throttled", func(got *adaptive.Reading) bool { return got.Cgroup.HighEvents > 0 && got.Cgroup.Current > 32*mib })
}

func TestLimitThatChangesIsRead(t *testing.T) {
	dir := group(t, "app", "memory.max=209715200")
	r := start(t, dir, "as-is", 0)
	r.read()
	set(t, dir, "memory.max=104857600")
	got := r.read()
	wantLimits(t, &got, 100*mib, 100*mib)
	set(t, dir, "memory.max=max")
	got = r.read()
	wantLimits(t, &got, adaptive.NoLimit, adaptive.NoLimit)
}

// The kernel gives triggers to everybody who may write the group's file: root,
// and nobody where the file is his.
func TestTriggerIsSetOrItsAbsenceSaid(t *testing.T) {
	dir := group(t, "app", "memory.max=209715200")
	r := start(t, dir, "as-is", 0)
	r.eventually("root's trigger", func(got *adaptive.Reading) bool { return got.PSI.TriggerErr == "" })
	r = start(t, dir, "as-is", nobody)
	r.eventually("nobody's trigger", func(got *adaptive.Reading) bool { return got.PSI.OK() && got.PSI.TriggerErr != "" })
}
