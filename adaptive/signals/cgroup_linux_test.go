package signals

import (
	"maps"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/otelpool/pool/internal/testalloc"
)

const (
	unifiedMount = "25 1 0:22 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,memory_recursiveprot\n"
	memoryMount  = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n"
	cpuMount     = "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
	hybridMount  = "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
	rootMount    = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
)

// system is what every root has.
func system(groups, mounts string) map[string]string {
	return map[string]string{
		"/proc/self/cgroup":     groups,
		"/proc/self/mountinfo":  rootMount + mounts,
		"/proc/pressure/memory": calm,
		"/proc/meminfo":         "MemTotal:       24684084 kB\nMemFree: 1 kB\n",
	}
}

func TestCgroupOfTheSecondVersion(t *testing.T) {
	r := newRoot(t, system("0::/app.slice/api\n", unifiedMount))
	r.group(2, "/sys/fs/cgroup/app.slice/api", "268435456", "200001000")
	r.write("/sys/fs/cgroup/app.slice/api/memory.high", "240000000\n")
	r.write("/sys/fs/cgroup/app.slice/cgroup.procs", "")
	got := r.reader(noEnv).after(0)
	want := CgroupReading{
		Version: 2, Current: 200001000, WorkingSet: 200000000, Max: 256 << 20, High: 240000000,
		TightSet: 200000000, TightMax: 240000000, // where the kernel begins to slow it down
	}
	if got.Cgroup != want {
		t.Errorf("got  %+v\nwant %+v", got.Cgroup, want)
	}
	if got.MemTotal != 24684084<<10 {
		t.Errorf("physical memory is %d", got.MemTotal)
	}
}

