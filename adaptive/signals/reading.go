package signals

import (
	"math"
	"time"
)

// NoLimit is the value of a limit that is not set.
const NoLimit int64 = math.MaxInt64

// Reading is how short of memory the process is at one moment: the inputs of the
// policy beside the pools' demand. It is plain data, so that a recording of it
// replays the same decisions.
type Reading struct {
	Heap     HeapReading
	Cgroup   CgroupReading
	PSI      PSIReading
	External ExternalReading
	MemTotal int64         // physical memory of the machine; 0 if unknown
	Spent    time.Duration // that the collection took which the run before asked for; 0 if it asked for none
}

// Status says how far a part of a Reading can be trusted.
type Status struct {
	Age time.Duration // since the source last told something new
	Err string        // why the part is absent; "" when it is there
}

// OK tells whether the part is there.
func (s Status) OK() bool { return s.Err == "" }

// HeapReading is what the runtime knows. Live, Cycles, LimiterCycle and GCCPU
// change at the end of a collection only.
type HeapReading struct {
	Status
	Live         int64   // bytes found reachable by the last collection
	Goal         int64   // heap size at which the next one ends
	Limit        int64   // GOMEMLIMIT, or NoLimit
	Cycles       uint64  // collections so far, forced ones too
	LimiterCycle uint64  // the last one in which the GC's CPU limiter was on; 0 for never
	GCCPU        float64 // collections' share of the CPU time since the collection before, idle marking left out: 0 to 1
	Stacks       int64   // bytes of goroutine and OS stacks
	Metadata     int64   // bytes of the runtime's own records
	Other        int64   // bytes of profiling and the rest
	Footprint    int64   // bytes held from the system: what GOMEMLIMIT bounds
	Free         int64   // of them, those that hold nothing and could be returned
	Released     int64   // bytes returned to the system
}

// Used is what counts against a memory limit and no collection can free.
func (h *HeapReading) Used() int64 { return h.Live + h.Stacks + h.Metadata + h.Other }

// Young is what was allocated since the last collection; the next collection finds
// out how much of it is garbage.
func (h *HeapReading) Young() int64 { return max(h.Footprint-h.Free-h.Used(), 0) }

// CgroupReading is what the control group knows. Limits are the least of the
// group's own and its ancestors'. Events are those of the group and of ancestors
// that have a limit, counted from the first reading on.
type CgroupReading struct {
	Status
	Version    int    // 1 or 2
	Current    int64  // bytes charged to the group
	WorkingSet int64  // of them, those that the kernel cannot take back without stalling anyone: see SetErr
	Max        int64  // above it the kernel kills, or NoLimit
	High       int64  // above it the kernel throttles, or NoLimit
	TightSet   int64  // working set of the group or ancestor that is nearest to its limit: the one that will be short first
	TightMax   int64  // that limit, or NoLimit
	Growth     int64  // bytes a second by which others in that group grow: what its usage gains and our runtime does not
	SetErr     string // why the working sets are not known, and are 0; "" when they are
	HighEvents uint64 // times the group was throttled
	MaxEvents  uint64 // times it hit Max
	OOMEvents  uint64 // times reclaim failed at Max, and kills
}

// Known tells whether there is a group: a reading that was never filled in has none.
func (g *CgroupReading) Known() bool { return g.OK() && g.Version > 0 }

// HasSet tells whether a limit and what counts against it are known.
func (g *CgroupReading) HasSet() bool { return g.Known() && g.TightMax != NoLimit && g.SetErr == "" }

// Foresight is how long it takes from a reading until what was done about it shows.
const Foresight = 300 * time.Millisecond

// Soon is what others will take within Foresight.
func (g *CgroupReading) Soon() int64 { return int64(float64(g.Growth) * Foresight.Seconds()) }

// PSIReading is how long tasks stalled for want of memory.
type PSIReading struct {
	Status
	Own        bool    // it is the control group's own; otherwise the machine's, where others' stalls count too
	Some       float64 // share of the last window in which at least one task stalled: 0 to 1
	Full       float64 // share in which all did
	SomeFired  bool    // the kernel's trigger for Some fired since the reading before
	FullFired  bool    // and that for Full
	TriggerErr string  // why the kernel's trigger is not set, so that stalls are noticed at the next step only; "" when it is
}

// ExternalReading is what the service manager, or the program itself, asked.
type ExternalReading struct {
	Status
	Asked bool // somebody asked, since the reading before, to release memory
}

// Share is used/limit; a limit of 0 counts as 1 byte.
func Share(used, limit int64) float64 { return float64(used) / float64(max(limit, 1)) }

// Near is the share of a control group's limit from which on its working set is
// pressure: the kernel takes back what it can, and then kills.
const Near = 0.90
