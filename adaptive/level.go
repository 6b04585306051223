package adaptive

import (
	"cmp"
	"fmt"
	"math"
	"time"

	"github.com/otelpool/pool/adaptive/signals"
	"github.com/otelpool/pool/control"
)

// Where readings other than the heap's begin and end a level.
var (
	// Near its limit the kernel takes back what it can, and then kills.
	cgroupBands = bands{control.PressureHigh: {signals.Near, 0.85}, control.PressureCritical: {0.95, 0.90}}
	// What others will have taken before anything could be done about it holds no level.
	soonBands = bands{control.PressureHigh: {signals.Near, math.Inf(1)}}
	soonName  = "cgroup in " + signals.Foresight.String()
	// 200 ms in a window of 2 s is where systemd tells services to let go.
	someBands = bands{control.PressureHigh: {0.10, 0.05}}
	fullBands = bands{control.PressureCritical: {0.05, 0.025}}
)

const (
	// cgroupShare of a control group's limit is what the process may count on: the
	// kernel charges more to the group than the runtime knows of.
	cgroupShare = 0.95
	// limiterCycles is how many collections after its last work the collector's
	// CPU limiter is still news.
	limiterCycles = 2
	// mostPatience bounds how much longer than the dwell a level is held that is
	// entered again and again.
	mostPatience = 2 * time.Minute
	// mostChanges of the level there are in any time of changesIn. See mayTo.
	mostChanges = 4
	changesIn   = time.Minute
	// longestGC is how often the runtime collects if nothing else makes it.
	longestGC = 2 * time.Minute
)

// bands has a Band per level; a zero one is never entered.
type bands [control.NumPressureLevels]Band

// assessment is what the readings ask for: the level that one of them begins,
// and the level that one of them does not let end.
type assessment struct {
	enter, hold control.PressureLevel
	cause       control.Cause
	name        string
	value, over float64 // over is 0 for an event
	back        bool    // what comes back is taken to be as grave as it was lately
}

func (a *assessment) measure(cause control.Cause, name string, value float64, in *bands) {
	for l := control.PressureElevated; l <= control.PressureCritical; l++ {
		b := in[l]
		if b.Enter <= 0 {
			continue
		}
		if value >= b.Enter && l > a.enter {
			a.enter, a.cause, a.name, a.value, a.over = l, cause, name, value, b.Enter
		}
		if value >= b.Exit {
			a.hold = max(a.hold, l)
		}
	}
}

func (a *assessment) event(cause control.Cause, name string, level control.PressureLevel) {
	a.hold = max(a.hold, level)
	if level > a.enter {
		a.enter, a.cause, a.name, a.value, a.over = level, cause, name, 0, 0
	}
}

// String says which reading asks for the level.
func (a *assessment) String() string {
	text := a.name
	if a.over > 0 {
		text = fmt.Sprintf("%s %.2f ≥ %.2f", a.name, a.value, a.over)
	}
	if a.back {
		text += ", and it was " + a.enter.String() + " lately"
	}
	return text
}

// ladder is the level of memory pressure, and how it was come by.
type ladder struct {
	level control.PressureLevel
	cause control.Cause

	calm     time.Duration // since when nothing holds the level; 0 while something does
	trimmed  time.Duration // last trim for pressure's sake, and what the heap was then
	heap     HeapReading
	everTrim bool
	events   CgroupReading         // the last one that could be read
	counted  bool                  // events is one
	left     time.Duration         // when a level was left last
	gravest  control.PressureLevel // lately
	patience time.Duration         // how long nothing must have held a level for it to be left
	changes  int                   // in all, and when the latest were
	changed  [mostChanges]time.Duration
}

// heapShare is what the process uses for certain of its memory limit: the runtime
// can free everything else. false if one of them is not known.
func heapShare(r *Reading, limit int64) (float64, bool) {
	if !r.Heap.OK() || limit == NoLimit {
		return 0, false
	}
	return signals.Share(r.Heap.Used(), limit), true
}

// groupShare is the working set against the limit of the control group that is
// nearest to it, ours or one above. Where the runtime has a limit that leaves room
// for what others have there, garbage does not count: it is let grow up to that
// limit by design.
func groupShare(r *Reading) (float64, bool) {
	g := &r.Cgroup
	if !g.HasSet() {
		return 0, false
	}
	set := g.TightSet
	if r.Heap.OK() && r.Heap.Limit <= g.TightMax-max(set-r.Heap.Footprint, 0) {
		set -= max(r.Heap.Footprint-r.Heap.Used(), 0)
	}
	return signals.Share(set, g.TightMax), true
}

// fileFilled reports whether a group that hit a limit was full of file pages. The kernel
// takes those back in passing, so hitting the limit is how a program that reads
// much lives, and no sign of pressure.
func fileFilled(set, limit int64) bool {
	return limit != NoLimit && float64(set) < cgroupBands[control.PressureHigh].Exit*float64(limit)
}

// assess is what a reading asks for.
func (p *ladder) assess(r *Reading, limit int64, levels *Levels) (a assessment) {
	if share, ok := heapShare(r, limit); ok {
		a.measure(control.CauseHeap, "heap", share, &bands{
			control.PressureElevated: levels.Elevated, control.PressureHigh: levels.High, control.PressureCritical: levels.Critical,
		})
	}
	if now, ok := groupShare(r); ok {
		soon := now + signals.Share(r.Cgroup.Soon(), r.Cgroup.TightMax)
		a.measure(control.CauseCgroup, "cgroup", now, &cgroupBands)
		a.measure(control.CauseCgroup, soonName, soon, &soonBands)
	}
	p.assessEvents(r, &a)
	p.assessStalls(&r.PSI, &a)
	return a
}

