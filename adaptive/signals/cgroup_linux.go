package signals

import (
	"errors"
	"fmt"
	"time"
)

// layout names the files of one version of control groups. "" is a file that
// the version does not have.
type layout struct {
	limit, high, usage, stat string
	kernel                   string // file: bytes of the kernel's own, where memory.stat does not tell
	hits                     string // file whose number is how often the limit was hit
	events                   string // file of "key number" lines: what befell the group itself
	allEvents                string // the same with what befell those below it, on kernels without events
}

func layoutOf(version int) layout {
	if version == 1 {
		return layout{
			limit: "memory.limit_in_bytes", usage: "memory.usage_in_bytes", stat: "memory.stat", kernel: "memory.kmem.usage_in_bytes",
			hits: "memory.failcnt", events: "memory.oom_control",
		}
	}
	return layout{
		limit: "memory.max", high: "memory.high", usage: "memory.current", stat: "memory.stat",
		events: "memory.events.local", allEvents: "memory.events",
	}
}

// memoryGroup reads a process's memory control group and those above it.
type memoryGroup struct {
	version int
	layout  layout
	levels  []*level // the process's own group first
	seen    counts   // events since the first reading, those of an earlier place included
	worked  bool     // it could be read at least once
	machine *file    // the machine's memory, nil if every group tells all of its own
	tight   *level   // nearest to its limit at the last reading; nil for none
	buf     []byte
}

// level is one group. Its usage is read if it is the process's own or has a
// limit: the others constrain nothing.
type level struct {
	dir                       string
	limitFile, highFile       *file
	usage, stat, hits, events *file
	kernel                    *file
	statErr                   string // why there is no stat
	max, high                 int64  // max may be an ancestor's out of sight
	current, set              int64  // at the last reading; set only if setErr is ""
	setErr                    string
	last                      counts
	counted                   bool // last is known
}

// counts are events, as the kernel counts them.
type counts struct{ high, max, oom uint64 }

// openMemoryGroup opens what is to be read at every step. Groups without the memory
// controller, such as the topmost of the second version, are passed over.
func openMemoryGroup(p place, root string, seen counts) (*memoryGroup, error) {
	c := &memoryGroup{version: p.version, layout: layoutOf(p.version), seen: seen, buf: make([]byte, 16<<10)}
	for _, dir := range p.levels {
		limit, err := openFile(dir + "/" + c.layout.limit)
		if absent(err) {
			continue
		}
		if err != nil {
			c.close()
			return nil, err
		}
		c.levels = append(c.levels, &level{dir: dir, limitFile: limit})
	}
	if len(c.levels) == 0 {
		return nil, fmt.Errorf("%w: no %s in %s or above", errNoController, c.layout.limit, p.levels[0])
	}
	if err := c.readLimits(); err != nil {
		c.close()
		return nil, err
	}
	if c.version == 1 {
		c.machine, _ = openFile(root + meminfoFile)
	}
	return c, nil
}

var errNoController = errors.New("the process's control group does not count memory")

// readLimits reads the limits of all levels, and opens the files of those that
// have one now.
func (c *memoryGroup) readLimits() error {
	for i, l := range c.levels {
		var err error
		if l.max, err = l.limitFile.number(c.buf); err != nil {
			return err
		}
		if i > 0 && l.max == NoLimit {
			continue
		}
		if l.usage == nil {
			if err := l.open(&c.layout, i == 0); err != nil {
				return err
			}
		}
		l.high = NoLimit
		if l.highFile != nil {
			if l.high, err = l.highFile.number(c.buf); err != nil {
				return err
			}
		}
	}
	return nil
}

// open opens the files of a level. An ancestor's allEvents are not its own:
// those of our siblings, which have limits of their own, are among them. Without
// memory.stat there are still a limit and a usage.
func (l *level) open(names *layout, own bool) error {
	var errs [5]error
	l.usage, errs[0] = openFile(l.dir + "/" + names.usage)
	l.highFile, errs[1] = openIfThere(l.dir, names.high)
	l.hits, errs[2] = openIfThere(l.dir, names.hits)
	l.events, errs[3] = openIfThere(l.dir, names.events)
	if l.events == nil && own {
		l.events, errs[3] = openIfThere(l.dir, names.allEvents)
	}
	l.kernel, errs[4] = openIfThere(l.dir, names.kernel)
	var err error
	if l.stat, err = openFile(l.dir + "/" + names.stat); err != nil {
		l.statErr = err.Error()
	}
	return errors.Join(errs[:]...)
}

// openIfThere returns nil for a file that this kernel does not have.
func openIfThere(dir, name string) (*file, error) {
	if name == "" {
		return nil, nil //nolint:nilnil // a nil file is one that is not there
	}
	f, err := openFile(dir + "/" + name)
	if absent(err) {
		return nil, nil //nolint:nilnil // as above
	}
	return f, err
}