func TestCgroupOfTheFirstVersion(t *testing.T) {
	r := newRoot(t, system("9:name=systemd:/\n4:cpuset,memory:/api\n", cpuMount+memoryMount))
	r.group(1, "/sys/fs/cgroup/memory/api", "268435456", "200001000")
	r.group(1, "/sys/fs/cgroup/memory", "9223372036854771712", "900000000")
	got := r.reader(noEnv).after(0).Cgroup
	want := CgroupReading{
		Version: 1, Current: 200001000, WorkingSet: 200000000, Max: 256 << 20, High: NoLimit,
		TightSet: 200000000, TightMax: 256 << 20,
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestHybridCgroupTakesMemoryFromTheFirstVersionAndStallsFromTheSecond(t *testing.T) {
	r := newRoot(t, system("4:memory:/api\n0::/api\n", memoryMount+hybridMount))
	r.group(1, "/sys/fs/cgroup/memory/api", "1000000", "501000")
	r.write("/sys/fs/cgroup/unified/api/cgroup.procs", "1\n")
	r.write("/sys/fs/cgroup/unified/api/memory.pressure",
		"some avg10=12.34 avg60=0.00 avg300=0.00 total=1\nfull avg10=2.50 avg60=0.00 avg300=0.00 total=1\n")
	got := r.reader(noEnv).after(0)
	if got.Cgroup.Version != 1 || got.Cgroup.Max != 1000000 {
		t.Errorf("memory is not that of the first version: %+v", got.Cgroup)
	}
	if got.PSI.Some != 0.1234 || got.PSI.Full != 0.025 {
		t.Errorf("stalls are not those of the second version's group: %+v", got.PSI)
	}
}

func TestCgroupIsLimitedByItsTightestAncestor(t *testing.T) {
	for version, system := range map[int]map[string]string{
		1: system("4:memory:/kubepods/pod/app\n", memoryMount),
		2: system("0::/kubepods/pod/app\n", unifiedMount),
	} {
		top := map[int]string{1: "/sys/fs/cgroup/memory", 2: "/sys/fs/cgroup"}[version]
		r := newRoot(t, system)
		r.group(version, top+"/kubepods/pod/app", "800000", "401000") // half full
		r.group(version, top+"/kubepods/pod", "2000000", "1901000")   // our neighbours fill it
		r.group(version, top+"/kubepods", "600000000", "2000")        // the rest of the node is idle
		r.write(top+"/cgroup.procs", "")                              // the second version's top has no memory files
		got := r.reader(noEnv).after(0).Cgroup
		if got.Max != 800000 || got.WorkingSet != 400000 || got.TightSet != 1900000 || got.TightMax != 2000000 {
			t.Errorf("version %d: %+v; want the least limit, 800000, and as the tightest 1900000 of 2000000", version, got)
		}
	}
}

func TestCgroupWithoutLimitHasUsage(t *testing.T) {
	r := newRoot(t, system("0::/api\n", unifiedMount))
	r.group(2, "/sys/fs/cgroup/api", "max", "401000")
	got := r.reader(noEnv).after(0).Cgroup
	if want := (CgroupReading{Version: 2, Current: 401000, WorkingSet: 400000, Max: NoLimit, High: NoLimit, TightSet: 400000,
		TightMax: NoLimit}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// The first version tells of limits above what a container can see.
func TestLimitOfAnAncestorOutOfSightCounts(t *testing.T) {
	r := newRoot(t, system("4:memory:/docker/f00\n",
		"35 31 0:32 /docker/f00 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"))
	r.group(1, "/sys/fs/cgroup/memory", "9223372036854771712", "401000")
	r.write(
		"/sys/fs/cgroup/memory/memory.stat",
		"hierarchical_memory_limit 500000\ntotal_rss 400000\ntotal_cache 1000\ntotal_inactive_file 1000\n",
	)
	got := r.reader(noEnv).after(0).Cgroup
	if got.Max != 500000 || got.TightSet != 400000 || got.TightMax != 500000 {
		t.Errorf("%+v; want 400000 of 500000", got)
	}
}

func TestPlaceOfMountedGroups(t *testing.T) {
	for name, c := range map[string]struct{ groups, mounts, want string }{
		"whole tree":    {"0::/a/b\n", unifiedMount, "/sys/fs/cgroup/a/b"},
		"own namespace": {"0::/\n", unifiedMount, "/sys/fs/cgroup"},
		"bind mount of the own group": {"0::/docker/f00\n", "30 1 0:22 /docker/f00 /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
			"/sys/fs/cgroup"},
		"bind mount of an ancestor": {"0::/pods/p/c\n", "30 1 0:22 /pods /mnt/pods ro - cgroup2 cgroup rw\n", "/mnt/pods/p/c"},
		"most ancestors win": {"0::/pods/p/c\n",
			"30 1 0:22 /pods/p /mnt/p ro - cgroup2 cgroup rw\n" + unifiedMount + "31 1 0:22 /pods /mnt/pods ro - cgroup2 " +
				"cgroup rw\n", "/sys/fs/cgroup/pods/p/c"},
		"escaped mount point": {"0::/a\n", `30 1 0:22 / /mnt/my\040groups\134x ro - cgroup2 cgroup rw` + "\n",
			`/mnt/my groups\x/a`},
		"a namespace's outer mount": {"0::/../b\n", "30 1 0:22 /.. /host/cgroup ro - cgroup2 cgroup rw\n", "/host/cgroup/b"},
		"no prefix of a name": {"0::/docker/f00d\n",
			"30 1 0:22 /docker/f00 /mnt/x ro - cgroup2 cgroup rw\n" + unifiedMount, "/sys/fs/cgroup/docker/f00d"},
		"not where it is not": {"0::/a\n",
			"30 1 0:22 / /elsewhere ro - cgroup2 cgroup rw\n29 1 0:22 / /mnt/cg ro - cgroup2 cgroup rw\n", "/mnt/cg/a"},
		"optional fields of all kinds": {"0::/a\n",
			"30 1 0:22 / /mnt/cg ro shared:1 master:2 propagate_from:3 - cgroup2 cgroup rw\n", "/mnt/cg/a"},
		"first version by its options": {"7:cpu:/x\n4:memory:/a\n", cpuMount + memoryMount, "/sys/fs/cgroup/memory/a"},
		"first version, joint mount": {"4:cpu,memory:/a\n", "35 31 0:32 / /cg/cpu,memory rw - cgroup cgroup rw,cpu,memory\n",
			"/cg/cpu,memory/a"},
		"path with a colon and a blank": {"0::/a:b c\n", unifiedMount, "/sys/fs/cgroup/a:b c"},
	} {
		t.Run(name, func(t *testing.T) {
			files := system(c.groups, c.mounts)
			files[c.want+"/cgroup.procs"] = "1\n"
			r := newRoot(t, files)
			p, err := findPlace(r.dir, c.groups)
			if err != nil || len(p.levels) == 0 || p.levels[0] != r.dir+c.want {
				t.Errorf("found %v, %v; want %s first", p.levels, err, r.dir+c.want)
			}
		})
	}
}

func TestGroupThatCannotBeSeenIsAnErrorThatNamesIt(t *testing.T) {
	for name, c := range map[string]struct{ groups, mounts, want string }{
		"outside the namespace": {"0::/../other\n", unifiedMount, "control group /../other is at no mount point"},
		"further outside": {"0::/../../other\n", "30 1 0:22 /.. /host ro - cgroup2 cgroup rw\n",
			"control group /../../other is at no mount point"},
		"only others are mounted": {"0::/a\n", "30 1 0:22 /b /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
			"control group /a is at no mount point"},
		"nothing is mounted":        {"4:memory:/a\n", "", "control group /a is at no mount point"},
		"in no group":               {"", unifiedMount, "in no control group"},
		"only other controllers":    {"7:cpu:/a\n", cpuMount, "in no control group"},
		"controller is not enabled": {"0::/a\n", unifiedMount, "no memory.max in "},
		"garbage":                   {"\x00\xff\n", unifiedMount, "is no line of ID:CONTROLLERS:PATH"},
	} {
		t.Run(name, func(t *testing.T) {
			files := system(c.groups, c.mounts)
			files["/sys/fs/cgroup/a/cgroup.procs"] = "1\n"
			got := newRoot(t, files).reader(noEnv).after(0)
			contains(t, "the cgroup's error", got.Cgroup.Err, c.want)
			if want := (CgroupReading{Status: got.Cgroup.Status}); got.Cgroup != want {
				t.Errorf("figures beside an error: %+v", got.Cgroup)
			}
			if !got.PSI.OK() || !got.Heap.OK() {
				t.Errorf("other signals are lost too: %+v, %+v", got.PSI.Status, got.Heap.Status)
			}
		})
	}
}

func TestGarbageInAFileIsAnErrorThatNamesIt(t *testing.T) {
	const dir = "/sys/fs/cgroup/api"
	for _, c := range []struct{ file, text, want string }{
		{"memory.current", "", `memory.current: "" is no number of bytes`},
		{"memory.current", "-5\n", `memory.current: "-5" is no number of bytes`},
		{"memory.current", "12 34\n", `memory.current: "12 34" is no number of bytes`},
		{"memory.max", "lots\n", `memory.max: "lots" is no number of bytes`},
		{"memory.high", "1e9\n", `memory.high: "1e9" is no number of bytes`},
		{"memory.events.local", "high x\nmax y\n", `memory.events.local: high: "x" is no number`},
	} {
		t.Run(c.file+" "+c.text, func(t *testing.T) {
			r := newRoot(t, system("0::/api\n", unifiedMount))
			r.group(2, dir, "1000000", "501000")
			reader := r.reader(noEnv)
			reader.after(0)
			r.write(dir+"/"+c.file, c.text)
			got := reader.after(lookAgainAfter).Cgroup
			contains(t, "the error", got.Err, c.want)
			if got.Age != lookAgainAfter || got.Max != 0 || got.Current != 0 {
				t.Errorf("want age %v and no figures: %+v", lookAgainAfter, got)
			}
		})
	}
}

// gVisor's groups have a limit and a usage and no memory.stat.
func TestAMissingStatCostsItsOwnFigureOnly(t *testing.T) {
	const dir = "/sys/fs/cgroup/api"
	for text, want := range map[string]string{
		"":                     "memory.stat",
		"anon 5\n":             "memory.stat: inactive_file: missing",
		"inactive_file many\n": `memory.stat: inactive_file: "many" is no number`,
	} {
		r := newRoot(t, system("0::/api\n", unifiedMount))
		r.group(2, dir, "1000000", "501000")
		if r.remove(dir + "/memory.stat"); text != "" {
			r.write(dir+"/memory.stat", text)
		}
		got := r.reader(noEnv).after(0).Cgroup
		contains(t, "the working set's error", got.SetErr, want)
		if !got.OK() || got.Max != 1000000 || got.TightMax != 1000000 || got.Current != 501000 || got.WorkingSet != 0 {
			t.Errorf("memory.stat of %q: %+v; want the limit and the usage", text, got)
		}
	}
}

// What the kernel takes back without stalling anyone is not working set: file pages
// of either list, slabs, and huge pages that were freed in part, which are in no figure.
func TestReclaimableMemoryIsNotWorkingSet(t *testing.T) {
	const dir = "/sys/fs/cgroup/api"
	for name, c := range map[string]struct {
		stat string
		want int64
	}{
		"active file pages":    {"anon 22000\nfile 230000\nactive_file 200000\ninactive_file 30000\n", 22000 - 2000},
		"slabs":                {"anon 22000\nfile 0\nkernel 220000\nslab_reclaimable 200000\nactive_file 0\ninactive_file 0\n", 50000},
		"deferred huge pages":  {"anon 22000\nfile 0\nactive_file 0\ninactive_file 0\n", 22000},
		"shared memory counts": {"anon 22000\nfile 228000\nshmem 228000\nactive_file 0\ninactive_file 0\n", 250000},
	} {
		r := newRoot(t, system("0::/api\n", unifiedMount))
		r.group(2, dir, "256000", "250000")
		r.write(dir+"/memory.stat", c.stat)
		if got := r.reader(noEnv).after(0).Cgroup; got.WorkingSet != c.want {
			t.Errorf("%s: %d of 250000 bytes are working set, want %d (%s)", name, got.WorkingSet, c.want, got.SetErr)
		}
	}
}

// The first version tells how much kernel memory a group has, and not which.
func TestKernelMemoryIsReclaimableAsTheMachinesIs(t *testing.T) {
	const dir = "/sys/fs/cgroup/memory/api"
	for name, c := range map[string]struct {
		kernel, meminfo string
		want            int64
	}{
		"mostly slab":           {"200000", "SReclaimable: 9 kB\nSUnreclaim: 0 kB\nKernelStack: 1 kB\nPageTables: 0 kB\n", 69000},
		"too little to matter":  {"20000", "SReclaimable: 90 kB\nSUnreclaim: 10 kB\n", 249000},
		"the machine says none": {"200000", "MemTotal: 100 kB\n", 249000},
	} {
		r := newRoot(t, system("9:memory:/api\n", memoryMount))
		r.group(1, dir, "256000", "250000")
		r.write(dir+"/memory.kmem.usage_in_bytes", c.kernel)
		r.write("/proc/meminfo", c.meminfo)
		if got := r.reader(noEnv).after(0).Cgroup; got.WorkingSet != c.want {
			t.Errorf("%s: %d of 250000 bytes are working set, want %d (%s)", name, got.WorkingSet, c.want, got.SetErr)
		}
	}
}

func TestALimitOfZeroIsALimit(t *testing.T) {
	r := newRoot(t, system("0::/api\n", unifiedMount))
	r.group(2, "/sys/fs/cgroup/api", "0", "501000")
	got := r.reader(noEnv).after(0)
	if got.Cgroup.Max != 0 || got.Cgroup.TightMax != 0 {
		t.Fatalf("%+v", got.Cgroup)
	}
}

func TestUnreadableFilesAreErrorsThatNameThem(t *testing.T) {
	// Directories stand for files that cannot be read: they stop root too.
	const dir = "/sys/fs/cgroup/api"
	for _, name := range []string{"/proc/self/cgroup", "/proc/self/mountinfo", dir + "/memory.max", dir + "/memory.current"} {
		t.Run(name, func(t *testing.T) {
			r := newRoot(t, system("0::/api\n", unifiedMount))
			r.group(2, dir, "1000000", "501000")
			r.remove(name)
			r.write(name+"/in the way", "")
			got := r.reader(noEnv).after(0)
			contains(t, "the error", got.Cgroup.Err, r.dir+name)
			if !got.PSI.OK() {
				t.Errorf("stalls are lost too: %s", got.PSI.Err)
			}
		})
	}
}

func TestCgroupComesBackAfterAFailure(t *testing.T) {
	r := newRoot(t, system("0::/api\n", unifiedMount))
	r.group(2, "/sys/fs/cgroup/api", "1000000", "501000")
	r.write("/sys/fs/cgroup/api/memory.current", "?")
	reader := r.reader(noEnv)
	contains(t, "at first", reader.after(0).Cgroup.Err, "memory.current")
	r.write("/sys/fs/cgroup/api/memory.current", "501000")
	if got := reader.after(lookAgainAfter / 2).Cgroup; got.OK() || got.Age != lookAgainAfter/2 {
		t.Errorf("before it is looked at again: %+v", got.Status)
	}
	if got := reader.after(lookAgainAfter / 2).Cgroup; !got.OK() || got.Age != 0 || got.WorkingSet != 500000 {
		t.Errorf("after it was looked at again: %+v", got)
	}
}

// A process that is moved keeps files open that fail once the old group is
// removed. Who reads them must not wait to look again.
func TestRemovedCgroupIsLeftAtOnce(t *testing.T) {
	r := newRoot(t, system("0::/old\n", unifiedMount))
	r.group(2, "/sys/fs/cgroup/old", "1000000", "501000")
	reader := r.reader(noEnv)
	reader.after(0)
	r.write("/sys/fs/cgroup/old/memory.current", "")
	r.write("/proc/self/cgroup", "0::/new\n")
	r.group(2, "/sys/fs/cgroup/new", "2000000", "301000")
	if got := reader.after(time.Second).Cgroup; got.OK() {
		t.Errorf("no error of the group that went away: %+v", got)
	}
	if got := reader.after(time.Second).Cgroup; !got.OK() || got.Max != 2000000 || got.WorkingSet != 300000 {
		t.Errorf("a step later: %+v", got)
	}
}

func TestLimitsAreReadWithEveryReading(t *testing.T) {
	r := newRoot(t, system("0::/pod/app\n", unifiedMount))
	r.group(2, "/sys/fs/cgroup/pod/app", "1000000", "501000")
	r.group(2, "/sys/fs/cgroup/pod", "max", "901000")
	reader := r.reader(noEnv)
	reader.after(0)
	r.write("/sys/fs/cgroup/pod/app/memory.max", "600000\n")
	r.write("/sys/fs/cgroup/pod/app/memory.high", "550000\n")
	r.write("/sys/fs/cgroup/pod/memory.max", "1200000\n")
	got := reader.after(1).Cgroup
	if got.Max != 600000 || got.High != 550000 || got.TightMax != 550000 {
		t.Errorf("limit %d, high %d, tightest %d; want 600000, 550000, 550000", got.Max, got.High, got.TightMax)
	}
	r.group(2, "/sys/fs/cgroup/pod", "1200000", "1141000")
	if got := reader.after(1).Cgroup; got.TightSet != 1140000 || got.TightMax != 1200000 {
		t.Errorf(
			"tightest is %d of %d: the ancestor that has a limit now should count with 1140000 of 1200000",
			got.TightSet,
			got.TightMax,
		)
	}
}

func TestMovedProcessIsFollowed(t *testing.T) {
	r := newRoot(t, system("0::/old\n", unifiedMount))
	r.group(2, "/sys/fs/cgroup/old", "1000000", "501000")
	r.group(2, "/sys/fs/cgroup/new", "4000000", "301000")
	reader := r.reader(noEnv)
	reader.after(0)
	r.write("/sys/fs/cgroup/old/memory.events.local", events(0, 7, 0, 0))
	reader.after(time.Second)
	r.write("/sys/fs/cgroup/new/memory.events.local", events(0, 1000, 0, 0))
	r.write("/proc/self/cgroup", "0::/new\n")
	got := reader.after(lookAgainAfter).Cgroup
	if got.Max != 4000000 || got.WorkingSet != 300000 {
		t.Errorf("still in the old group: %+v", got)
	}
	if got.MaxEvents != 7 {
		t.Errorf("%d events: want the 7 seen in the old group, and nothing of the new one's past", got.MaxEvents)
	}
}

func TestEventsAreCountedFromTheFirstReading(t *testing.T) {
	r := newRoot(t, system("0::/pod/app\n", unifiedMount))
	r.group(2, "/sys/fs/cgroup/pod/app", "1000000", "501000")
	r.group(2, "/sys/fs/cgroup/pod", "2000000", "901000")
	r.write("/sys/fs/cgroup/pod/app/memory.events.local", events(10, 20, 30, 40))
	reader := r.reader(noEnv)
	if got := reader.after(0).Cgroup; got.HighEvents+got.MaxEvents+got.OOMEvents != 0 {
		t.Errorf("at first: %+v", got)
	}
	r.write("/sys/fs/cgroup/pod/app/memory.events.local", events(11, 22, 33, 44))
	r.write("/sys/fs/cgroup/pod/memory.events.local", events(100, 200, 300, 400))
	got := reader.after(time.Second).Cgroup
	if got.HighEvents != 101 || got.MaxEvents != 202 || got.OOMEvents != 707 {
		t.Errorf("high %d, max %d, oom %d; want 101, 202, 707", got.HighEvents, got.MaxEvents, got.OOMEvents)
	}
}

func TestEventsOfTheFirstVersion(t *testing.T) {
	r := newRoot(t, system("4:memory:/api\n", memoryMount))
	r.group(1, "/sys/fs/cgroup/memory/api", "1000000", "501000")
	reader := r.reader(noEnv)
	reader.after(0)
	r.write("/sys/fs/cgroup/memory/api/memory.failcnt", "5\n")
	r.write("/sys/fs/cgroup/memory/api/memory.oom_control", "oom_kill_disable 0\nunder_oom 1\noom_kill 3\n")
	if got := reader.after(time.Second).Cgroup; got.MaxEvents != 5 || got.OOMEvents != 3 {
		t.Errorf("max %d, oom %d; want 5, 3", got.MaxEvents, got.OOMEvents)
	}
}

// Kernels before 5.2 have no memory.events.local, and an ancestor's
// memory.events counts what befell our siblings.
func TestWithoutLocalEventsOnlyTheOwnGroupCounts(t *testing.T) {
	r := newRoot(t, system("0::/pod/app\n", unifiedMount))
	for _, dir := range []string{"/sys/fs/cgroup/pod", "/sys/fs/cgroup/pod/app"} {
		r.group(2, dir, "1000000", "501000")
		r.remove(dir + "/memory.events.local")
		r.write(dir+"/memory.events", events(0, 0, 0, 0))
	}
	reader := r.reader(noEnv)
	reader.after(0)
	r.write("/sys/fs/cgroup/pod/app/memory.events", events(1, 2, 3, 4))
	r.write("/sys/fs/cgroup/pod/memory.events", events(100, 200, 300, 400))
	if got := reader.after(time.Second).Cgroup; got.HighEvents != 1 || got.MaxEvents != 2 || got.OOMEvents != 7 {
		t.Errorf("high %d, max %d, oom %d; want 1, 2, 7", got.HighEvents, got.MaxEvents, got.OOMEvents)
	}
}

func TestClockJumpsLoseNothing(t *testing.T) {
	for _, jump := range []time.Duration{time.Hour, -time.Hour} {
		r := newRoot(t, system("0::/api\n", unifiedMount))
		r.group(2, "/sys/fs/cgroup/api", "1000000", "501000")
		reader := r.reader(noEnv)
		reader.after(0)
		reader.after(time.Second)
		r.write("/sys/fs/cgroup/api/memory.max", "2000000\n")
		got := reader.after(jump)
		if !got.Cgroup.OK() || !got.PSI.OK() || got.Cgroup.Age != 0 || got.PSI.Age != 0 {
			t.Errorf("%v: %+v, %+v", jump, got.Cgroup.Status, got.PSI.Status)
		}
		if got.Cgroup.Max != 2000000 {
			t.Errorf("%v: limit %d is an old one", jump, got.Cgroup.Max)
		}
		if age := got.Heap.Age; age < 0 || age > time.Hour+2*time.Second {
			t.Errorf("%v: the heap's age is %v", jump, age)
		}
	}
}

func TestSteadyReadingsOfTheSecondVersionAllocateNothing(t *testing.T) {
	r := newRoot(t, system("0::/pod/app\n", unifiedMount))
	r.group(2, "/sys/fs/cgroup/pod/app", "1000000", "501000")
	r.group(2, "/sys/fs/cgroup/pod", "2000000", "901000")
	reader := r.reader(noEnv)
	var into Reading
	if n := testalloc.PerRun(100, func() {
		reader.now = reader.now.Add(time.Second)
		reader.s.Read(reader.now, &into)
	}); n != 0 || !into.Cgroup.OK() {
		t.Errorf("%v allocations, %+v", n, into.Cgroup)
	}
}

// In the topmost group of the second version there is no limit to read, and in
// others nobody need have set one.
func TestReadingsWithoutALimitAllocateNothing(t *testing.T) {
	for name, make := range map[string]func() root{
		"topmost group": func() root {
			r := newRoot(t, system("0::/\n", unifiedMount))
			r.write("/sys/fs/cgroup/cgroup.procs", "1\n")
			return r
		},
		"no controller": func() root {
			r := newRoot(t, system("0::/api\n", unifiedMount))
			r.write("/sys/fs/cgroup/api/cgroup.procs", "1\n")
			r.write("/sys/fs/cgroup/cgroup.procs", "")
			return r
		},
		"no group of the first version": func() root { return newRoot(t, system("1:cpu:/\n", cpuMount)) },
		"no limit": func() root {
			r := newRoot(t, system("0::/api\n", unifiedMount))
			r.group(2, "/sys/fs/cgroup/api", "max", "501000")
			return r
		},
		"no pressure": func() root {
			r := newRoot(t, system("0::/\n", unifiedMount))
			r.write("/sys/fs/cgroup/cgroup.procs", "1\n")
			r.remove("/proc/pressure/memory")
			return r
		},
	} {
		reader := make().reader(noEnv)
		var into Reading
		if n := testalloc.PerRun(100, func() {
			reader.now = reader.now.Add(time.Second)
			reader.s.Read(reader.now, &into)
		}); n != 0 {
			t.Errorf("%s: %v allocations, %+v", name, n, into)
		}
	}
}

func TestNoFileIsLeftOpen(t *testing.T) {
	r := newRoot(t, system("0::/pod/app\n", unifiedMount))
	r.group(2, "/sys/fs/cgroup/pod/app", "1000000", "501000")
	r.group(2, "/sys/fs/cgroup/pod", "2000000", "901000")
	reader := r.reader(noEnv)
	reader.after(0)
	h := reader.s.host
	open := map[int]bool{}
	for _, l := range h.cgroup.levels {
		for _, f := range []*file{l.limitFile, l.highFile, l.usage, l.stat, l.events} {
			open[f.fd] = true
		}
	}
	open[h.groups.fd], open[h.psi.file.fd] = true, true
	h.groups.close()
	h.dropCgroup()
	h.dropPSI()
	for fd := range maps.Keys(open) {
		if to, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd)); err == nil && len(to) > len(r.dir) && to[:len(r.dir)] == r.dir {
			t.Errorf("%s is still open", to)
		}
	}
}