// assessStalls takes the group's own stalls at their word. Those of the machine may
// be anybody's: they only confirm a level that our own readings do not let end.
func (p *ladder) assessStalls(r *PSIReading, a *assessment) {
	var stalls assessment
	if r.OK() {
		stalls.measure(control.CausePSI, "psi some", r.Some, &someBands)
		stalls.measure(control.CausePSI, "psi full", r.Full, &fullBands)
	}
	if r.SomeFired {
		stalls.event(control.CausePSI, "psi some trigger", control.PressureHigh)
	}
	if r.FullFired {
		stalls.event(control.CausePSI, "psi full trigger", control.PressureCritical)
	}
	if !r.Own {
		stalls.enter, stalls.hold = min(stalls.enter, a.hold), min(stalls.hold, a.hold)
	}
	hold := max(a.hold, stalls.hold)
	if stalls.enter > a.enter {
		*a = stalls
	}
	a.hold = hold
}

func (p *ladder) assessEvents(r *Reading, a *assessment) {
	if r.External.Asked {
		a.event(control.CauseExternal, "asked to release memory", control.PressureHigh)
	}
	if h := &r.Heap; h.OK() && h.LimiterCycle > 0 && h.Cycles-h.LimiterCycle <= limiterCycles {
		a.event(control.CauseLimiter, "GC CPU limiter on", control.PressureCritical)
	}
	if !r.Cgroup.OK() {
		return
	}
	now, last := &r.Cgroup, &p.events
	if p.counted && now.HighEvents > last.HighEvents && !fileFilled(now.WorkingSet, now.High) {
		a.event(control.CauseEvents, "memory.events high", control.PressureHigh)
	}
	hit := now.MaxEvents > last.MaxEvents && !fileFilled(now.TightSet, now.TightMax)
	if p.counted && (hit || now.OOMEvents > last.OOMEvents) {
		a.event(control.CauseEvents, "memory.events max or oom", control.PressureCritical)
	}
	p.events, p.counted = *now, true
}

// follow changes the level: up at once and as far as it takes; down, to where a
// reading holds it, when nothing has held it for a while and a collection has shown
// what the last trim came to. It reports whether the level changed.
func (p *ladder) follow(a *assessment, r *Reading, now, dwell time.Duration) bool {
	if a.enter > p.level && (a.enter >= control.PressureHigh || p.mayTo(a.enter, now)) {
		p.rise(a, now, dwell)
		return true
	}
	if p.level == control.PressureNone || a.hold >= p.level {
		p.calm = 0
		return false
	}
	p.calm = cmp.Or(p.calm, now)
	if now-p.calm < max(p.patience, dwell) || !p.told(r, now) || !p.mayTo(a.hold, now) {
		return false
	}
	p.left = now
	p.to(a.hold, control.CauseCalm, now)
	return true
}

// rise enters the level that is asked for, or the gravest of late.
func (p *ladder) rise(a *assessment, now, dwell time.Duration) {
	p.again(now, dwell)
	if a.enter >= control.PressureHigh && a.enter < p.gravest {
		a.enter, a.back = p.gravest, true
	}
	p.gravest = max(p.gravest, a.enter)
	p.to(a.enter, a.cause, now)
}

// mayTo reports whether the level may change to one that can wait: any but high and
// critical from below, which are entered at once. It leaves room for those, so that
// mostChanges are not exceeded whatever the readings do: the changes of the last
// changesIn and the urgent ones that are possible are at most so many together at the
// start, after each change that mayTo allows, and after each urgent one, which is one
// change more and leaves one less. Time only takes changes away; that again forgets
// the gravest level adds one, when none was left for longer than changesIn, so that
// there were only changes upwards.
func (p *ladder) mayTo(level control.PressureLevel, now time.Duration) bool {
	n := 1 + p.urgent(level)
	for _, at := range p.changed[:min(p.changes, mostChanges)] {
		if now-at < changesIn {
			n++
		}
	}
	return n <= mostChanges
}

// urgent is how many changes may follow on a level, each of them at once.
func (p *ladder) urgent(on control.PressureLevel) int {
	switch {
	case on == control.PressureCritical:
		return 0
	case on == control.PressureHigh || p.gravest == control.PressureCritical:
		return 1
	}
	return 2
}

// again lengthens the patience with which a level is left, if one was left lately:
// to twice the time that it stayed away, so that what comes and goes by turns is
// waited out from its second turn on.
func (p *ladder) again(now, dwell time.Duration) {
	away := now - p.left
	if p.left == 0 || away > mostPatience {
		p.patience, p.gravest = dwell, control.PressureNone
		return
	}
	p.patience = min(max(2*away, 2*p.patience), mostPatience)
}

func (p *ladder) to(level control.PressureLevel, cause control.Cause, now time.Duration) {
	p.level, p.cause, p.calm = level, cause, 0
	p.changed[p.changes%mostChanges] = now
	p.changes++
}

// told reports whether the heap's readings know of the last trim: they change with
// a collection only.
func (p *ladder) told(r *Reading, now time.Duration) bool {
	return !p.everTrim || !r.Heap.OK() || r.Heap.Cycles != p.heap.Cycles || r.Heap.Live != p.heap.Live || now-p.trimmed > longestGC
}

func (p *ladder) trim(r *Reading, now time.Duration) {
	p.trimmed, p.heap, p.everTrim = now, r.Heap, true
}
