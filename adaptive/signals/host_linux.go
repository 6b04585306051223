package signals

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
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

	looked    time.Time
	groups    *file  // /proc/self/cgroup, or nil
	inGroups  []byte // its text when the place was found
	groupsBuf [4 << 10]byte

	cgroup       *memoryGroup
	cgroupHealth health
	missing      string // file that is not there in a group without the memory controller; "" if there is more to it
	seen         counts // by the cgroup before this one
	moved        bool   // what could be read cannot any more
	psi          *pressure
	psiOwn       bool
	growth       growth
	psiHealth    health
	psiPath      atomic.Pointer[string] // for watch
	off          string                 // why stalls are not to be watched; "" if they are

	some, full, external *watcher
}

func newHost(root string, getenv func(string) string) *host {
	h := &host{root: root, memTotal: readMemTotal(root)}
	h.some = &watcher{open: h.trigger("some 200000 2000000"), why: notWatched}
	h.full = &watcher{open: h.trigger("full 100000 2000000"), why: notWatched}
	h.external = &watcher{}
	h.external.open, h.external.why = managerRequests(root, getenv)
	if getenv(watchVariable) == watchOff {
		h.off = h.external.why
		h.some.open, h.full.open = nil, nil
		h.some.why, h.full.why = h.off, h.off
	}
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
	var err error
	if h.groups, err = openFile(h.root + "/proc/self/cgroup"); err == nil {
		text, _ := h.groups.read(h.groupsBuf[:])
		h.inGroups = append(h.inGroups[:0], text...)
	}
	p, err := findPlace(h.root)
	if err == nil {
		h.cgroup, err = openMemoryGroup(p, h.root, h.seen)
	}
	h.missing = ""
	if errors.Is(err, errNoController) && len(p.levels) > 0 {
		h.missing = p.levels[0] + "/" + layoutOf(p.version).limit
	}
	h.cgroupHealth.set(err)
	h.psiOwn = p.own
	h.locatePSI(p.psi)
}

// locatePSI keeps the file that is open, and so the window of readings, if it is
// the right one.
func (h *host) locatePSI(path string) {
	h.psiPath.Store(&path)
	if h.off != "" {
		h.psiHealth.err = h.off
		return
	}
	if h.psi != nil && h.psi.file.path == path {
		return
	}
	h.dropPSI()
	var err error
	h.psi, err = openPressure(path)
	h.psiHealth.set(err)
}

func (h *host) dropCgroup() {
	if h.cgroup != nil {
		h.seen = h.cgroup.seen
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
	if h.looked.IsZero() {
		h.looked = now
	}
	if since := now.Sub(h.looked); since >= lookAgainAfter || since < 0 || h.moved {
		h.looked, h.moved = now, false
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
	failed := h.cgroup == nil && h.missing == "" || h.psi == nil && h.off == "" && h.psiThere()
	if err != nil || !bytes.Equal(text, h.inGroups) || failed || h.missing != "" && there(h.missing) {
		h.locate()
	}
}

// psiThere tells whether the pressure file, which could not be read, is there.
func (h *host) psiThere() bool { return there(*h.psiPath.Load()) }

func there(path string) bool { return syscall.Access(path, 0) == nil }

func (h *host) readCgroup(passed time.Duration, into *Reading) {
	h.cgroupHealth.pass(passed)
	if h.cgroup != nil {
		err := h.cgroup.read(&into.Cgroup)
		if err != nil {
			h.moved = h.cgroup.worked
			h.dropCgroup()
			into.Cgroup = CgroupReading{}
		}
		h.cgroupHealth.set(err)
	}
	into.Cgroup.Status = h.cgroupHealth.status()
	if g := &into.Cgroup; g.HasSet() {
		g.Growth = h.growth.see(time.Now(), g.TightSet-into.Heap.Footprint)
	}
}

func (h *host) readPSI(now time.Time, passed time.Duration, into *PSIReading) {
	h.psiHealth.pass(passed)
	if h.psi != nil {
		var err error
		if into.Some, into.Full, err = h.psi.read(now); err != nil {
			h.dropPSI()
		}
		h.psiHealth.set(err)
	}
	into.Status, into.Own = h.psiHealth.status(), h.psiOwn
	var status Status
	status, into.SomeFired = h.some.take()
	into.TriggerErr = status.Err
	_, into.FullFired = h.full.take()
}

// watch returns when ctx has ended and nothing calls wake any more.
func (h *host) watch(ctx context.Context, wake func(Event)) {
	var all sync.WaitGroup
	for _, w := range []struct {
		*watcher
		event Event
	}{{h.some, Stalled}, {h.full, Stalled}, {h.external, Asked}} {
		all.Go(func() { w.watch(ctx, func() { wake(w.event) }) })
	}
	all.Go(func() { h.watchUsage(ctx, func() { wake(Filling) }) })
	<-ctx.Done()
	all.Wait()
}

const meminfoFile = "/proc/meminfo"

func readMemTotal(root string) int64 {
	text, _ := readFile(root + meminfoFile)
	return meminfo(text, "MemTotal")
}