func (c *memoryGroup) close() {
	c.machine.close()
	for _, l := range c.levels {
		for _, f := range []*file{l.limitFile, l.highFile, l.usage, l.stat, l.hits, l.events, l.kernel} {
			f.close()
		}
	}
}

// read overwrites all of *into but its Status.
func (c *memoryGroup) read(into *CgroupReading) error {
	*into = CgroupReading{Status: into.Status, Version: c.version, Max: NoLimit, High: NoLimit, TightMax: NoLimit}
	if err := c.readLimits(); err != nil {
		return err
	}
	c.tight = nil
	for i, l := range c.levels {
		if i > 0 && l.max == NoLimit {
			continue
		}
		if err := c.readLevel(l); err != nil {
			return err
		}
		if i == 0 {
			into.Current, into.WorkingSet, into.SetErr = l.current, l.set, l.setErr
		}
		into.Max, into.High = min(into.Max, l.max), min(into.High, l.high)
		// A group without a limit is as far from it as can be.
		if i == 0 || l.nearer(c.tight) {
			c.tight = l
		}
	}
	c.worked = true
	into.TightSet, into.TightMax, into.SetErr = c.tight.set, c.tight.bound(), c.tight.setErr
	into.HighEvents, into.MaxEvents, into.OOMEvents = c.seen.high, c.seen.max, c.seen.oom
	return nil
}

// bound is where the kernel begins to hurt: it kills, or slows down.
func (l *level) bound() int64 { return min(l.max, l.high) }

func (l *level) nearer(than *level) bool {
	return Share(l.set, l.bound()) > Share(than.set, than.bound())
}

func (c *memoryGroup) readLevel(l *level) (err error) {
	if l.current, err = l.usage.number(c.buf); err != nil {
		return err
	}
	if err := c.readSet(l); err != nil {
		l.set, l.setErr = 0, l.statErr
		if l.setErr == "" {
			l.setErr = err.Error()
		}
	}
	return c.count(l)
}

var errNoStat = errors.New("not there")

// readSet finds a level's working set, and its limit if memory.stat tells of a lower
// one that an ancestor out of sight has.
func (c *memoryGroup) readSet(l *level) error {
	if l.stat == nil {
		return errNoStat
	}
	text, err := l.stat.read(c.buf)
	if err != nil {
		return err
	}
	charged, err := parseCharged(text, c.version)
	if err != nil {
		return fmt.Errorf("%s: %w", l.stat.path, err)
	}
	if l.kernel != nil {
		if charged.kernel, err = l.kernel.number(c.buf); err != nil {
			return err
		}
		if charged.kernel > min(l.current, l.max)/unaccounted { // or it makes no difference
			charged.slab = c.reclaimable(charged.kernel)
		}
	}
	l.max = min(l.max, charged.inherited)
	l.set, l.setErr = charged.set(l.current, l.max), ""
	return nil
}

// reclaimable estimates how much of a group's kernel memory can be taken back, which
// the first version does not tell: the same part as of the machine's.
func (c *memoryGroup) reclaimable(kernel int64) int64 {
	if c.machine == nil {
		return 0
	}
	text, err := c.machine.read(c.buf)
	if err != nil {
		return 0
	}
	slabs := meminfo(text, "SReclaimable")
	all := slabs + meminfo(text, "SUnreclaim") + meminfo(text, "KernelStack") + meminfo(text, "PageTables")
	return int64(Share(slabs, max(all, 1)) * float64(kernel))
}

// count adds what happened at a level since it was counted last. Its history
// from before the first time is not ours.
func (c *memoryGroup) count(l *level) error {
	now, err := c.readEvents(l)
	if err != nil {
		return err
	}
	if l.counted {
		c.seen.high += now.high - min(l.last.high, now.high)
		c.seen.max += now.max - min(l.last.max, now.max)
		c.seen.oom += now.oom - min(l.last.oom, now.oom)
	}
	l.last, l.counted = now, true
	return nil
}

func (c *memoryGroup) readEvents(l *level) (n counts, err error) {
	if l.hits != nil {
		hits, err := l.hits.number(c.buf)
		if err != nil {
			return n, err
		}
		n.max = uint64(hits)
	}
	if l.events == nil {
		return n, nil
	}
	text, err := l.events.read(c.buf)
	if err != nil {
		return n, err
	}
	event := func(key string) uint64 {
		v, _, fault := field(text, key)
		if fault != nil && err == nil {
			err = fmt.Errorf("%s: %s: %w", l.events.path, key, fault)
		}
		return uint64(v)
	}
	n.high = event("high")
	n.max += event("max")
	n.oom = event("oom") + event("oom_kill")
	return n, err
}

// health is how a source fares.
type health struct {
	age time.Duration
	err string
}

func (h *health) pass(d time.Duration) { h.age += d }
func (h *health) status() Status       { return Status{Age: h.age, Err: h.err} }

func (h *health) set(err error) {
	if err != nil {
		h.err = err.Error()
		return
	}
	h.age, h.err = 0, ""
}
