package signals

import (
	"errors"
	"fmt"
	"io/fs"
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

var layouts = [...]layout{
	1: {
		limit: "memory.limit_in_bytes", usage: "memory.usage_in_bytes", stat: "memory.stat", kernel: "memory.kmem.usage_in_bytes",
		hits: "memory.failcnt", events: "memory.oom_control",
	},
	2: {
		limit: "memory.max", high: "memory.high", usage: "memory.current", stat: "memory.stat",
		events: "memory.events.local", allEvents: "memory.events",
	},
}

// memoryGroup reads a process's memory control group and those above it.
type memoryGroup struct {
	version int
	levels  []*level // the process's own group first
	seen    *counts  // events are added here
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
	statErr                   error // why there is no stat
	max, high                 int64 // max may be an ancestor's out of sight
	current, set              int64 // at the last reading; set only if setErr is ""
	setErr                    string
	last                      counts
	counted                   bool // last is known
}

// counts are events, as the kernel counts them.
type counts [3]uint64

const (
	throttled = iota
	hitMax
	outOfMemory
)

// eventOf has the keys of events.
var eventOf = map[string]int{"high": throttled, "max": hitMax, "oom": outOfMemory, "oom_kill": outOfMemory}

// openMemoryGroup opens what is to be read at every step. Groups without the memory
// controller, such as the topmost of the second version, are passed over.
func openMemoryGroup(p place, root string, seen *counts) (*memoryGroup, error) {
	c := &memoryGroup{version: p.version, seen: seen, buf: make([]byte, 16<<10)}
	name := layouts[p.version].limit
	for _, dir := range p.levels {
		limit, err := openIfThere(dir, name)
		if err != nil {
			c.close()
			return nil, err
		}
		if limit != nil {
			c.levels = append(c.levels, &level{dir: dir, limitFile: limit})
		}
	}
	if len(c.levels) == 0 {
		return nil, fmt.Errorf("%w: no %s in %s or above", errNoController, name, p.levels[0])
	}
	if c.version == 1 {
		c.machine, _ = openFile(root + meminfoFile)
	}
	return c, nil
}

var errNoController = errors.New("the process's control group does not count memory")

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
	l.stat, l.statErr = openFile(l.dir + "/" + names.stat)
	return errors.Join(errs[:]...)
}

// openIfThere returns nil for a file that this kernel does not have.
func openIfThere(dir, name string) (*file, error) {
	if name == "" {
		return nil, nil //nolint:nilnil // a nil file is one that is not there
	}
	f, err := openFile(dir + "/" + name)
	if errors.Is(err, fs.ErrNotExist) {
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
	for i, l := range c.levels {
		var err error
		if l.max, err = l.limitFile.number(c.buf); err != nil {
			return err
		}
		if i > 0 && l.max == NoLimit {
			continue
		}
		if err := c.readLevel(l, i == 0); err != nil {
			return err
		}
		into.Max, into.High = min(into.Max, l.max), min(into.High, l.high)
		// A group without a limit is as far from it as can be.
		if i == 0 || l.share() > c.tight.share() {
			c.tight = l
		}
	}
	c.worked = true
	into.Current, into.WorkingSet = c.levels[0].current, c.levels[0].set
	into.TightSet, into.TightMax, into.SetErr = c.tight.set, c.tight.bound(), c.tight.setErr
	into.HighEvents, into.MaxEvents, into.OOMEvents = c.seen[throttled], c.seen[hitMax], c.seen[outOfMemory]
	return nil
}

// bound is where the kernel begins to hurt: it kills, or slows down.
func (l *level) bound() int64 { return min(l.max, l.high) }

func (l *level) share() float64 { return Share(l.set, l.bound()) }

// readLevel reads the figures of a level whose limit is read. It opens their files the
// first time, which for an ancestor is when it has a limit.
func (c *memoryGroup) readLevel(l *level, own bool) (err error) {
	if l.usage == nil {
		if err := l.open(&layouts[c.version], own); err != nil {
			return err
		}
	}
	if l.high, err = l.highFile.numberOr(c.buf, NoLimit); err != nil {
		return err
	}
	if l.current, err = l.usage.number(c.buf); err != nil {
		return err
	}
	if err := c.readSet(l); err != nil {
		l.set, l.setErr = 0, err.Error()
	}
	return c.count(l)
}

// readSet finds a level's working set, and its limit if memory.stat tells of a lower
// one that an ancestor out of sight has.
func (c *memoryGroup) readSet(l *level) error {
	if l.stat == nil {
		return l.statErr
	}
	text, err := l.stat.read(c.buf)
	if err != nil {
		return err
	}
	charged, err := parseCharged(text, c.version)
	if err != nil {
		return fmt.Errorf("%s: %w", l.stat.Name(), err)
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
	slabs := meminfo(text, "SReclaimable:")
	all := slabs + meminfo(text, "SUnreclaim:") + meminfo(text, "KernelStack:") + meminfo(text, "PageTables:")
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
		for event := range now {
			c.seen[event] += now[event] - min(l.last[event], now[event])
		}
	}
	l.last, l.counted = now, true
	return nil
}

func (c *memoryGroup) readEvents(l *level) (n counts, err error) {
	hits, err := l.hits.numberOr(c.buf, 0)
	n[hitMax] = uint64(hits)
	if err != nil || l.events == nil {
		return n, err
	}
	text, err := l.events.read(c.buf)
	if err != nil {
		return n, err
	}
	for key, value := range pairs(text) {
		event, ok := eventOf[string(key)]
		if !ok {
			continue
		}
		v, err := parseBytes(value)
		if err != nil {
			return n, fmt.Errorf("%s: %s: %w", l.events.Name(), key, err)
		}
		n[event] += uint64(v)
	}
	return n, nil
}
