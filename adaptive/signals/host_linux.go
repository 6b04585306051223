package signals

import (
	"bytes"
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/otelpool/pool/control"
)

// lookAgainAfter is how long the group that the process is in may have changed
// before it is noticed, and how long a source that cannot be read
// is left alone.
const lookAgainAfter = 30 * time.Second

// host reads what contains the process: its control groups, the stalls for want
// of memory, and what the service manager asks.
type host struct {
	mu       sync.Mutex // guards what the goroutine that reads and the one that watches use: never held for longer than a reading
	root     string
	memTotal int64

	unlooked  time.Duration  // since it was looked where the process is
	groups    *file          // /proc/self/cgroup, or nil
	inGroups  []byte         // its text when the place was found
	groupsBuf [64 << 10]byte // version 1 has at most a dozen lines, each a path of at most 4 KiB

	cgroup       *memoryGroup
	cgroupStatus Status
	missing      string // file that is not there in a group without the memory controller; "" if there is more to it
	seen         counts // by all cgroups so far, from the first reading of each on
	moved        bool   // what could be read cannot any more
	psi          *pressure
	psiOwn       bool
	growth       growth
	psiStatus    Status
	psiPath      atomic.Pointer[string] // for watch
	off          string                 // why stalls are not to be watched; "" if they are

	some, full, external *watcher
}

func newHost(root string, getenv func(string) string) *host {
	text, _ := os.ReadFile(root + meminfoFile)
	h := &host{root: root, memTotal: meminfo(text, "MemTotal:")}
	some, full := h.trigger("some 200000 2000000"), h.trigger("full 100000 2000000")
	requests, why := managerRequests(root, getenv)
	stalls := notWatched
	if getenv(watchVariable) == watchOff {
		some, full, stalls, h.off = nil, nil, why, why
	}
	h.some, h.full, h.external = newWatcher(some, stalls), newWatcher(full, stalls), newWatcher(requests, why)
	h.locate()
	return h
}

// trigger makes the kernel tell of stalls by the given rule.
func (h *host) trigger(rule string) func() (listener, error) {
	return func() (listener, error) { return openTrigger(*h.psiPath.Load(), append([]byte(rule), 0)) }
}

// locate finds out where the process is, and opens what is there.
func (h *host) locate() {
	h.groups.close()
	h.dropCgroup()
	p := place{psi: h.root + systemPSI}
	err := h.openGroups()
	if err == nil {
		p, err = findPlace(h.root, string(h.inGroups))
	}
	if err == nil {
		h.cgroup, err = openMemoryGroup(p, h.root, &h.seen)
	}
	h.missing = ""
	if errors.Is(err, errNoController) {
		h.missing = p.levels[0] + "/" + layouts[p.version].limit
	}
	if err != nil { // or the reading that follows will tell
		h.cgroupStatus.note(err)
	}
	h.psiOwn = p.own
	h.locatePSI(p.psi)
}

func (h *host) openGroups() (err error) {
	if h.groups, err = openFile(h.root + "/proc/self/cgroup"); err != nil {
		return err
	}
	text, err := h.groups.read(h.groupsBuf[:])
	h.inGroups = append(h.inGroups[:0], text...)
	return err
}

// locatePSI keeps the file that is open, and so the window of readings, if it is
// the right one.
func (h *host) locatePSI(path string) {
	h.psiPath.Store(&path)
	if h.off != "" {
		h.psiStatus.Err = h.off
		return
	}
	if h.psi != nil && h.psi.file.Name() == path {
		return
	}
	h.dropPSI()
	f, err := openFile(path)
	if err == nil {
		h.psi = &pressure{file: f, samples: make([]psiSample, 0, psiSamples)}
	}
	h.psiStatus.note(err)
}

func (h *host) dropCgroup() {
	if h.cgroup != nil {
		h.cgroup.close()
		h.cgroup = nil
	}
}

func (h *host) dropPSI() {
	if h.psi != nil {
		h.psi.file.close()
		h.psi = nil
	}
}

func (h *host) read(now time.Time, passed time.Duration, into *Reading) {
	h.mu.Lock()
	defer h.mu.Unlock()
	into.MemTotal = h.memTotal
	if h.unlooked += passed; h.unlooked >= lookAgainAfter || h.moved {
		h.unlooked, h.moved = 0, false
		h.lookAgain()
	}
	h.readCgroup(passed, into)
	h.readPSI(now, passed, &into.PSI)
	h.external.age.Add(int64(passed))
	into.External.Status, into.External.Asked = h.external.take()
}

// lookAgain finds out whether the process was moved to another group, or something
// that failed may work now. What is not there at all is looked for by name.
func (h *host) lookAgain() {
	if h.groups == nil {
		h.locate()
		return
	}
	text, err := h.groups.read(h.groupsBuf[:])
	cgroup := h.cgroup == nil && (h.missing == "" || there(h.missing))
	psi := h.psi == nil && h.off == "" && there(*h.psiPath.Load())
	if err != nil || !bytes.Equal(text, h.inGroups) || cgroup || psi {
		h.locate()
	}
}

func there(path string) bool { return syscall.Access(path, 0) == nil }

func (h *host) readCgroup(passed time.Duration, into *Reading) {
	h.cgroupStatus.Age += passed
	if h.cgroup != nil {
		err := h.cgroup.read(&into.Cgroup)
		if err != nil {
			h.moved = h.cgroup.worked
			h.dropCgroup()
			into.Cgroup = CgroupReading{}
		}
		h.cgroupStatus.note(err)
	}
	into.Cgroup.Status = h.cgroupStatus
	if g := &into.Cgroup; g.HasSet() {
		g.Growth = h.growth.see(time.Now(), g.TightSet-into.Heap.Footprint)
	}
}

func (h *host) readPSI(now time.Time, passed time.Duration, into *PSIReading) {
	h.psiStatus.Age += passed
	if h.psi != nil {
		var err error
		if into.Some, into.Full, err = h.psi.read(now); err != nil {
			h.dropPSI()
		}
		h.psiStatus.note(err)
	}
	into.Status, into.Own = h.psiStatus, h.psiOwn
	var status Status
	status, into.SomeFired = h.some.take()
	into.TriggerErr = status.Err
	_, into.FullFired = h.full.take()
}

// watch returns when ctx has ended and nothing calls wake any more.
func (h *host) watch(ctx context.Context, wake func(control.Trigger)) {
	var all sync.WaitGroup
	all.Go(func() { h.some.watch(ctx, func() { wake(control.TriggerPSI) }) })
	all.Go(func() { h.full.watch(ctx, func() { wake(control.TriggerPSI) }) })
	all.Go(func() { h.external.watch(ctx, func() { wake(control.TriggerExternal) }) })
	all.Go(func() { h.watchUsage(ctx, func() { wake(control.TriggerUsage) }) })
	all.Wait()
}

// note takes in what came of reading the source.
func (s *Status) note(err error) {
	if err != nil {
		s.Err = err.Error()
		return
	}
	*s = Status{}
}

const meminfoFile = "/proc/meminfo"
